#!/bin/sh
# examples.sh - run the examples against each other, curl, the demo and nginx, on free ports.
#
#     sh tests/examples/examples.sh build
build=$1
dir=$(mktemp -d)
pids=
failed=0

finish() {
    for pid in $pids; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

# start NAME PROGRAM [ARGUMENT]...: a server that prints its port; $port is that then.
start() {
    log=$dir/$1.log
    shift
    "$@" > "$log" 2>&1 &
    pids="$pids $!"
    port=
    tries=50
    while [ $tries -gt 0 ] && [ -z "$port" ]; do
        sleep 0.1
        port=$(sed -n 's/.*127\.0\.0\.1:\([0-9][0-9]*\).*/\1/p' "$log" | head -n 1)
        tries=$((tries - 1))
    done
    [ "$port" ] || { echo "$* does not start:" && cat "$log" && exit 1; }
}

# same WHAT GOT WANTED: they must be.
same() {
    [ "$2" = "$3" ] && return
    printf '%s: got\n%s\nnot\n%s\n' "$1" "$2" "$3"
    failed=1
}

ask() { curl -s --max-time 10 "$@"; }
head_of() { ask -D - -o "$dir/body" "$@" | tr -d '\r'; }
client() { "$build/examples/client" 127.0.0.1 "$@"; }

head -c 2000000 /dev/urandom > "$dir/large"
head -c 500000 "$dir/large" > "$dir/unread"

# Content is echoed, in any framing.
large_echo() {
    for how in --http1.1 --http1.0 '--http1.1 -H Transfer-Encoding:chunked'; do
        # shellcheck disable=SC2086
        ask $how --data-binary "@$dir/large" "$2/echo" | cmp - "$dir/large" ||
            same "$1 $how" different same
    done
}

server() {
    url=http://127.0.0.1:$port
    same "$1 GET" "$(ask "$url/")" 'Hello, World!'
    same "$1 keeps" "$(ask -o "$dir/1" -o "$dir/2" -w '%{num_connects}' "$url/" "$url/none")" 10
    same "$1 HEAD" "$(head_of -I "$url/" | head -n 2)" 'HTTP/1.1 200 OK
Content-Length: 14'
    same "$1 Host" "$(ask -H 'Host: a b' "$url/")" \
        'BAD_HOST at byte 22: the Host field is not host and port (RFC 9110 7.2)'
    same "$1 lingers" "$(ask -H 'Host: a b' -H 'Expect:' --data-binary "@$dir/unread" "$url/")" \
        'BAD_HOST at byte 23: the Host field is not host and port (RFC 9110 7.2)'
    same "$1 old" "$(head_of --http1.0 "$url/" | grep Connection)" 'Connection: close'
    large_echo "$1" "$url"
    same "$1 client" "$(client "$port" 'GET /' 'POST /echo one' 'HEAD /' 'POST /echo two')" \
        'GET /: 200
Hello, World!

POST /echo one: 200
one
HEAD /: 200

POST /echo two: 200
two'
}

start poll "$build/examples/poll" 0
poll_port=$port
server poll
start uv "$build/examples/uv" 0
server uv

# ---- The client, with the demo and with nginx ----------------------------------------------------

start demo "$build/shockwave" -l 0
same 'client, demo' "$(client "$port" 'GET /plaintext' 'HEAD /json' 'GET /plaintext')" \
    'GET /plaintext: 200
Hello, World!
HEAD /json: 200

GET /plaintext: 200
Hello, World!'

nginx_port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
mkdir "$dir/www"
echo 'from nginx' > "$dir/www/index.html"
echo '<!--#echo var="request_method" -->' > "$dir/www/chunked.html"
cat > "$dir/nginx.conf" <<EOF
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log $dir/nginx.error;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $dir/1;
    proxy_temp_path $dir/2;
    fastcgi_temp_path $dir/3;
    uwsgi_temp_path $dir/4;
    scgi_temp_path $dir/5;
    default_type text/html;
    server {
        listen 127.0.0.1:$nginx_port;
        root $dir/www;
        location = /chunked.html { ssi on; }
        location = /count { return 200 "\$connection_requests"; }
        location = /seen { return 200 "\$http_connection|\$http_x_hop|\$http_x_end|\$http_via"; }
    }
}
EOF
start nginx sh -c "echo 127.0.0.1:$nginx_port
    exec /usr/sbin/nginx -e $dir/nginx.error -c $dir/nginx.conf"
tries=50
while [ $tries -gt 0 ] && ! ask -o /dev/null "http://127.0.0.1:$port/"; do
    sleep 0.1
    tries=$((tries - 1))
done
same 'client, nginx' \
    "$(client "$port" 'GET /' 'HEAD /' 'GET /chunked.html' 'GET /none' 'GET /count' |
        grep -v '[<]')" \
    'GET /: 200
from nginx

HEAD /: 200

GET /chunked.html: 200
GET

GET /none: 404

GET /count: 200
5'
same 'client, refused' "$(client "$port" 'POST / content' 'GET /count' | sed -n '1p;$p')" \
    'POST / content: 405
2'

# ---- The proxy, before nginx and before example_poll ---------------------------------------------

start proxy "$build/examples/proxy" 127.0.0.1 "$nginx_port" 0
url=http://127.0.0.1:$port
same 'proxy GET' "$(ask "$url/")" 'from nginx'
same 'proxy keeps a length' \
    "$(head_of "$url/" | grep -ciE '^(content-length: 11|via: 1.1 example)')" 2
same 'proxy chunks again' "$(head_of "$url/chunked.html" | grep -i '^transfer-encoding')" \
    'Transfer-Encoding: chunked'
same 'proxy chunks nothing for 1.0' \
    "$(head_of --http1.0 "$url/chunked.html" | grep -iE '^(transfer-encoding|connection)')" \
    'Connection: close'
same 'proxy drops what is for one hop' \
    "$(ask -H 'Connection: x-hop, host' -H 'X-Hop: 1' -H 'X-End: 2' "$url/seen")" '||2|1.1 example'
same 'proxy keeps both connections' "$(client "$port" 'GET /count' 'GET /count' | tail -n 2)" \
    'GET /count: 200
2'

# Each byte that SW_LENIENT_TARGET tolerates, in path and query, arrives at the origin as it came; a
# proxy without it refuses the target.
targets() {
    python3 - "$1" <<'END'
import socket, sys
for c in [*b'"<>[\\]^`{|}', *range(128, 256)]:
    with socket.create_connection(('127.0.0.1', int(sys.argv[1])), 10) as s:
        s.sendall(b'GET /headers?%cb?c%cd HTTP/1.1\r\nHost: x\r\n\r\n' % (c, c))
        s.shutdown(socket.SHUT_WR)
        got = b''.join(iter(lambda: s.recv(4096), b''))
    complete = b'\n  path    /headers\n  query   %cb?c%cd\n' % (c, c) in got
    print('complete' if complete else got[:12].decode())
END
}
start lenient "$build/shockwave" serve -l 0 --lenient target
lenient_port=$port
start proxy3 "$build/examples/proxy" -t 127.0.0.1 "$lenient_port" 0
same 'proxy forwards what it tolerates' "$(targets "$port" | uniq -c | xargs)" '139 complete'
start proxy4 "$build/examples/proxy" 127.0.0.1 "$lenient_port" 0
same 'proxy is strict unasked' "$(targets "$port" | uniq -c | xargs)" '139 HTTP/1.1 400'

start proxy2 "$build/examples/proxy" 127.0.0.1 "$poll_port" 0
server proxy

# ---- Another protocol ----------------------------------------------------------------------------

start upgrade "$build/examples/upgrade" 0
same upgrade "$(python3 - "$port" <<'EOF'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
def until(end):
    got = b""
    while not got.endswith(end):
        more = s.recv(1000)
        if not more:
            break
        got += more
    return got.decode()
s.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
print(until(b"\r\n\r\n").split("\r\n")[0])
s.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nUpgrade: x, Echo\r\nConnection: upgrade\r\n"
          b"Content-Length: 2\r\n\r\nhiGET / HT")
print(until(b"GET / HT").split("\r\n")[0])
s.sendall(b"TP/1.1\r\n\r\n")
print(repr(until(b"\r\n\r\n")))
s.shutdown(socket.SHUT_WR)
print(repr(until(b"nothing")))
EOF
)" "HTTP/1.1 426 Upgrade Required
HTTP/1.1 101 Switching Protocols
'TP/1.1\\r\\n\\r\\n'
''"

[ $failed = 0 ] && echo "the examples do what they show"
exit $failed
