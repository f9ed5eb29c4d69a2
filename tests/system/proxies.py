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


def free_port():
    """For a program that takes no socket; another process might bind the port first."""
    with listen() as listener:
        return listener.getsockname()[1]


class Proxy:
    """A program that listens on a port, with a folder of its own for as long as it runs."""

    def __init__(self, command, port, inherited=(), **environment):
        self.port = port
        with open(f"{self.folder.name}/log", "w") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                pass_fds=inherited,
            )
        atexit.register(self.process.kill)
        until(self.listens)

    def listens(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.folder.cleanup()


class HAProxy(Proxy):
    """By a file of ours, whose variables are the addresses of servers: A="127.0.0.1:8081"."""

    def __init__(self, file, **addresses):
        self.folder = tempfile.TemporaryDirectory()
        self.socket = f"{self.folder.name}/admin"
        with listen() as listener:
            fd = listener.fileno()
            super().__init__(
                ["/usr/sbin/haproxy", "-f", file],
                listener.getsockname()[1],
                (fd,),
                SITE=f"fd@{fd}",
                ADMIN=self.socket,
                **addresses,
            )
        until(lambda: os.path.exists(self.socket))

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(self.socket)
            admin.sendall(f"{command}\n".encode())
            return admin.makefile().read()

    def rows(self):
        """What it has counted: a row for each server, by the names of both, and for BACKEND."""
        rows = csv.DictReader(self.ask("show stat").removeprefix("# ").splitlines())
        return {f"{row['pxname']}/{row['svname']}": row for row in rows}

    def up(self):
        """The servers that are up."""
        rows = self.rows().items()
        return [
            name for name, row in rows if row["check_status"] and row["status"].startswith("UP")
        ]


class Nginx(Proxy):
    """By a file of this tree; PORT and FOLDER are the proxy's, SERVER is the server."""

    def __init__(self, file, server):
        self.folder = tempfile.TemporaryDirectory()
        port = free_port()
        with open(file) as template:
            text = template.read().replace("FOLDER", self.folder.name).replace("SERVER", server)
        with open(f"{self.folder.name}/nginx.conf", "w") as config:
            config.write(text.replace("PORT", str(port)))
        super().__init__(
            ["/usr/sbin/nginx", "-e", f"{self.folder.name}/log", "-c", config.name], port
        )
