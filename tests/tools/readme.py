#!/usr/bin/env python3
# readme.py - runs the programs that README.md shows: 1 to 3 are servers, 4 is one connection
# on standard input and output, 5 parses a head.
#
#     python3 tests/tools/readme.py build/readme
import os, socket, subprocess, sys

FOLDER = sys.argv[1]
TIMEOUT = 20
POST = b'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
GET = b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'


def receive_until(s, end):
    got = b''
    while end not in got:
        part = s.recv(65536)
        assert part, 'the end of the connection instead of %r, after: %r' % (end, got)
        got += part


# What is sent, and what must be received before anything else is sent.
DIALOGUES = {
    '1': [(GET, b'\r\n\r\nHello, World!')],
    '2': [(POST + b'5\r\nfirst\r\n', b'first'), (b'6\r\nsecond\r\n', b'second'),
          (b'0\r\n\r\n', b'0\r\n\r\n')],
    '3': [(GET, b'\r\n\r\nIt took a second.\n')],
}

assert sorted(p for p in os.listdir(FOLDER) if '.' not in p) == [*DIALOGUES, '4', '5']


def run(program, sent=b''):
    done = subprocess.run([FOLDER + '/' + program], input=sent, capture_output=True, check=True,
                          timeout=TIMEOUT)
    return done.stdout


# Two pipelined requests, of which the second has content, then one that breaks a rule.
got = run('4', GET.replace(b'Connection: close\r\n', b'') + POST + b'5\r\nfirst\r\n0\r\n\r\n')
assert got.count(b'HTTP/1.1 200 OK\r\n') == 2 and got.endswith(b'\r\n\r\nHello, World!\n'), got
got = run('4', b'GET / HTTP/1.1\r\n\r\n')
assert got.startswith(b'HTTP/1.1 400 '), got
got = run('5')
assert got == b'GET /hello?to=you of example.org\n', got
for program, dialogue in DIALOGUES.items():
    process = subprocess.Popen([FOLDER + '/' + program], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        with socket.create_connection(('127.0.0.1', port), TIMEOUT) as s:
            for request, want in dialogue:
                s.sendall(request)
                receive_until(s, want)
    finally:
        process.kill()
        process.communicate()
print('%d programs work as README.md describes' % (2 + len(DIALOGUES)))
