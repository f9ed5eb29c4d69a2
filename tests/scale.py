"""scale.py - servers are replaced under load: who asks must not notice.

In each trial a load runs for as long as servers come and go, and for 200 000 requests at least.
None of them may fail, and every server that goes must go cleanly.
"""
# SPDX-License-Identifier: MIT
import socket
import sys
import time

from trial import Server, load_end

ROUNDS = 5


def begin_load(server):
    return server.load(64, 200_000, per_connection=20, seconds=ROUNDS + 1)


def replace_beside():
    """The new server listens on the same port before the old one leaves."""
    server = Server("workers=2", "shared=1")
    load, statuses = begin_load(server), []
    for _ in range(ROUNDS):
        time.sleep(1)
        new = Server("workers=2", "shared=1", f"port={server.port}")
        statuses.append(server.leave())
        server = new
    return load_end(load), [*statuses, server.leave()]


def replace_by_hand_over():
    """Old and new have one listening socket, which stays open: it does not matter who is first."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        server = Server("workers=2", listener=listener)
        load, statuses = begin_load(server), []
        for i in range(ROUNDS):
            time.sleep(1)
            if i % 2:
                statuses.append(server.leave())
                server = Server("workers=2", listener=listener)
            else:
                new = Server("workers=2", listener=listener)
                statuses.append(server.leave())
                server = new
        return load_end(load), [*statuses, server.leave()]


def main():
    failed = False
    for trial in (replace_beside, replace_by_hand_over):
        figures, statuses = trial()
        failed |= figures["failed"] > 0 or any(statuses)
        print(
            f"{trial.__name__}: {figures['failed']} of {figures['requests']} requests failed, "
            f"the longest took {figures['longest'] / 1000:.0f} ms; "
            f"{len(statuses)} servers left, {sum(map(bool, statuses))} of them not cleanly",
            flush=True,
        )
    sys.exit(failed)


main()
