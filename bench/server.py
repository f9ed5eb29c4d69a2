#!/usr/bin/env python3
# server.py - what a request costs a server, end to end: `server.py BUILD`.
# SPDX-License-Identifier: MIT
"""Our server, the floor under all servers (floor.c), nginx and h2o, on loopback, each one process
with one thread, answering the same 13 bytes to keep-alive clients.  They take turns.  The
server has the first core, the client another where there is one.  Writes
BUILD/bench/server.json."""
import datetime
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

import measure

ROUNDS, SECONDS, RATE = 3, 2, 10000
LOADS = {"64": ["-c64"], "pipelined 16": ["-c64", "-s", "bench/pipeline.lua"], "256": ["-c256"]}
CORES = sorted(os.sched_getaffinity(0))
TICKS = os.sysconf("SC_CLK_TCK")

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{ default_type text/plain; return 200 "Hello, World!"; }}
    }}
}}
"""
H2O = """
listen: {{ host: 127.0.0.1, port: {port} }}
num-threads: 1
user: {user}
error-log: {folder}/h2o.log
hosts:
  default:
    paths:
      /: {{ file.dir: {folder}/www }}
"""


def servers(build, folder):
    """Name, port and command of each that is there."""
    port, user = 18100, "root" if os.getuid() == 0 else "nobody"
    os.makedirs(folder + "/www", exist_ok=True)
    with open(folder + "/www/plaintext", "w") as f:
        f.write("Hello, World!")
    for name, form, at in (("nginx", NGINX, port + 2), ("h2o", H2O, port + 3)):
        with open("%s/%s.conf" % (folder, name), "w") as f:
            f.write(form.format(folder=folder, port=at, user=user))
    commands = [("shockwave", [build + "/shockwave", "-p", str(port)]),
                ("floor", [build + "/bench/floor", str(port + 1)]),
                ("nginx", ["nginx", "-c", folder + "/nginx.conf"]),
                ("h2o", ["h2o", "-c", folder + "/h2o.conf"])]
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    for i, (name, command) in enumerate(commands):
        program = shutil.which(command[0], path=path)
        if program:
            yield name, port + i, [os.path.abspath(program)] + command[1:]


def start(port, command):
    process = subprocess.Popen(["taskset", "-c", str(CORES[0])] + command,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise SystemExit("%s does not listen" % command[0])


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu(pid):
    """Seconds in user space, and in all."""
    with open("/proc/%d/stat" % pid) as f:
        user, kernel = f.read().rpartition(")")[2].split()[11:13]
    return int(user) / TICKS, (int(user) + int(kernel)) / TICKS


def wrk(port, options, seconds):
    """Requests answered, rightly all of them."""
    out = subprocess.run(["taskset", "-c", str(CORES[-1]), "wrk", "-t1", "-d%d" % seconds, *options,
                          "http://127.0.0.1:%d/plaintext" % port], capture_output=True, text=True,
                         check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        print(out, file=sys.stderr)
    return int(re.search(r"(\d+) requests in", out)[1])


def cost(process, port, options):
    """Microseconds of CPU for one request, and of them those in user space."""
    before = cpu(process.pid)
    requests = wrk(port, options, SECONDS)
    user, both = (b - a for a, b in zip(before, cpu(process.pid)))
    return both / requests * 1e6, user / requests * 1e6


def calls(process, port, folder):
    """System calls for one request.  strace slows the server, which makes no difference to them."""
    out = folder + "/strace"
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", out, "-p", str(process.pid)],
                              stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    requests = wrk(port, LOADS["64"], 1)
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    with open(out) as f:
        total = re.search(r"^\s*100\.00\s+\S+\s+\S+\s+(\d+).*total$", f.read(), re.M)
    return int(total[1]) / requests if total else None


def latency(port, folder):
    """p50, p99 and p99.9 in us of 64 clients that together ask RATE times a second."""
    log = folder + "/h2load.log"
    if os.path.exists(log):
        os.remove(log)
    subprocess.run(["taskset", "-c", str(CORES[-1]), "h2load", "--h1", "-t1", "-c64", "-D3",
                    "--rps=%g" % (RATE / 64), "--log-file=" + log,
                    "http://127.0.0.1:%d/plaintext" % port], stdout=subprocess.DEVNULL, check=True)
    with open(log) as f:
        times = sorted(int(line.split("\t")[2]) for line in f)
    return [times[min(len(times) - 1, int(len(times) * p))] for p in (0.5, 0.99, 0.999)]


def main(build):
    folder = os.path.abspath(build) + "/bench/server"
    os.makedirs(folder, exist_ok=True)
    running = {}
    try:
        for name, port, command in servers(build, folder):
            running[name] = start(port, command), port
        costs = {name: {load: [] for load in LOADS} for name in running}
        for _ in range(ROUNDS):
            for load, options in LOADS.items():
                for name, (process, port) in running.items():
                    costs[name][load].append(cost(process, port, options))
        rows = {name: dict(cost={load: [statistics.median(x) for x in zip(*samples)]
                                 for load, samples in costs[name].items()},
                           calls=calls(process, port, folder), latency=latency(port, folder))
                for name, (process, port) in running.items()}
    finally:
        for process, _ in running.values():
            stop(process)
    about = dict(date=datetime.datetime.now().isoformat(timespec="minutes"), rate=RATE,
                 load=os.getloadavg(), **measure.machine())
    with open(build + "/bench/server.json", "w") as f:
        json.dump(dict(about=about, rows=rows), f, indent=1)
    show(rows)


def show(rows):
    print("CPU us for one request (of them in user space, of the floor's all), system calls for\n"
          "one, latency in us at %d requests a second\n" % RATE)
    print("%-10s %-20s %-20s %-20s %6s %7s %7s %7s" % (
        ("",) + tuple(LOADS) + ("calls", "p50", "p99", "p99.9")))
    for name, row in rows.items():
        cells = []
        for load in LOADS:
            both, user = row["cost"][load]
            floor = rows["floor"]["cost"][load][0]
            cells.append("%6.3f %6.3f %5.2f" % (both, user, both / floor))
        print("%-10s %-20s %-20s %-20s %6s %7d %7d %7d" % (
            (name,) + tuple(cells) + ("%.2f" % row["calls"] if row["calls"] else "-",)
            + tuple(row["latency"])))


main(*sys.argv[1:])
