#!/usr/bin/env python3
# check_heap.py - does the server allocate while it serves?  `check_heap.py PROGRAM`.
# SPDX-License-Identifier: MIT
"""Runs the server under valgrind twice, once with ten times the requests and connections, and
holds the calls of the allocator against each other: in a steady state, serving more takes no
more."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

SHORT = os.environ.get("BENCH_SHORT", "") not in ("", "0")
ANSWER = b"Hello, World!"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, requests):
    """Some on one connection, one after the other and pipelined."""
    with socket.create_connection(("127.0.0.1", port)) as peer:
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
    port = free_port()
    server = subprocess.Popen(["valgrind", program, "serve", "--listen", "127.0.0.1:%d" % port],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    else:
        raise SystemExit(server.stderr.read())
    for _ in range(connections):
        ask(port, requests)
    server.send_signal(signal.SIGTERM)
    text = server.communicate(timeout=600)[1]
    usage = re.search(r"total heap usage: ([\d,]+) allocs, [\d,]+ frees, ([\d,]+) bytes", text)
    if not usage:
        raise SystemExit(text)
    return tuple(int(number.replace(",", "")) for number in usage.groups())


def main(program):
    if not shutil.which("valgrind"):
        raise SystemExit("check-heap needs valgrind, which is not here")
    sizes = (4, 25), (8, 50) if SHORT else (40, 250)
    few, many = (served(program, *size) for size in sizes)
    for (connections, requests), figures in zip(sizes, (few, many)):
        print("%d requests on %d connections: %d blocks, %d bytes" % (
            17 * connections * requests, connections, *figures))
    if few != many:
        raise SystemExit("serving allocates")
    print("0 blocks in a steady state")


main(*sys.argv[1:])
