"""proxies.py - start HAProxy and nginx in front of trial servers, and look at them from outside."""
# SPDX-License-Identifier: MIT
import atexit
import csv
import os
import socket
import subprocess
import tempfile

from trial import until


def listen():
    """A socket that listens on a port of its own, for a program that is started with it."""
    return socket.create_server(("127.0.0.1", 0), backlog=4096)


class Proxy:
    """A program that listens on self.port, with a folder of its own for as long as it runs."""

    def __init__(self, command, listener, **environment):
        self.port = listener.getsockname()[1]
        with open(f"{self.folder.name}/log", "w") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                pass_fds=(listener.fileno(),),
            )
        atexit.register(self.process.kill)
        listener.close()

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.folder.cleanup()


class HAProxy(Proxy):
    """By a file of ours, whose variables are the addresses of servers: A="127.0.0.1:8081"."""

    def __init__(self, file, **addresses):
        self.folder = tempfile.TemporaryDirectory()
        self.socket = f"{self.folder.name}/admin"
        listener = listen()
        super().__init__(
            ["/usr/sbin/haproxy", "-f", file],
            listener,
            SITE=f"fd@{listener.fileno()}",
            ADMIN=self.socket,
            **addresses,
        )
        until(lambda: os.path.exists(self.socket))

    def rows(self):
        """What it has counted: a row for each server, by the names of both, and for BACKEND."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(self.socket)
            admin.sendall(b"show stat\n")
            text = admin.makefile().read()
        rows = csv.DictReader(text.removeprefix("# ").splitlines())
        return {f"{row['pxname']}/{row['svname']}": row for row in rows}

    def up(self):
        """The servers that may be asked."""
        rows = self.rows().items()
        return [name for name, row in rows if row["check_status"] and row["status"].startswith("UP")]
