"""idle.py - fifty thousand connections that ask once and then do nothing, on one worker."""
# SPDX-License-Identifier: MIT
import os
import re
import resource
import socket
import sys

from trial import GET, SLOWER, Server, compare, receive_until

COUNT = 50_000
AGAIN = 1000  # and so many of them ask once more
DESCRIPTORS = COUNT + 64
EACH = 128
SERVER = 2 << 20


def open_idle(server, ready):
    """In a process of its own: the connections, from several addresses, each with a reply."""
    clients = []
    for i in range(COUNT):
        client = server.connect(source=f"127.0.1.{1 + i // 20_000}")
        client.sendall(GET)
        clients.append(client)
        if len(clients) % 64 == 0:
            for client in clients[-64:]:
                receive_until(client, b"Hello, World!")
    for client in clients[len(clients) // 64 * 64 :]:
        receive_until(client, b"Hello, World!")
    ready.send(b"y")
    ready.recv(1)
    for client in clients[:AGAIN]:
        client.sendall(GET)
        receive_until(client, b"Hello, World!")
    ready.send(b"y")
    ready.recv(1)
    os._exit(0)


class Crowd:
    def __init__(self, server):
        self.end, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                open_idle(server, theirs)
            finally:
                os._exit(1)
        theirs.close()
        self.wait()

    def wait(self):
        if self.end.recv(1) != b"y":
            sys.exit("a client could not connect, or got no reply")

    def ask_again(self):
        self.end.send(b"g")
        self.wait()

    def stop(self):
        self.end.send(b"g")
        os.waitpid(self.pid, 0)


def memory(server):
    """Resident bytes of the process: all, those of the C library, which every process shares, and
    those in no file."""
    total = library = 0
    for line in server.proc("smaps").splitlines():
        if re.match(r"[0-9a-f]+-", line):
            shared = ".so" in line
        elif line.startswith("Rss:"):
            total += 1024 * int(line.split()[1])
            library += 1024 * int(line.split()[1]) * shared
    return total, library, server.resident()


def in_use(server):
    """How many slabs are in use while nothing but this question is."""
    with server.connect() as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b""
        while part := client.recv(1 << 16):
            text += part
    names = (b"exchanges", b"outputs", b"partial")
    return [int(re.search(rb'pool_used\{pool="%s"\} (\d+)' % x, text)[1]) for x in names]


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    options = ("workers=1", f"connections={COUNT + 32}", "idle_timeout=600000")
    server, other = Server(*options), Server(*options)
    for warmed in (server, other):
        warmed.p99(connections=64)  # an iteration of sixteen connections touches its memory once
        in_use(warmed)
    total, library, own = memory(server)
    crowd = Crowd(server)
    grown = server.resident() - own
    beside, alone, quotient = compare(server, other, connections=1, seconds=120)
    crowd.ask_again()
    again = server.resident() - own
    used = in_use(server)
    crowd.stop()
    results = (
        (grown <= EACH * COUNT + resource.getpagesize(), f"{grown / COUNT:.1f} bytes each"),
        (again - grown <= resource.getpagesize(), f"{(again - grown) // 1024} KiB more after "
         f"{AGAIN} have sent another request"),
        (used[0] == 1 and used[1] <= 1 and used[2] == 0,
         f"while one client sends requests, {used[0]} exchange, {used[1]} output and "
         f"{used[2]} partial input buffers are in use"),
        (total - library <= SERVER, f"the server itself {(total - library) // 1024} KiB resident, "
         f"{own // 1024} KiB of them in no file; besides {library // 1024} KiB of the C library"),
        (quotient <= SLOWER, f"p99 of a live connection {beside:.0f} us, {alone:.0f} us without "
         f"them, {quotient:.2f} times as long"),
    )  # fmt: skip
    print(f"idle: {COUNT} connections on one worker")
    for good, text in results:
        print(f"idle: {text}{'' if good else '  FAILED'}")
    statuses = server.stop(), other.stop()
    sys.exit(any(statuses) or not all(good for good, _ in results))


main()
