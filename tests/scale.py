"""scale.py - servers are replaced under load: who asks must not notice.

    python3 tests/scale.py TRIAL_SERVER LOAD

In each trial a load runs for as long as servers come and go, and for 200 000 requests at least.
None of them may fail, and every server that goes must go cleanly.
"""
# SPDX-License-Identifier: MIT
import os
import signal
import socket
import subprocess
import sys
import time

SERVER, LOAD = sys.argv[1:3]
REQUESTS = 200_000


class Server:
    """A trial server; with a listening socket it is started as a service manager would do it."""

    def __init__(self, *options, listener=None):
        environment = dict(os.environ)
        command = [SERVER, "workers=2", *options]
        prepare, inherited = None, ()
        if listener:
            environment["LISTEN_FDS"] = "1"
            command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command]
            inherited = (3,)

            def prepare():
                os.dup2(listener.fileno(), 3)

        self.process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=prepare,
            pass_fds=inherited,
        )
        self.port = int(self.process.stdout.readline())

    def leave(self):
        """Have it leave; returns what it exited with."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


class Load:
    def __init__(self, port, seconds):
        command = [LOAD, str(port), "64", str(REQUESTS), "20", str(seconds)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def end(self):
        return self.process.communicate(timeout=120)[0].strip()


def replace_beside():
    """The new server listens on the same port before the old one leaves."""
    server = Server("shared=1")
    port, statuses = server.port, []
    load = Load(port, 6)
    for _ in range(5):
        time.sleep(1)
        new = Server("shared=1", f"port={port}")
        statuses.append(server.leave())
        server = new
    figures = load.end()
    statuses.append(server.leave())
    return figures, statuses


def replace_by_hand_over():
    """Old and new have one listening socket, which stays open."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        server, statuses = Server(listener=listener), []
        load = Load(listener.getsockname()[1], 6)
        for i in range(5):
            time.sleep(1)
            if i % 2:  # the new one first, or the old one: the queue waits for it
                statuses.append(server.leave())
                server = Server(listener=listener)
            else:
                new = Server(listener=listener)
                statuses.append(server.leave())
                server = new
        figures = load.end()
        statuses.append(server.leave())
    return figures, statuses


def main():
    failed = False
    for trial in (replace_beside, replace_by_hand_over):
        figures, statuses = trial()
        wrong = ", 0 failed," not in figures or any(statuses)
        failed |= wrong
        print(f"{trial.__name__}: {figures}; {len(statuses)} servers left with {set(statuses)}")
    sys.exit(failed)


main()
