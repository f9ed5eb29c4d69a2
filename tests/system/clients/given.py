"""given.py - the server that each client talks to, its pages, and its counters."""
# SPDX-License-Identifier: MIT
import contextlib
import http.client
import re
import subprocess

from pages import Pages
from trial import Server


def same(what, got, wanted):
    if got != wanted:
        got, wanted = (repr(value)[:300] for value in (got, wanted))
        raise AssertionError(f"{what}: {got}, not {wanted}")


def run(*command, status=0, **more):
    """What a program has written, as bytes; to both of its outputs by default."""
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "timeout": 120, **more}
    done = subprocess.run([str(word) for word in command], **more)
    if done.returncode != status:
        raise AssertionError(f"{command[0]} exits with {done.returncode}: {done.stdout[-600:]}")
    return done.stdout


class Counts:
    """The counters of a server, requested on one persistent connection."""

    def __init__(self, server, opening=b""):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.connection.connect()
        self.connection.sock.sendall(opening)

    def text(self):
        self.connection.request("GET", "/metrics")
        return self.connection.getresponse().read().decode()

    def read(self):
        """Connections and requests; that for /metrics is not among them yet."""
        totals = {"accepted": 0, "requests": 0, "refused": 0}
        for name, value in re.findall(r"^shockwave_(\w+)_total(?:{.*})? (\d+)$", self.text(), re.M):
            if name in totals:
                totals[name] += int(value)
        return totals


class Given:
    """Pages, and a server that serves them; another one with the PROXY header before it."""

    def __init__(self):
        self.pages = Pages()
        options = "workers=1", f"files={self.pages.root}", "idle_timeout=600000"
        self.server = Server(*options, "forwarding=1")
        self.proxied = Server(*options, "proxied=2")
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.counts = Counts(self.server)
        self.proxied_counts = Counts(self.proxied, b"PROXY UNKNOWN\r\n")

    @contextlib.contextmanager
    def counted(self, connections=None, requests=None, counts=None):
        """In between there are to be so many of them (or one of a range), and no broken rule."""
        counts = counts or self.counts
        before = counts.read()
        yield
        after = counts.read()
        grown = {name: after[name] - before[name] for name in after}
        if isinstance(connections, range):
            same(f"{grown['accepted']} connections", grown["accepted"] in connections, True)
        elif connections is not None:
            same("connections", grown["accepted"], connections)
        if requests is not None:
            same("requests", grown["requests"] - 1, requests)
        same("refused", grown["refused"], 0)
