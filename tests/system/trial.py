"""trial.py - start trial servers and loads, and look at them from outside."""
# SPDX-License-Identifier: MIT
import atexit
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import time

BUILD = os.environ.get("BUILD", "build")
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Server:
    """A trial server; with a listening socket it is started as a service manager would do it."""

    def __init__(self, *options, listener=None, descriptors=None, program="trial_server"):
        environment = dict(os.environ)
        command = [f"{BUILD}/{program}", *options]
        if listener:
            environment["LISTEN_FDS"] = "1"
            command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command]

        def prepare():
            if listener:
                os.dup2(listener.fileno(), 3)
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=prepare,
            pass_fds=(3,) if listener else (),
        )
        atexit.register(self.process.kill)
        self.port = int(self.process.stdout.readline())

    def begin_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Have it stop; returns what it exited with."""
        self.begin_stop()
        return self.process.wait(timeout=30)

    def connect(self, room=0, source=None):
        """A connection; with a receive buffer of `room` bytes, if that is not 0."""
        client = socket.socket()
        client.settimeout(30)
        if room:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        if source:
            client.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            client.bind((source, 0))
        client.connect(("127.0.0.1", self.port))
        return client

    def proc(self, name):
        with open(f"/proc/{self.process.pid}/{name}") as file:
            return file.read()

    def resident(self):
        """Bytes of memory of its own that it uses."""
        return 1024 * int(re.search(r"RssAnon:\s+(\d+)", self.proc("status"))[1])

    def processor_time(self):
        """Seconds of both kinds, to the nanosecond."""
        return int(self.proc("schedstat").split()[0]) / 1e9

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def load(self, connections, requests, per_connection=1_000_000, seconds=0):
        """Begin a load; load_end() waits for it."""
        command = [f"{BUILD}/load", self.port, connections, requests, per_connection, seconds]
        return subprocess.Popen([str(x) for x in command], stdout=subprocess.PIPE, text=True)

    def p99(self, requests=20_000, connections=8):
        """In microseconds."""
        return load_end(self.load(connections, requests))["p99"]


SLOWER = 1.2


def compare(beside, alone, connections=8, seconds=8):
    """The p99 of two servers in microseconds, and how many times the other the one is.  They are
    loaded alternately, and the best quarter of all rounds counts: other load affects both alike,
    and some rounds not at all.  It takes 3 seconds, or longer while the one seems
    SLOWER: a cost does not disappear by measuring again, noise does."""
    rounds, begin = [], time.monotonic()
    while True:
        rounds.append([server.p99(2000, connections) for server in (beside, alone)])
        if len(rounds) < 8:
            continue
        one, other = (statistics.quantiles(figures, n=4)[0] for figures in zip(*rounds))
        took = time.monotonic() - begin
        if took > seconds or (took > 3 and one <= SLOWER * other):
            return one, other, one / other


def load_end(process):
    """What a load has counted."""
    text = process.communicate(timeout=120)[0]
    names = ("requests", "failed", "p50", "p99", "longest")
    return dict(zip(names, map(int, re.findall(r"\d+", text))))


def receive_all(client):
    """All that comes until the end of the connection; a reset is an exception."""
    parts = []
    while part := client.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def receive_until(client, end):
    text = b""
    while not text.endswith(end):
        part = client.recv(1 << 16)
        if not part:
            raise ConnectionError(f"the end after {text!r}")
        text += part
    return text


def until(what, seconds=30):
    """Wait until what() is true; returns how long it took."""
    begin = time.monotonic()
    while not what():
        if time.monotonic() - begin > seconds:
            raise TimeoutError(what)
        time.sleep(0.005)
    return time.monotonic() - begin
