#!/usr/bin/env python3
# readme.py - runs the programs that README.md shows: 1 is for the core, the others are servers.
#
#     python3 tests/tools/readme.py build/readme
import os, socket, subprocess, sys

FOLDER = sys.argv[1]
PATIENCE = 20
POST = b'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'
GET = b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'


def until(s, end):
    got = b''
    while end not in got:
        part = s.recv(65536)
        assert part, 'the end of the connection instead of %r, after: %r' % (end, got)
        got += part


# What is sent, and what must come back before anything else is.
DIALOGUES = {
    '2': [(GET, b'\r\n\r\nHello, World!')],
    '3': [(POST + b'5\r\nfirst\r\n', b'first'), (b'6\r\nsecond\r\n', b'second'),
          (b'0\r\n\r\n', b'0\r\n\r\n')],
    '4': [(GET, b'\r\n\r\nIt took a second.\n')],
}

assert sorted(p for p in os.listdir(FOLDER) if '.' not in p) == ['1', *DIALOGUES]
said = subprocess.run([FOLDER + '/1'], capture_output=True, text=True, check=True).stdout
assert said == 'GET /greet?to=you of example.org\n', said
for program, dialogue in DIALOGUES.items():
    process = subprocess.Popen([FOLDER + '/' + program], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        with socket.create_connection(('127.0.0.1', port), PATIENCE) as s:
            for request, want in dialogue:
                s.sendall(request)
                until(s, want)
    finally:
        process.kill()
        process.communicate()
print('%d programs do what README.md says' % (1 + len(DIALOGUES)))
