#!/bin/sh
# probe.sh - start a probe server on a free port, ask it every case of tests/cases, stop it.
#
#     sh tests/system/probe.sh build/probe_server
server=$1
log=$(mktemp)
"$server" 0 > "$log" &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null; rm -f "$log"' EXIT

tries=50
while [ $tries -gt 0 ] && ! grep -q '[0-9]' "$log"; do
    sleep 0.1
    tries=$((tries - 1))
done
port=$(grep -o '[0-9][0-9]*' "$log" | tail -n 1)
python3 tests/system/probe.py --port "$port" --strict
