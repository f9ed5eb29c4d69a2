#!/bin/sh
# awks.sh - the awks that the scripts in grammar/ are for; other scripts read this file.
# SPDX-License-Identifier: MIT
AWKS="mawk gawk gawk--posix busybox original-awk"

# run_awk NAME ARGUMENT...: one of AWKS.
run_awk() {
    case $1 in
    gawk--posix) shift && gawk --posix "$@" ;;
    busybox) shift && busybox awk "$@" ;;
    *) "$@" ;;
    esac
}

# Those of AWKS that this machine has, or else its awk.
awks_here() {
    for a in $AWKS; do
        command -v ${a%--posix} >/dev/null && echo $a && found=1
    done
    [ "${found:-}" ] || echo awk
}
