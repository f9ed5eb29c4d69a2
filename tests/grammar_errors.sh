#!/bin/sh
# grammar_errors.sh - a bad line fails with its file, its line and the reason, under every awk there
# is; good lines give the same bytes under all of them.
# SPDX-License-Identifier: MIT
#
#     tests/grammar_errors.sh [scratch folder]
set -u
dir=${1:-build/grammar_errors}
mkdir -p "$dir"
failed=0
awks=
for a in awk gawk mawk original-awk "busybox awk"; do
    command -v ${a%% *} >/dev/null && awks="$awks $(echo "$a" | tr ' ' +)"
done

# refuse PROGRAM FILE REASON [BASE]: reads the file's bytes from stdin; its last line is at fault.
refuse() {
    cat > "$dir/$2"
    want="$dir/$2:$(wc -l < "$dir/$2" | tr -d ' '): $3"
    for a in $awks; do
        got=$($(echo $a | tr + ' ') -v emit=header.keys -v prefix=t -f grammar/$1.awk \
            ${4:-} "$dir/$2" 2>&1 >/dev/null)
        status=$?
        case $status:$got in
        1:"$want"*) ;;
        *) echo "$a: wanted '$want', got '$got' ($status)"; failed=1 ;;
        esac
    done
}

word() { printf '%s\n' "$2" | refuse words bad.grammar "$1"; }
pair() { printf '%s\n%s\n' "$2" "$3" | refuse words bad.grammar "$1"; }
route() { printf '%s\n' "$2" | refuse routes bad.routes "$1" grammar/http.grammar; }
both() { printf '%s\n%s\n' "$2" "$3" | refuse routes bad.routes "$1" grammar/http.grammar; }

first="first at $dir/bad.grammar:1"
pair "duplicate method name 'GET', $first"       'method GET # a'        'method GET # b'
pair "duplicate method identifier 'A_B', $first" 'method A-B # a'        'method A_B # b'
pair "duplicate status code '200', $first"       'status 200 "OK" # a'   'status 200 "Fine" # b'
pair "duplicate status identifier 'OK', $first"  'status 200 "OK" # a'   'status 201 "OK" # b'
pair "duplicate header name 'etag', $first"      'header ETag # a'       'header etag # b'
pair "duplicate header identifier 'X_A', $first" 'header X-A # a'        'header X_A # b'
pair "duplicate header identifier 'X_A', $first" 'header X.A # a'        'header X-A # b'
pair "duplicate error name 'BAD', $first"        'error BAD 400 x # a'   'error BAD 400 y # b'
pair "duplicate media suffix '.a', $first"       'media .a b/c # a'      'media .a d/e # b'
word "duplicate header flag 'hop'"               'header A hop hop # a'
word "bad method name 'get'"                     'method get # a'
word "bad method name 'G(T'"                     'method G(T # a'
word "bad header name 'X:Y'"                     'header X:Y # a'
word "bad header name '-x'"                      'header -x # a'
word "bad error name 'bad'"                      'error bad 400 x # a'
word "bad error status '200'"                    'error BAD 200 x # a'
word "bad error text"                            'error BAD 400 a "quote" # a'
word "bad status code '99'"                      'status 99 "Low" # a'
word "bad status code '600'"                     'status 600 "High" # a'
word "bad status code '2x0'"                     'status 2x0 "Odd" # a'
word "expected a reason phrase in quotes"        'status 200 OK # a'
word "expected a reason phrase in quotes"        'status 200 OK "OK" # a'
word "expected a reason phrase in quotes"        'status 200 "OK # a'
word "bad reason phrase ''"                      'status 200 "" # a'
word "bad reason phrase 'a\\nb'"                 'status 200 "a\nb" # a'
word "bad suffix 'html'"                         'media html text/html # a'
word "bad suffix '.HTML'"                        'media .HTML text/html # a'
word "bad suffix '.tar.gz'"                      'media .tar.gz application/gzip # a'
word "bad media type 'text'"                     'media .a text # a'
word "bad media type 'text/'"                    'media .a text/ # a'
word "bad media type 'text/a b'"                 'media .a text/a b # a'
word "bad media type 'text/a; b'"                'media .a text/a; b # a'
word "unknown method flag 'hop'"                 'method GET hop # a'
word "unknown status flag 'final'"               'status 200 "OK" final # a'
word "unknown header flag 'safe'"                'header A safe # a'
word "a note cannot hold a comment mark"         'header A # x */ y'
word "a note cannot hold a comment mark"         'header A # x /* y'
word "a note is plain text"                      'header A # x "y"'
word "expected: a source"                        'header A'
word "expected: a source"                        'header A #'
word "expected: method NAME"                     'method # a'
word "expected: status CODE"                     'status 200 # a'
word "expected: header Name"                     'header # a'
word "expected: error NAME STATUS"               'error BAD 400 # a'
word "expected: media .suffix"                   'media .a # a'
word "expected method, status, header, error or media, not 'heeder'" 'heeder A # a'
word "method of more than 31 bytes"   "method A$(printf '%031d' 0) # a"
word "header of more than 200 bytes" "header $(printf 'a%0200d' 0) # a"
word "media type of more than 200 bytes" "media .a a/$(printf 'a%0200d' 0) # a"
awk 'BEGIN { for (i = 0; i < 256; i++) print "method M" i " # a" }' |
    refuse words bad.grammar "more than 255 words of kind method"

route "expected: METHOD"                         'GET /'
route "path 'x' must start with /"               'GET x a'
route "bad route name 'A'"                       'GET / A'
route "unknown method 'FETCH'"                   'FETCH / a'
route "bad capture ':'"                          'GET /: a'
route "bad capture '*A'"                         'GET /*A a'
route "'*a' must come last"                      'GET /*a/b a'
route "duplicate capture ':a'"                   'GET /:a/:a a'
route "bad path segment 'a*'"                    'GET /a* a'
route "bad path segment 'a%20b'"                 'GET /a%20b a'
route "bad path segment 'a\"b'"                  'GET /a"b a'
both  "duplicate route 'a', first at $dir/bad.routes:1" 'GET /a a' 'GET /b a'
both  "GET /:y is already 'a'"                   'GET /:x a' 'GET /:y b'

# The line that can never match is found by re2c, which is told whose line it is.
printf 'GET /:any any\nGET /one one\n' > "$dir/dead.routes"
${MAKE:-make} -s routes ROUTES="$dir/dead.routes" PREFIX=dead BUILD="$dir" OUT="$dir/routes" \
    2> "$dir/dead.err" && failed=1
grep -q "^$dir/dead.routes:2:.*unreachable" "$dir/dead.err" || { cat "$dir/dead.err"; failed=1; }
[ ! -e "$dir/routes/dead_routes.c" ] || { echo "a failed run left dead_routes.c"; failed=1; }

for emit in enums names docs method.rules status.rules media.rules header.keys; do
    sum=
    for a in $awks; do
        new=$($(echo $a | tr + ' ') -v emit=$emit -f grammar/words.awk grammar/http.grammar | cksum)
        [ "${sum:=$new}" = "$new" ] || { echo "$a: other bytes for $emit"; failed=1; }
    done
done
for emit in header tables rules dispatch.h dispatch.c; do
    sum=
    for a in $awks; do
        new=$($(echo $a | tr + ' ') -v emit=$emit -v prefix=demo -f grammar/routes.awk \
            grammar/http.grammar tests/demo.routes | cksum)
        [ "${sum:=$new}" = "$new" ] || { echo "$a: other bytes for routes $emit"; failed=1; }
    done
done

[ $failed = 0 ] && echo "bad lines are refused, good ones give the same bytes:$awks"
exit $failed
