#!/bin/sh
# program.sh - what the program prints and how it exits.  The last line sums up passed and failed.
#
#     sh tests/system/program.sh build/shockwave
program=$1
passed=0 failed=0

# check CONDITION WHAT
check() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "program.sh: $2"
    fi
}

# prints STATUS 'what the output must contain' 'input, by printf' ARGUMENT...
prints() {
    status=$1 want=$2 input=$3
    shift 3
    out=$(printf "$input" | "$program" "$@" 2>&1)
    got=$?
    case $got:$out in "$status":*"$want"*) true ;; *) false ;; esac
    check $? "$*: exit status $got, not $status, or no '$want' in: $out"
}

# ---- parse ---------------------------------------------------------------------------------------

request='POST /a?b HTTP/1.1\r\nHost: x\r\nX-Quote: "\\\351\r\nContent-Length: 3\r\n\r\nabc'
prints 0 '      5        (target)                 /a?b' "$request" parse
prints 0 'X-Quote                  "\\xe9' "$request" parse
prints 0 'content     3 bytes here' "$request" parse
prints 0 '"value":"\"\\\u00e9"' "$request" parse --json
prints 0 '"behind":1,' "${request}X" parse --json
prints 1 'BAD_STATUS_LINE at byte 0' "$request" parse --response
prints 3 'content     2 bytes here, more to come' "${request%c}" parse
prints 3 '8 bytes of a head: more are wanted' 'GET / HT' parse
prints 0 '"status":204,' 'HTTP/1.1 204 No Content\r\n\r\n' parse -r -j
prints 1 '"at":18,' 'GET / HTTP/1.1\r\nHo st: x\r\n\r\n' parse --json
prints 1 '
    Host: \x01\rx\r\n
          ^' 'GET / HTTP/1.1\r\nHost: \001\rx\r\n\r\n' parse
chunked='POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc'
prints 1 'BAD_CHUNK_END at byte 62' "$chunked\n" parse
prints 0 'framing     chunked' "$chunked\r\n0\r\n\r\n" parse
prints 2 'Try: shockwave parse --help' '' parse --nonsense
prints 2 'parse reads standard input, not x' '' parse x
prints 0 'usage: shockwave parse' '' parse --help

# ---- serve ---------------------------------------------------------------------------------------

prints 2 'No such file' '' serve /no/such/directory
prints 2 'one directory is enough' '' serve / /
prints 0 'usage: shockwave serve' '' serve --help

directory=$(mktemp -d)
echo 'a page' > "$directory/index.html"
"$program" serve --listen 0 "$directory" > "$directory/log" &
pid=$!
tries=50
while [ $tries -gt 0 ] && ! grep -q Ctrl-C "$directory/log"; do
    sleep 0.1
    tries=$((tries - 1))
done
url=$(sed -n 's/^ *\(http[^ ]*\) .*/\1/p' "$directory/log")
if command -v python3 >/dev/null; then
    python3 -c "import sys, urllib.request as u; sys.exit(u.urlopen('$url').read() != b'a page\n')"
    check $? "serve DIR does not send its index.html"
fi
kill -TERM $pid
wait $pid
check $? "serve DIR does not stop cleanly"
rm -r "$directory"

# A log that cannot be reopened is reported.
directory=$(mktemp -d)
mkdir "$directory/logs"
"$program" serve --listen 0 --access-log "$directory/logs/log" \
    >"$directory/out" 2>"$directory/stderr" &
pid=$!
tries=50
while [ $tries -gt 0 ] && ! grep -q Ctrl-C "$directory/out"; do
    sleep 0.1
    tries=$((tries - 1))
done
mv "$directory/logs" "$directory/moved"
kill -HUP $pid
while [ $tries -gt 0 ] && ! [ -s "$directory/stderr" ]; do
    sleep 0.1
    tries=$((tries - 1))
done
kill -TERM $pid
wait $pid
grep -q "shockwave: $directory/logs/log: No such file or directory" "$directory/stderr"
check $? "SIGHUP, and no word of a log that cannot be opened: $(cat "$directory/stderr")"
rm -r "$directory"

# Without standard streams, their places are not taken by sockets.
"$program" serve --listen 0 --access-log - <&- >&- 2>&- &
pid=$!
tries=50
while [ $tries -gt 0 ] && ! ls -l /proc/$pid/fd | grep -q eventpoll; do
    sleep 0.1
    tries=$((tries - 1))
done
missing=0
readlink /proc/$pid/fd/0 /proc/$pid/fd/1 /proc/$pid/fd/2 | grep -qv /dev/null && missing=1
kill -TERM $pid
wait $pid
check $missing "sockets took the descriptors of standard streams"

# Every byte in a value: the object can be read, and holds the byte.
if command -v python3 >/dev/null; then
    python3 - "$program" <<'EOF'
import json, subprocess, sys
wrong = 0
for byte in range(256):
    message = b'GET / HTTP/1.1\r\nHost: x\r\nX: a' + bytes([byte]) + b'b\r\n\r\n'
    done = subprocess.run([sys.argv[1], 'parse', '-j'], input=message, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    tolerated = byte == 9 or 32 <= byte != 127
    value = found['fields'][1]['value'] if tolerated else found['error']['at']
    wrong += value != ('a' + chr(byte) + 'b' if tolerated else 29)
sys.exit(wrong > 0)
EOF
    check $? "not every byte of a value comes through as JSON"
fi

echo "$passed passed, $failed failed"
exit $((failed > 0))
