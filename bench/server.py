#!/usr/bin/env python3
# server.py - what a request costs a server, end to end: `server.py BUILD [NAME=COMMAND]...`.
# SPDX-License-Identifier: MIT
"""Measures our server, the lower bound (floor.c), the servers that Debian packages, and minimal
servers on its libraries (servers/), on loopback.  Each has one thread and responds with the same
13 bytes to keep-alive clients (load.c).  The server has the first core, the client another where
there is one.  Each round measures every server for a few hundredths of a second, in random order;
a ratio is of two measurements of the same round.  Further servers are commands in which PORT is
replaced by the port.  Writes BUILD/bench/server.json and server.tsv: measure, server, ours, the
other, ratio."""
import datetime
import json
import math
import os
import pwd
import random
import re
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

import measure

ROUNDS, SECONDS = (2, 0.02) if measure.SHORT else (40, 0.04)
RATE, RATE_ROUNDS, RATE_SECONDS = (2000, 1, 0.2) if measure.SHORT else (10000, 7, 0.5)
LOADS = {"64": (64, 1), "pipelined 16": (64, 16), "256": (256, 1)}
PLAIN = next(iter(LOADS))
CORES = sorted(os.sched_getaffinity(0))

CONFIGS = {
    "nginx": """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{ default_type text/plain; return 200 "Hello, World!"; }}
    }}
}}
""",
    "h2o": """
listen: {{ host: 127.0.0.1, port: {port} }}
num-threads: 1
http1-request-timeout: 60
user: {user}
error-log: {folder}/h2o.log
hosts:
  default:
    paths:
      /: {{ file.dir: {folder}/www }}
""",
    "lighttpd": """
server.port = {port}
server.bind = "127.0.0.1"
server.document-root = "{folder}/www"
server.errorlog = "{folder}/lighttpd.log"
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 60
server.max-connections = 4096
server.max-fds = 8192
mimetype.assign = ( "" => "text/plain" )
""",
    "haproxy": """
global
    nbthread 1
    maxconn 4096
defaults
    mode http
    timeout client 60s
    timeout http-keep-alive 60s
frontend plaintext
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string "Hello, World!"
""",
}
COMMANDS = {
    "floor": "{build}/bench/floor {port}",
    "shockwave": "{build}/shockwave serve --listen 127.0.0.1:{port} --workers 1",
    "nginx": "nginx -c {config}",
    "h2o": "h2o -c {config}",
    "libh2o": "{build}/bench/libh2o {port}",
    "lighttpd": "lighttpd -D -f {config}",
    "haproxy": "haproxy -f {config}",
    "evhttp": "{build}/bench/evhttp {port}",
    "microhttpd": "{build}/bench/microhttpd {port}",
}


# ---- Servers and clients ------------------------------------------------------------------------

def use_real_time_priority():
    """Real-time priority where it is allowed: preemption would disturb caches and times."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pass


def begin(command, core, **pipes):
    return subprocess.Popen(["taskset", "-c", str(core)] + command, stderr=subprocess.DEVNULL,
                            preexec_fn=use_real_time_priority, **pipes)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, command, port):
        self.port, self.command = port, command
        self.process = begin(command, CORES[0], stdout=subprocess.DEVNULL)
        self.clients, self.failed = {}, set()
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            self.stop()
            raise ConnectionError("%s does not listen" % command[0])
        time.sleep(0.3)

    def request(self, load, order):
        """Sends a line to the client of this load and returns its numbers; None once the server
        has failed it."""
        if load in self.failed:
            return None
        client = self.clients.get(load)
        if not client:
            count, depth = LOADS[load]
            client = self.clients[load] = begin(
                [sys.argv[1] + "/bench/load", str(self.port), str(count), str(depth)], CORES[-1],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.request(load, "10")  # connects, and warms the caches
        try:
            client.stdin.write(order + "\n")
            client.stdin.flush()
        except BrokenPipeError:
            pass
        numbers = [float(word) for word in client.stdout.readline().split()]
        if numbers and not numbers[1]:
            return numbers
        print("%s fails its clients: %s" % (self.command[0], load), file=sys.stderr)
        self.failed.add(load)
        return None

    def cpu(self):
        """CPU time of all its threads in nanoseconds; nan after the server has exited."""
        total = 0
        try:
            for thread in os.listdir("/proc/%d/task" % self.process.pid):
                with open("/proc/%d/task/%s/schedstat" % (self.process.pid, thread)) as f:
                    total += int(f.read().split()[0])
        except OSError:
            return math.nan
        return total

    def user_part(self):
        """CPU time in user space, and all, in clock ticks (10 ms: coarse)."""
        try:
            with open("/proc/%d/stat" % self.process.pid) as f:
                user, kernel = (int(word) for word in f.read().rpartition(")")[2].split()[11:13])
        except OSError:
            return 0, 0
        return user, user + kernel

    def close_clients(self):
        """Called before the server's idle timeout expires."""
        for client in self.clients.values():
            stop(client)
        self.clients = {}

    def stop(self):
        self.close_clients()
        stop(self.process)


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def servers(build, further):
    """Yields the name and the server of each one that is installed."""
    folder = os.path.abspath(build) + "/bench/server"
    os.makedirs(folder + "/www", exist_ok=True)
    with open(folder + "/www/plaintext", "w") as f:
        f.write("Hello, World!")
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    commands = dict(COMMANDS, **dict(word.split("=", 1) for word in further))
    for name, command in commands.items():
        port = free_port()
        names = dict(folder=folder, port=port, build=os.path.abspath(build),
                     user=pwd.getpwuid(os.getuid()).pw_name,
                     config="%s/%s.conf" % (folder, name))
        if name in CONFIGS:
            with open(names["config"], "w") as f:
                f.write(CONFIGS[name].format(**names))
        if name in COMMANDS:
            command = command.format(**names)
        words = shlex.split(command.replace("PORT", str(port)))
        words[0] = shutil.which(words[0], path=path)
        if not words[0]:
            print("%s is not installed" % name, file=sys.stderr)
            continue
        try:
            yield name, Server(words, port)
        except ConnectionError as reason:
            print("%s is omitted: %s" % (name, reason), file=sys.stderr)


# ---- Measures -----------------------------------------------------------------------------------

def cost(server, load):
    """CPU time of one request in microseconds."""
    before = server.cpu()
    numbers = server.request(load, "%g" % (SECONDS * 1000))
    time.sleep(0.002)  # the server may still be working
    taken = server.cpu() - before
    time.sleep(SECONDS / 2)  # for other processes of this machine
    return taken / numbers[0] / 1000 if numbers else math.nan


def costs(running):
    """For each load and server: its cost in each round, and the share of user space."""
    samples = {load: {name: [] for name in running} for load in LOADS}
    parts = {}
    for load in LOADS:
        before = {name: server.user_part() for name, server in running.items()}
        for _ in range(ROUNDS):
            for name in random.sample(list(running), len(running)):
                samples[load][name].append(cost(running[name], load))
        for name, server in running.items():
            user, both = (b - a for a, b in zip(before[name], server.user_part()))
            parts[load, name] = user / max(both, 1)
            server.close_clients()
    return samples, parts


def calls(server, load, folder):
    """System calls per request.  strace slows the server, which does not change their number."""
    if not shutil.which("strace") or not server.request(load, "10"):
        return None
    out = folder + "/strace"
    if os.path.exists(out):
        os.remove(out)
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", out, "-p", str(server.process.pid)],
                              stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    numbers = server.request(load, "500")
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    server.close_clients()
    if not os.path.exists(out):
        return None
    with open(out) as f:
        total = re.search(r"^\s*100\.00\s+\S+\s+\S+\s+(\d+).*total$", f.read(), re.M)
    return int(total[1]) / numbers[0] if total and numbers else None


def latencies(running):
    """p50, p99 and p99.9 in us, of 64 connections that together send RATE requests a second."""
    rounds = {name: [] for name in running}
    for _ in range(RATE_ROUNDS):
        for name in random.sample(list(running), len(running)):
            numbers = running[name].request(PLAIN, "%g %d" % (RATE_SECONDS * 1000, RATE))
            rounds[name].append(numbers[2:] if numbers else [math.nan] * 3)
            time.sleep(RATE_SECONDS / 4)
    for server in running.values():
        server.close_clients()
    return {name: [middle(column) for column in zip(*lines)] for name, lines in rounds.items()}


def middle(numbers):
    """The median of the numbers that are not nan; None where there are none (JSON has no nan)."""
    measured = [number for number in numbers if not math.isnan(number)]
    return statistics.median(measured) if measured else None


def summary(samples, parts, load, name, failed):
    if load in failed:
        return dict.fromkeys(("us", "low", "high", "user", "of_floor", "ours_to_it"))
    own, floor, ours = (samples[load].get(which, ()) for which in (name, "floor", "shockwave"))
    low, middle, high = statistics.quantiles(own, n=4)
    return dict(us=middle, low=low, high=high, user=middle * parts[load, name],
                of_floor=middle_ratio(own, floor), ours_to_it=middle_ratio(ours, own))


def middle_ratio(these, those):
    """The median ratio over the rounds in which both were measured; None where there are none."""
    return middle([a / b if b else math.nan for a, b in zip(these, those)])


# ---- Output -------------------------------------------------------------------------------------

def show(rows):
    print("CPU us for one request, of them in user space, and of the floor's all; system calls\n"
          "for one, alone and pipelined; latency in us at %d requests a second\n" % RATE)
    print("%-10s  %-20s  %-20s  %-20s  %10s  %20s" % (
        ("",) + tuple(LOADS) + ("calls", "p50   p99  p99.9")))
    for name, row in rows.items():
        cells = ["fails" if c["us"] is None else "%6.3f %6.3f %6s" %
                 (c["us"], c["user"], text("%.3f", c["of_floor"])) for c in row["cost"].values()]
        print("%-10s  %-20s  %-20s  %-20s  %5s %5s  %6s %6s %6s" % (
            (name,) + tuple(cells) + tuple(text("%.2f", n) for n in row["calls"].values()) +
            tuple(text("%.0f", n) for n in row["latency"])))
    spreads = [(c["high"] - c["low"]) / c["us"] for row in rows.values()
               for c in row["cost"].values() if c["us"]]
    print("\nMedians of %d rounds of %d ms" % (ROUNDS, SECONDS * 1000), end="")
    if spreads:
        print("; the middle half of a row's samples spans %.1f %%" %
              (statistics.median(spreads) * 100), end="")
    print(".")


def text(form, number):
    return "-" if number is None else form % number


def lines(rows):
    """measure, server, ours, the other, ratio"""
    ours = rows.get("shockwave")
    for name, row in rows.items():
        if name == "shockwave" or not ours:
            continue
        for load in LOADS:
            if row["cost"][load]["ours_to_it"] is None or ours["cost"][load]["us"] is None:
                continue
            yield ("cpu/" + load, name, ours["cost"][load]["us"], row["cost"][load]["us"],
                   row["cost"][load]["ours_to_it"])
        for load, n in row["calls"].items():
            if n and ours["calls"][load]:
                yield "calls/" + load, name, ours["calls"][load], n, ours["calls"][load] / n
        for label, a, b in zip(("p50", "p99", "p99.9"), ours["latency"], row["latency"]):
            if a and b:
                yield label, name, a, b, a / b


def main(build, *further):
    folder = os.path.abspath(build) + "/bench/server"
    running = {}
    try:
        for name, server in servers(build, further):
            running[name] = server
        samples, parts = costs(running)
        late = latencies(running)
        rows = {name: dict(cost={load: summary(samples, parts, load, name, server.failed)
                                 for load in LOADS},
                           calls={load: calls(server, load, folder)
                                  for load in (PLAIN, "pipelined 16")},
                           latency=late[name])
                for name, server in running.items()}
    finally:
        for server in running.values():
            server.stop()
    about = dict(date=datetime.datetime.now().isoformat(timespec="minutes"), rate=RATE,
                 load=os.getloadavg(), **measure.machine())
    with open(build + "/bench/server.json", "w") as f:
        json.dump(dict(about=about, rows=rows), f, indent=1)
    with open(build + "/bench/server.tsv", "w") as f:
        f.writelines("%s\t%s\t%.3f\t%.3f\t%.3f\n" % line for line in lines(rows))
    show(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
