"""scale.py - servers are replaced under load, and no client notices.

In each trial a load runs for as long as servers come and go, and for 200 000 requests at least.
None of them may fail, and every server that goes must go cleanly.

    python3 tests/system/scale.py [TRIAL]...
"""
# SPDX-License-Identifier: MIT
import subprocess
import sys
import time

from proxies import HAProxy, listen
from trial import BUILD, Server, load_end, until

REQUESTS = 200_000
ROUNDS = 5
NOWHERE = "127.0.0.1:1"
PAUSE = 250  # milliseconds: the idle are closed after a tenth of a second when their server leaves


def begin_load(port, connections, requests, pause=0):
    """Clients that reconnect after 20 requests each."""
    numbers = [port, connections, requests, 20, ROUNDS + 1, pause]
    command = [f"{BUILD}/load", *map(str, numbers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def begin_loads(port):
    """Half of the clients are in a hurry; the others are mostly idle."""
    return [begin_load(port, 64, REQUESTS), begin_load(port, 200, 0, PAUSE)]


def end_loads(loads):
    figures = [load_end(load) for load in loads]
    requests, failed = (sum(each[name] for each in figures) for name in ("requests", "failed"))
    longest = max(each["longest"] for each in figures) / 1000
    return failed, f"{failed} of {requests} requests failed, the longest took {longest:.0f} ms"


# ---- The clients come to the server itself -------------------------------------------------------


def beside():
    """The new server listens on the same port before the old one leaves."""
    options = ("workers=2", "shared=1")
    server = Server(*options)
    load, statuses = begin_load(server.port, 64, REQUESTS), []
    for _ in range(ROUNDS):
        time.sleep(1)
        new = Server(*options, f"port={server.port}")
        statuses.append(server.stop())
        server = new
    return *end_loads([load]), [*statuses, server.stop()]


def alternate(begin, listener, *options):
    """Old and new have one listening socket, which stays open: the order does not matter."""
    server = Server(*options, listener=listener)
    loads, statuses = begin(), []
    for i in range(ROUNDS):
        time.sleep(1)
        if i % 2:
            statuses.append(server.stop())
            server = Server(*options, listener=listener)
        else:
            new = Server(*options, listener=listener)
            statuses.append(server.stop())
            server = new
    return *end_loads(loads), [*statuses, server.stop()]


def by_hand_over():
    with listen() as listener:
        port = listener.getsockname()[1]
        return alternate(lambda: [begin_load(port, 64, REQUESTS)], listener, "workers=2")


# ---- They come through HAProxy, by the file that is our example ----------------------------------


EXAMPLE = "tests/system/haproxy.cfg"


def report_retries(proxy):
    rows = proxy.rows()["servers/BACKEND"]
    return f"; HAProxy tried {rows['wredis']} elsewhere, {rows['eresp']} had no reply at first"


def through_haproxy():
    """Each of three; in the second round the new one listens before the old one stops."""
    options = ("workers=1", "proxied=2", "shared=1")
    servers = {name: Server(*options) for name in "abc"}
    addresses = {n.upper(): f"127.0.0.1:{s.port}" for n, s in servers.items()}
    with HAProxy(EXAMPLE, **addresses) as proxy:
        until(lambda: len(proxy.up()) == 3)
        loads, statuses = begin_loads(proxy.port), []
        for beside in (False, True):
            for name, old in servers.items():
                time.sleep(0.5)
                if not beside:
                    statuses.append(old.stop())
                servers[name] = Server(*options, f"port={old.port}")
                if beside:
                    statuses.append(old.stop())
                until(lambda: len(proxy.up()) == 3)
        failed, text = end_loads(loads)
        text += report_retries(proxy)
    return failed, text, [*statuses, *(server.stop() for server in servers.values())]


def by_hand_over_through_haproxy():
    """The only server that there is: no other can accept its connections."""
    with listen() as listener:
        here = f"127.0.0.1:{listener.getsockname()[1]}"
        with HAProxy(EXAMPLE, A=here, B=NOWHERE, C=NOWHERE) as proxy:

            def begin():
                until(lambda: proxy.up() == ["servers/a"])
                return begin_loads(proxy.port)

            failed, text, statuses = alternate(begin, listener, "workers=2", "proxied=2")
            return failed, text + report_retries(proxy), statuses


TRIALS = (beside, by_hand_over, through_haproxy, by_hand_over_through_haproxy)


def main():
    wanted, failures = sys.argv[1:], 0
    for trial in TRIALS:
        if wanted and trial.__name__ not in wanted:
            continue
        failed, text, statuses = trial()
        unclean = sum(map(bool, statuses))
        failures += failed > 0 or unclean > 0
        name = trial.__name__.replace("_", " ")
        print(f"{name}: {text}; {len(statuses)} servers left, {unclean} not cleanly", flush=True)
    sys.exit(failures > 0)


main()
