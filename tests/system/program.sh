#!/bin/sh
# program.sh - what the program prints and how it exits.  Its last line is a sum of passed and failed.
#
#     sh tests/system/program.sh build/shockwave
program=$1
passed=0 failed=0

# verdict CONDITION WHAT
verdict() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "program.sh: $2"
    fi
}

# says STATUS 'what must stand in the output' 'input, by printf' ARGUMENT...
says() {
    status=$1 want=$2 input=$3
    shift 3
    out=$(printf "$input" | "$program" "$@" 2>&1)
    got=$?
    case $got:$out in "$status":*"$want"*) true ;; *) false ;; esac
    verdict $? "$*: exit status $got, not $status, or no '$want' in: $out"
}

# ---- parse -----------------------------------------------------------------------------------------

request='POST /a?b HTTP/1.1\r\nHost: x\r\nX-Quote: "\\\351\r\nContent-Length: 3\r\n\r\nabc'
says 0 '      5        (target)                 /a?b' "$request" parse
says 0 'X-Quote                  "\\xe9' "$request" parse
says 0 'content     3 bytes here' "$request" parse
says 0 '"value":"\"\\\u00e9"' "$request" parse --json
says 0 '"behind":1,' "${request}X" parse --json
says 1 'BAD_STATUS_LINE at byte 0' "$request" parse --response
says 3 'content     2 bytes here, more to come' "${request%c}" parse
says 3 '8 bytes of a head: more are wanted' 'GET / HT' parse
says 0 '"status":204,' 'HTTP/1.1 204 No Content\r\n\r\n' parse -r -j
says 1 '"at":18,' 'GET / HTTP/1.1\r\nHo st: x\r\n\r\n' parse --json
says 1 '
    Host: \x01\rx\r\n
          ^' 'GET / HTTP/1.1\r\nHost: \001\rx\r\n\r\n' parse
chunked='POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc'
says 1 'BAD_CHUNK_END at byte 62' "$chunked\n" parse
says 0 'framing     chunked' "$chunked\r\n0\r\n\r\n" parse
says 2 'Try: shockwave parse --help' '' parse --nonsense
says 2 'parse reads standard input, not x' '' parse x
says 0 'usage: shockwave parse' '' parse --help

# ---- serve -----------------------------------------------------------------------------------------

says 2 'No such file' '' serve /no/such/directory
says 2 'one directory is enough' '' serve / /
says 0 'usage: shockwave serve' '' serve --help

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
    verdict $? "serve DIR does not answer with its index.html"
fi
kill -TERM $pid
wait $pid
verdict $? "serve DIR does not leave cleanly"
rm -r "$directory"

# A log that cannot be opened anew is spoken of.
directory=$(mktemp -d)
mkdir "$directory/logs"
"$program" serve --listen 0 --access-log "$directory/logs/log" >"$directory/out" 2>"$directory/said" &
pid=$!
tries=50
while [ $tries -gt 0 ] && ! grep -q Ctrl-C "$directory/out"; do
    sleep 0.1
    tries=$((tries - 1))
done
mv "$directory/logs" "$directory/moved"
kill -HUP $pid
while [ $tries -gt 0 ] && ! [ -s "$directory/said" ]; do
    sleep 0.1
    tries=$((tries - 1))
done
kill -TERM $pid
wait $pid
grep -q "shockwave: $directory/logs/log: No such file or directory" "$directory/said"
verdict $? "SIGHUP, and no word of a log that cannot be opened: $(cat "$directory/said")"
rm -r "$directory"

# Without standard streams, their places are not taken by sockets.
"$program" serve --listen 0 --access-log - <&- >&- 2>&- &
pid=$!
tries=50
while [ $tries -gt 0 ] && ! ls -l /proc/$pid/fd | grep -q eventpoll; do
    sleep 0.1
    tries=$((tries - 1))
done
readlink /proc/$pid/fd/0 /proc/$pid/fd/1 /proc/$pid/fd/2 | grep -qv /dev/null && missing=1 || missing=0
kill -TERM $pid
wait $pid
verdict $missing "sockets stand in the places of standard streams"

# Every byte in a value: the object can be read, and holds the byte.
if command -v python3 >/dev/null; then
    python3 - "$program" <<'EOF'
import json, subprocess, sys
wrong = 0
for byte in range(256):
    message = b'GET / HTTP/1.1\r\nHost: x\r\nX: a' + bytes([byte]) + b'b\r\n\r\n'
    done = subprocess.run([sys.argv[1], 'parse', '-j'], input=message, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    whole = byte == 9 or 32 <= byte != 127
    value = found['fields'][1]['value'] if whole else found['error']['at']
    wrong += value != ('a' + chr(byte) + 'b' if whole else 29)
sys.exit(wrong > 0)
EOF
    verdict $? "not every byte of a value comes through as JSON"
fi

echo "$passed passed, $failed failed"
exit $((failed > 0))
