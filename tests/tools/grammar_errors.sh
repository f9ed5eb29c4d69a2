#!/bin/sh
# grammar_errors.sh - a bad line fails with its file, its line and the reason, under every awk there
# is; names that look bad and are not give code that compiles.
# SPDX-License-Identifier: MIT
#
#     tests/tools/grammar_errors.sh [scratch folder]
set -u
dir=${1:-build/grammar_errors}
mkdir -p "$dir"
rm -f "$dir/failed"
. tests/tools/awks.sh
awks=$(awks_here)

fail() { echo "$1" && : > "$dir/failed"; } # also in a pipeline, which is a process of its own

# refuse PROGRAM FILE REASON [BASE]: reads the file's bytes from stdin; its last line is at fault.
refuse() {
    cat > "$dir/$2"
    want="$dir/$2:$(wc -l < "$dir/$2" | tr -d ' '): $3"
    for a in $awks; do
        got=$(run_awk $a -v emit=header.keys -v prefix=t -f grammar/$1.awk \
            ${4:-} "$dir/$2" 2>&1 >/dev/null)
        status=$?
        case $status:$got in
        1:"$want"*) ;;
        *) fail "$a: wanted '$want', got '$got' ($status)" ;;
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
word "contradictory header flags 'single' and 'list'" 'header A single list # a'
word "contradictory header flags 'single' and 'list'" 'header A list hop no-trailer single # a'
word "contradictory method flags 'content' and 'content-forbidden'" \
    'method A content-forbidden content # a'
word "contradictory method flags 'preface' and 'content'"   'method A preface content # a'
word "contradictory method flags 'preface' and 'cacheable'" 'method A cacheable preface # a'
word "contradictory status flags 'interim' and 'cacheable'" \
    'status 199 "A" interim no-content cacheable # a'
word "method flag 'safe' needs flag 'idempotent'"        'method A safe # a'
word "header flag 'hop' needs flag 'no-trailer'"         'header A hop # a'
word "header flag 'framing' needs flag 'no-trailer'"     'header A framing single # a'
word "flag 'interim' is for 1xx alone, not for 298"      'status 298 "A" interim # a'
word "flag 'interim' is for 1xx alone, not for 500"      'status 500 "A" no-content interim # a'
word "flag 'no-content' is for 1xx, 204 and 304 alone, not for 298" 'status 298 "A" no-content # a'
word "flag 'no-content' is for 1xx, 204 and 304 alone, not for 205" 'status 205 "A" no-content # a'
word "status 199 needs flag 'interim'"                   'status 199 "A" # a'
word "status 199 needs flag 'interim'"                   'status 199 "A" no-content # a'
word "status 199 needs flag 'no-content'"                'status 199 "A" interim # a'
word "status 204 needs flag 'no-content'"                'status 204 "A" cacheable # a'
word "status 304 needs flag 'no-content'"                'status 304 "A" # a'
word "duplicate method flag 'safe'"              'method A safe idempotent safe # a'
word "duplicate status flag 'interim'"           'status 100 "A" interim no-content interim # a'
word "error 'BAD' has status 499, which is no status of the grammar" 'error BAD 499 x # a'
pair "error 'BAD' has status 499, which is no status of the grammar" \
    'status 400 "A" # a' 'error BAD 499 x # a'
word "two question marks may begin a trigraph"   'error BAD 400 what??/ # a'
word "two question marks may begin a trigraph"   'header A # what??/'
word "unknown method flag 'hop'"                 'method GET hop # a'
word "unknown status flag 'final'"               'status 200 "OK" final # a'
word "unknown header flag 'safe'"                'header A safe # a'
word "a note cannot contain a comment mark"         'header A # x */ y'
word "a note cannot contain a comment mark"         'header A # x /* y'
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
route "bad route name 'a-b'"                     'GET / a-b'
route "route name 'none' is reserved: T_ROUTE_NONE is generated"   'GET / none'
route "route name 'count' is reserved: T_ROUTE_COUNT is generated" 'GET / count'
route "route name 'route' is reserved: t_route() is generated"     'GET / route'
route "route name 'dispatch' is reserved: t_dispatch() is generated" 'GET / dispatch'
route "unknown method 'method'"                  'method /x a'
route "unknown method 'header'"                  'header /x a'
got=$(printf 'GET / x\n' | awk -v emit=header -v prefix=size -f grammar/routes.awk \
    grammar/http.grammar - 2>&1 >/dev/null) || fail "$got"
printf 'GET / t\n' > "$dir/bad.routes"
got=$(awk -v emit=header -v prefix=size -f grammar/routes.awk grammar/http.grammar \
    "$dir/bad.routes" 2>&1)
[ "$got" = "$dir/bad.routes:1: route name 't' is reserved: size_t is a word of C or C++" ] ||
    fail "$got"
for prefix in sw sw_server; do
    got=$(printf 'GET / x\n' | awk -v emit=header -v prefix=$prefix -f grammar/routes.awk \
        grammar/http.grammar - 2>&1) && fail "prefix $prefix is taken"
    [ "$got" = "routes.awk: -v prefix=$prefix: sw and sw_ are the library's" ] || fail "$got"
done
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

# re2c finds the line that can never match, and reports it by file and line.
printf 'GET /:any any\nGET /one one\n' > "$dir/dead.routes"
${MAKE:-make} -s routes ROUTES="$dir/dead.routes" PREFIX=dead BUILD="$dir" OUT="$dir/routes" \
    2> "$dir/dead.err" && fail "a line that can never match is taken"
grep -q "^$dir/dead.routes:2:.*unreachable" "$dir/dead.err" || fail "$(cat "$dir/dead.err")"
[ ! -e "$dir/routes/dead_routes.c" ] || fail "a failed run left dead_routes.c"

# Every identifier of the library in the spaces of the words is refused as a word.
for emit in enums method.first; do
    awk -v emit=$emit -f grammar/words.awk grammar/http.grammar
done > "$dir/generated"
sed -n 's,^ *\(SW_[A-Z0-9_]*\) = [1-9][0-9]*\, /\*.*,\1,p' "$dir/generated" > "$dir/words"
grep -ohE '\bSW_(METHOD|STATUS|HEADER|ERROR)_[A-Z0-9_]+' runtime/*.[ch] "$dir/generated" |
    sort -u | grep -vxFf "$dir/words" > "$dir/reserved"
while IFS=_ read -r _ kind id; do
    dashed=$(echo "$id" | tr _ -)
    case $kind in
    METHOD) word "method '$dashed' has the reserved identifier" "method $dashed # a" ;;
    HEADER) word "header '$dashed' has the reserved identifier" "header $dashed # a" ;;
    ERROR) word "error '$id' has the reserved identifier" "error $id 400 x # a" ;;
    STATUS) word "status '$(echo "$id" | tr _ ' ')' has the reserved identifier" \
        "status 298 \"$(echo "$id" | tr _ ' ')\" # a" ;;
    esac
done < "$dir/reserved"
for name in SW_METHOD_OTHER SW_HEADER_F_HOP SW_STATUS_ID_COUNT SW_ERROR_COUNT; do
    grep -qx $name "$dir/reserved" || fail "$name was not found to be reserved"
done

# Other names work, and so do grammars and routes in files of any name: C's words as routes, and the
# words of a grammar as paths.
grammar=$dir/words.of.mine
printf '%s # ours\n' 'method FLY' 'header Own' 'status 298 "Own"' 'error OWN 400 own' \
    'media .own a/own' > "$grammar"
{
    echo 'GET,FLY /method/:int/*header int'
    for name in none_ counts routes dispatched char for main default exchange captures allow \
        handlers sw x header method other error status t size_t; do
        echo "FLY /media/$name $name"
    done
} > "$dir/routes.of.mine"
${MAKE:-make} -s routes GRAMMAR="grammar/http.grammar $grammar" ROUTES="$dir/routes.of.mine" \
    PREFIX=odd BUILD="$dir" OUT="$dir/odd" || fail "odd names of routes are refused"
${MAKE:-make} -s fresh GRAMMAR="grammar/http.grammar $grammar" BUILD="$dir/fresh" > /dev/null ||
    fail "a grammar of another suffix is refused"
for file in "$dir"/odd/odd_*.c; do
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror -Iruntime -I"$dir/fresh/fresh" -c -o "$dir/odd.o" \
        "$file" || fail "$file does not compile"
done
[ ! -e "$dir/failed" ] && echo "bad lines are refused, reserved names too:" $awks
