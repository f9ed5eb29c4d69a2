#!/usr/bin/env python3
# check_heap.py - does the server allocate while it serves?  `check_heap.py PROGRAM`.
# SPDX-License-Identifier: MIT
"""Runs the server under valgrind twice, the second time with ten times the requests and
connections, and compares the calls of the allocator: in a steady state more requests need no more
of them."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

SHORT = os.environ.get("BENCH_SHORT", "") not in ("", "0")
CONTENT = b"Hello, World!"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def send_requests(port, requests):
    """Sends requests on one connection, one after the other and pipelined."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for batch in (1, 16):
            for _ in range(requests):
                connection.sendall(b"GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\r\n" * batch)
                received = b""
                while received.count(CONTENT) < batch:
                    more = connection.recv(65536)
                    if not more:
                        raise SystemExit("the server closed the connection")
                    received += more


def served(program, connections, requests):
    """Blocks and bytes that the server requested from the allocator."""
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
        send_requests(port, requests)
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
