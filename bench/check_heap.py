#!/usr/bin/env python3
# check_heap.py - does the server allocate while it serves?  `check_heap.py PROGRAM`.
# SPDX-License-Identifier: MIT
"""Runs the server under valgrind twice, once with ten times the requests and connections, and
holds the calls of the allocator against each other: in a steady state, serving more takes no
more."""
import re
import signal
import socket
import subprocess
import sys
import time

PORT = 18120
ANSWER = b"Hello, World!"


def ask(requests):
    """Some on one connection, one after the other and pipelined."""
    with socket.create_connection(("127.0.0.1", PORT)) as peer:
        for batch in (1, 16):
            for _ in range(requests):
                peer.sendall(b"GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\r\n" * batch)
                answers = b""
                while answers.count(ANSWER) < batch:
                    more = peer.recv(65536)
                    if not more:
                        raise SystemExit("the server hung up")
                    answers += more


def served(program, connections, requests):
    """Blocks and bytes that the server asked the allocator for."""
    server = subprocess.Popen(["valgrind", program, "serve", "--listen", "127.0.0.1:%d" % PORT],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
            break
        except OSError:
            time.sleep(0.05)
    else:
        raise SystemExit(server.stderr.read())
    for _ in range(connections):
        ask(requests)
    server.send_signal(signal.SIGTERM)
    text = server.communicate(timeout=30)[1]
    usage = re.search(r"total heap usage: ([\d,]+) allocs, [\d,]+ frees, ([\d,]+) bytes", text)
    if not usage:
        raise SystemExit(text)
    return tuple(int(number.replace(",", "")) for number in usage.groups())


def main(program):
    few, many = served(program, 4, 25), served(program, 40, 250)
    print("1700 requests on 4 connections:    %d blocks, %d bytes" % few)
    print("170000 requests on 40 connections: %d blocks, %d bytes" % many)
    if few != many:
        raise SystemExit("serving allocates")
    print("0 blocks in a steady state")


main(*sys.argv[1:])
