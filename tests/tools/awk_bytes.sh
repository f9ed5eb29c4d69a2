#!/bin/sh
# awk_bytes.sh - every awk makes the same bytes of the same lines.
# SPDX-License-Identifier: MIT
#
#     sh tests/tools/awk_bytes.sh RULES HELP
#
# RULES is the folder of gperf's output, HELP the program's help.
set -u
. tests/tools/awks.sh
failed=0

# same NAME ARGUMENT...: all of AWKS write the same for these arguments, and something.
same() {
    what=$1 sum=
    shift
    for a in $AWKS; do
        new=$(run_awk $a "$@" | cksum)
        [ "${new#* }" != 0 ] || { echo "$a: nothing for $what"; failed=1; }
        [ "${sum:=$new}" = "$new" ] || { echo "$a: other bytes for $what"; failed=1; }
    done
}

for emit in enums names docs method.first method.rules status.rules media.rules header.keys; do
    same $emit -v emit=$emit -f grammar/words.awk grammar/http.grammar tests/tools/extra.grammar
done
for emit in hash tables; do
    same "hash of fields, $emit" -v emit=$emit -f grammar/hash.awk "$1/header.gperf.c"
done
for emit in header tables nibbles; do
    same "classes, $emit" -v emit=$emit -f grammar/classes.awk grammar/byte.classes
done
for emit in header tables rules dispatch.h dispatch.c; do
    same "routes, $emit" -v emit=$emit -v prefix=demo -f grammar/routes.awk \
        grammar/http.grammar tests/tools/demo.routes
done
same "the manual" -f runtime/program/manual.awk "$2"
[ $failed = 0 ] && echo "the same bytes:" $AWKS
exit $failed
