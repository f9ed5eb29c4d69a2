"""faults.py - what goes wrong in the world, done to a server; each trial prints its figures.

    python3 tests/system/faults.py [TRIAL]...
"""
# SPDX-License-Identifier: MIT
import os
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from trial import GET, SLOWER, Server, compare, load_end, receive_all, receive_until, until

SLOW = 500
failures = 0


def report(trial, text, good=True):
    global failures
    failures += not good
    print(f"{trial}: {text}{'' if good else '  FAILED'}", flush=True)


# ---- Slowloris ---------------------------------------------------------------------------------


class Slow(threading.Thread):
    """Clients that send a byte now and then, or take a few, for as long as the server lets them."""

    def __init__(self, server, opening, sends, room):
        super().__init__()
        self.sends = sends
        self.got_408 = self.begun = 0
        self.times = []  # from a client's first bytes, or the server's, to its end
        self.open = {}
        for _ in range(SLOW):
            client = server.connect(room)
            client.sendall(opening)
            client.setblocking(False)
            self.open[client] = time.monotonic()

    def run(self):
        while self.open:
            time.sleep(0.2)
            for client in list(self.open):
                if self.is_over(client):
                    self.times.append(time.monotonic() - self.open.pop(client))
                    client.close()

    def is_over(self, client):
        poll = select.poll()
        poll.register(client, 0)
        if poll.poll(0) and not self.sends:  # it was reset, whatever there is still to be read
            return True
        try:
            if self.sends:
                client.send(b"x")
            text = client.recv(1000 if self.sends else 16)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if text.startswith(b"HTTP/1.1 200 "):  # its time begins when the reply does
            self.open[client] = time.monotonic()
            self.begun += 1
        self.got_408 += text.startswith(b"HTTP/1.1 408 ")
        return text == b"" or self.sends  # a client that got 408 closes


def warm(server):
    """Touch the memory of an iteration in which sixteen connections take part."""
    server.p99(connections=64)


def slowloris(name, timeout, opening, sends=True, room=0, options=()):
    server, other = Server("workers=1", *options), Server("workers=1", *options)
    for cold in (server, other):
        warm(cold)
    resident = server.resident()
    slow = Slow(server, opening, sends, room)
    slow.start()
    until(lambda: sends or slow.begun == SLOW)  # 500 large responses have to begin first
    beside, alone, quotient = compare(server, other, seconds=0.8 * timeout)
    each = (server.resident() - resident) / SLOW
    still = len(slow.open)
    slow.join()
    shortest, longest = min(slow.times), max(slow.times)
    report(
        f"slowloris, {name}",
        f"{each:.0f} bytes for each of {still}; closed after {shortest:.1f} to {longest:.1f} s of "
        f"{timeout}, {slow.got_408} of {SLOW} got 408; p99 of others {beside:.0f} us, "
        f"{alone:.0f} us "
        f"without, {quotient:.2f} times as long",
        still == SLOW
        and each <= 1024
        and timeout - 1 <= shortest
        and longest <= timeout + 1
        and slow.got_408 == (SLOW if sends else 0)
        and quotient <= SLOWER,
    )
    server.stop()
    other.stop()


def slow_head():
    slowloris("head", 10, b"GET / HTTP/1.1\r\nHost: x\r\nX: ")


def slow_body():
    opening = b"POST /drop HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    slowloris("body", 20, opening, options=["body_timeout=20000"])


def slow_reading():
    opening = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
    slowloris("reading", 20, opening, False, 4096, ["write_timeout=20000"])


# ---- Overload ----------------------------------------------------------------------------------


def descriptors():
    """500 clients where 64 descriptors are."""
    server = Server("workers=1", descriptors=64)
    clients = [server.connect() for _ in range(SLOW)]
    for client in clients:
        client.sendall(GET)
    receive_until(clients[0], b"Hello, World!")
    time.sleep(0.5)
    spent, begin = server.processor_time(), time.monotonic()
    time.sleep(3)
    share = (server.processor_time() - spent) / (time.monotonic() - begin)
    clients[0].sendall(GET)
    receive_until(clients[0], b"Hello, World!")
    begin = time.monotonic()
    clients[0].close()
    longest = 0
    for client in clients[1:]:
        receive_until(client, b"Hello, World!")
        client.close()
        longest = max(longest, time.monotonic() - begin)
        begin = time.monotonic()
    report(
        "descriptors",
        f"{100 * share:.2f} % of a processor without descriptors; "
        f"all {SLOW} served, {1000 * longest:.1f} ms at peak from room to reply",
        share <= 0.01 and longest <= 0.1,
    )
    server.stop()


def long_head():
    """A megabyte of head a hundred times at once; every client reads the 431."""
    server = Server("workers=1")
    warm(server)
    resident = server.resident()
    clients = [server.connect() for _ in range(100)]
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + (1 << 20) * b"x"

    def send(client):
        try:
            client.sendall(head)
        except OSError:
            pass

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    got_408 = sum(b"HTTP/1.1 431 " in receive_all(client) for client in clients)
    grown = server.resident() - resident
    for thread, client in zip(threads, clients):
        client.close()
        thread.join()
    report(
        "long heads",
        f"{got_408} of 100 read their 431; {grown / 1024:.0f} KiB more resident",
        got_408 == 100 and grown <= 512 * 1024,
    )
    server.stop()


# ---- Graceful shutdown ---------------------------------------------------------------------------


def shutdown():
    """Downloads finish, half-sent requests are responses, the idle are closed at once."""
    server = Server("workers=2", "drain=20000")
    downloads = [server.connect(65536) for _ in range(20)]
    halves = [server.connect() for _ in range(20)]
    idle = [server.connect() for _ in range(20)]
    for client in downloads:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    for client in halves:
        client.sendall(b"GET / HTTP/1.1\r\n")
    for client in idle:
        client.sendall(GET)
        receive_until(client, b"Hello, World!")
    time.sleep(0.1)
    server.begin_stop()
    begin = time.monotonic()
    closed = sum(receive_all(client) == b"" for client in idle)
    idle_time = time.monotonic() - begin
    responses = 0
    for client in halves:
        client.sendall(b"Host: x\r\n\r\n")
        responses += b"\r\nConnection: close\r\n" in receive_all(client)
        client.close()
    finished = 0
    for client in downloads:
        finished += len(receive_all(client)) > 32 << 20
        client.close()
    begin = time.monotonic()
    status = server.process.wait()
    exit_time = time.monotonic() - begin
    report(
        "shutdown",
        f"{closed} of 20 idle ones closed after {1000 * idle_time:.0f} ms, {responses} of 20 half "
        f"requests responses with close, {finished} of 20 downloads finished, "
        f"exit {1000 * exit_time:.0f} ms after the last with {status}",
        (closed, responses, finished, status) == (20, 20, 20, 0)
        and idle_time <= 0.3
        and exit_time <= 0.1,
    )


def forced_shutdown():
    """What does not end is force-closed at the deadline, and the exit status reports it."""
    server = Server("workers=2", "drain=1000")
    clients = [server.connect(4096) for _ in range(20)]
    for i, client in enumerate(clients):
        client.sendall(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"never", b"large")[i % 2])
    time.sleep(0.2)
    begin = time.monotonic()
    status = server.stop()
    took = time.monotonic() - begin
    report(
        "shutdown late",
        f"exit after {took:.2f} s of 1 with {status}",
        status == 1 and 0.9 <= took <= 1.5,
    )


# ---- Ends --------------------------------------------------------------------------------------


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def resets():
    server = Server("workers=1")
    alone = server.descriptors()
    server.p99()
    resident = server.resident()
    for _ in range(200):
        client = server.connect(4096)
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(1000)
        reset(client)
    took = until(lambda: server.descriptors() == alone)
    grown = server.resident() - resident
    failed = load_end(server.load(8, 1000))["failed"]
    report(
        "resets",
        f"200 in mid-response, all closed after {1000 * took:.0f} ms, "
        f"{grown / 1024:.0f} KiB more resident, {failed} of 1000 requests after them failed",
        failed == 0 and took <= 1 and grown <= 65536,
    )
    server.stop()


def half_close():
    server = Server("workers=1")
    complete = 0
    for _ in range(100):
        client = server.connect()
        client.sendall(GET + GET)
        client.shutdown(socket.SHUT_WR)
        complete += receive_all(client).count(b"Hello, World!") == 2
        client.close()
    report("half-close", f"{complete} of 100 got both replies", complete == 100)
    server.stop()


def never():
    """A handler that holds and never replies does not keep others waiting."""
    server = Server("workers=1")
    alone = server.p99()
    clients = [server.connect() for _ in range(SLOW)]
    for client in clients:
        client.sendall(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
    load = load_end(server.load(8, 20_000))
    report(
        "never replying",
        f"{SLOW} suspended; {load['failed']} of {load['requests']} other requests failed, "
        f"p99 {load['p99']} us, {alone} us without",
        load["failed"] == 0,
    )
    server.process.kill()
    server.process.wait()


# ---- Logging -----------------------------------------------------------------------------------


def dropped(server):
    with server.connect() as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return int(re.search(rb"\nshockwave_log_dropped_total (\d+)", receive_all(client))[1])


def full_disk():
    """A full disk delays no request; lines are written again when there is room."""
    with tempfile.TemporaryDirectory() as directory:
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "shockwave", directory]
        disk = subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0
        path = f"{directory}/log" if disk else "/dev/full"  # without the right to mount
        try:
            server, other = Server("workers=1", f"log={path}"), Server("workers=1")
            load = load_end(server.load(8, 20_000))
            lost = dropped(server)
            beside, alone, quotient = compare(server, other)
            again = "not tried"
            if disk:
                os.truncate(path, 0)
                server.p99(1000)
                with open(path) as file:
                    lines = file.read().split("\n")[1:]  # the first may have been begun before
                again = sum(line.startswith("127.0.0.1 - - [") for line in lines)
            server.stop()
            other.stop()
        finally:
            if disk:
                subprocess.run(["umount", directory])
    report(
        "full disk",
        f"{load['failed']} of {load['requests']} requests failed, {lost} lines dropped; p99 "
        f"{beside:.0f} us, {alone:.0f} us without a log; "
        f"with room again {again} lines from 1000 requests",
        load["failed"] == 0 and lost > 0 and again in ("not tried", *range(900, 1200)),
    )


# ---- Streams -----------------------------------------------------------------------------------


def five_gigabytes():
    server = Server("workers=1")
    size = 5_000_000_000
    block = bytes(1_000_000)
    client = server.connect()
    client.sendall(b"POST /echo HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % size)
    client.sendall(block)
    head = client.recv(1 << 16)
    got = len(head) - head.index(b"\r\n\r\n") - 4

    def send():
        for _ in range(size // len(block) - 1):
            client.sendall(block)

    thread = threading.Thread(target=send)
    thread.start()
    begin, resident, room, peak = time.monotonic(), server.resident(), bytearray(1 << 20), 0
    while n := client.recv_into(room):
        if got >> 29 != (got + n) >> 29:
            peak = max(peak, server.resident())
        got += n
    took = time.monotonic() - begin
    thread.join()
    report(
        "5 GB through /echo",
        f"{got} bytes back in {took:.1f} s; at peak {(peak - resident) / 1024:.0f} KiB more "
        f"resident than at the beginning, {peak / 1024:.0f} KiB in all",
        got == size and peak - resident <= 65536,
    )
    server.stop()


def burst():
    """16 requests in one write: as many replies, in one piece and at once."""
    server = Server("workers=1")
    client = server.connect()
    pieces, longest = 0, 0
    for _ in range(200):
        begin = time.monotonic()
        client.sendall(16 * GET)
        text = b""
        while text.count(b"Hello, World!") < 16:
            text += client.recv(1 << 16)
            pieces += 1
        longest = max(longest, time.monotonic() - begin)
    report(
        "bursts of 16",
        f"200 of them, replied to in {pieces} pieces, the longest took {1000 * longest:.2f} ms",
        pieces == 200 and longest < 0.04,
    )
    server.stop()


TRIALS = (
    slow_head, slow_body, slow_reading, descriptors, long_head, shutdown, forced_shutdown, resets,
    half_close, never, full_disk, five_gigabytes, burst,
)  # fmt: skip

for trial in TRIALS:
    if len(sys.argv) < 2 or trial.__name__ in sys.argv[1:]:
        trial()
sys.exit(failures > 0)
