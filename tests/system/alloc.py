"""alloc.py - a million requests of all sorts, from connections that begin and end in all forms: how
often does the server ask for memory?  Counted in the program, and by strace from outside."""
# SPDX-License-Identifier: MIT
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile

from trial import Server, load_end, receive_all

MILLION = 1_000_000
COMING = 100_000  # of them in small numbers on connections of their own
END = b"the end of it"

REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: u\r\n\r\n",
    b"HEAD /file/large.txt HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\ngrape",
    b"GET /file/small.txt HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'3;a="b"\r\nfig\r\n2\r\nqq\r\n0\r\nSum: 1\r\n\r\n',
    b"GET /file/large.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=10-1000,5000-5100\r\n\r\n",
    b"GET /nocopy HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /file/small.txt HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n",
    b"GET /fields HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 60 + b"\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /file/none HTTP/1.1\r\nHost: x\r\n\r\n",
)
LAST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(END), END)
BATCH = 4 * b"".join(REQUESTS) + LAST
IN_BATCH = 4 * len(REQUESTS) + 1
BATCHES = 10  # on each connection


def ask(client):
    """A batch, pipelined, its replies counted."""
    client.sendall(BATCH)
    replies, text = 0, b""
    while not text.endswith(b"\r\n0\r\n\r\n") or END not in text[-64:]:
        part = client.recv(1 << 18)
        if not part:
            sys.exit(f"alloc: the end of the connection after {text[-100:]!r}")
        text = text[-8:] + part
        replies += text.count(b"HTTP/1.1 ")
    if replies != IN_BATCH:
        sys.exit(f"alloc: {replies} replies to {IN_BATCH} requests")


def end_slow(client):
    for byte in b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
        client.send(bytes([byte]))
    receive_all(client)


def end_refused(client):
    client.sendall(b"nonsense\r\n\r\n")
    receive_all(client)


def end_half(client):
    client.sendall(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    client.shutdown(socket.SHUT_WR)
    receive_all(client)


def end_reset(client):
    client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nfew")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def end_scraping(client):
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    receive_all(client)


ENDS = (end_slow, end_refused, end_half, end_reset, end_scraping, lambda client: None)


def ask_for(server, requests):
    """At least so many; returns how many."""
    load = server.load(64, COMING if requests == MILLION else 1000, per_connection=20)
    sent = step = 0
    while sent + COMING < requests or step < len(ENDS):
        client = server.connect()
        for _ in range(BATCHES):
            ask(client)
        ENDS[step % len(ENDS)](client)
        client.close()
        sent += BATCHES * IN_BATCH
        step += 1
    figures = load_end(load)
    if figures["failed"]:
        sys.exit(f"alloc: {figures['failed']} requests failed")
    return sent + figures["requests"]


def counts(server):
    with server.connect() as client:
        client.sendall(b"GET /counts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = receive_all(client).decode()
    return {name: int(n) for name, n in re.findall(r"(malloc|free|mmap|munmap|brk) (\d+)", text)}


class Trace:
    """strace counts what passes between the server and the kernel from here on."""

    def __init__(self, server, path):
        self.path = path
        command = ["strace", "-f", "-c", "-e", "trace=memory", "-o", path, "-p"]
        self.process = subprocess.Popen(
            [*command, str(server.process.pid)], stderr=subprocess.PIPE, text=True
        )
        if "attached" not in self.process.stderr.readline():
            sys.exit("alloc: strace may not attach to the server")

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.communicate()
        with open(self.path) as file:
            rows = [line.split() for line in file]
        rows = [row for row in rows if row and row[0][0].isdigit() and row[-1] != "total"]
        return {row[-1]: int(row[3]) for row in rows}


def difference(before, after):
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def report(what):
    return ", ".join(f"{n} of {name}" for name, n in what.items()) or "nothing"


def main():
    with tempfile.TemporaryDirectory() as directory:
        for name, size in (("small.txt", 10), ("large.txt", 10_000)):
            with open(f"{directory}/{name}", "wb") as file:
                file.write(size * b"x")
        server = Server(directory, f"{directory}/log", program="alloc_server")
        path = f"{directory}/strace"

        # What does ask for memory is seen.
        before, trace = counts(server), Trace(server, path)
        with server.connect() as client:
            client.sendall(b"GET /allocate HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            receive_all(client)
        traced, counted = trace.end(), difference(before, counts(server))
        kinds = {"mmap", "munmap"}
        seen = set(counted) == {"malloc", "free", *kinds} and kinds <= set(traced)
        print(f"alloc: a path that allocates: counted {report(counted)}; "
              f"strace saw {report(traced)}")

        ask_for(server, 1000)
        before, trace = counts(server), Trace(server, path)
        sent = ask_for(server, MILLION)
        traced, counted = trace.end(), difference(before, counts(server))
        print(f"alloc: {sent} requests: counted {report(counted)}; strace saw {report(traced)}")
        status = server.stop()
    sys.exit(bool(not seen or traced or counted or status))


main()
