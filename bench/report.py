#!/usr/bin/env python3
# report.py - the Performance Optimization Report, in Markdown: `report.py BUILD/bench > report.md`.
# SPDX-License-Identifier: MIT
"""Put together from what the other targets left in BUILD/bench; a part whose file is missing says
which target writes it."""
import json
import os
import re
import sys

import measure


def read(folder, name, target):
    """The file, read as what it is; or None, with a line that says how to come by it."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        print("Not measured: `make %s` writes %s.\n" % (target, name))
        return None
    with open(path) as f:
        return json.load(f) if name.endswith(".json") else f.read().rstrip()


def table(heading, lines):
    print("| %s |" % " | ".join(heading))
    print("|---|" + "--:|" * (len(heading) - 1))
    for line in lines:
        print("| %s |" % " | ".join(line))
    print()


def heads(results):
    """Set by set, each parser's ns."""
    rows = {name: row for name, row in results["rows"].items() if name.startswith("head/")}
    whos = list(dict.fromkeys(name.split("/", 2)[2] for name in rows))
    sets = list(dict.fromkeys(measure.parts(name)[1] for name in rows))
    return whos, [[group] + ["%.0f" % rows["head/%s/%s" % (group, who)]["ns"] for who in whos]
                  for group in sets]


def baseline(folder):
    print("## Baseline\n")
    results = read(folder, "results.json", "bench")
    if results:
        print("{revision}, {compiler}, {cpu}, {cores} cores, {date}.  ns for one head, medians of\n"
              "one interleaved run (`make bench`).\n".format(**results["about"]))
        whos, lines = heads(results)
        table(["set"] + whos, lines)
    return results


def changes(folder):
    print("## Changes\n")
    compared = read(folder, "compare.json", "bench-compare")
    if compared:
        print("This tree against %s (`make bench-compare`); A/A is the old one against itself.\n"
              % compared["base"])
        table(["row", "old ns", "new ns", "delta", "p", "A/A", "instructions", ""],
              [[name.replace("/shockwave", ""), "%.1f" % row["old"], "%.1f" % row["new"],
                "%+.1f %%" % (row["delta"] * 100), "%.3f" % row["p"],
                "%+.1f %%" % (row["control"] * 100),
                "%+.1f %%" % (row.get("more", 0) * 100), row["verdict"]]
               for name, row in compared["rows"].items()])


def results_of(folder, results):
    print("## Results\n")
    if results:
        rows = results["rows"]
        print("Ours alone.\n")
        table(["row", "ns", "GB/s", "instructions"],
              [[name.replace("/shockwave", ""), "%.1f" % row["ns"],
                "%.2f" % (row["bytes"] / row["ns"]) if row["bytes"] else "",
                "%.0f" % row["instructions"] if row["instructions"] else ""]
               for name, row in rows.items() if "/shockwave/" in name])
    server = read(folder, "server.json", "bench-server")
    if server:
        loads = list(next(iter(server["rows"].values()))["cost"])
        print("CPU us for one request by load (connections), system calls for one, latency in us\n"
              "at %d requests a second; %s.\n" % (server["about"]["rate"], server["about"]["date"]))
        table(["server"] + loads + ["calls", "p50", "p99", "p99.9"],
              [[name] + ["%.3f" % row["cost"][load][0] for load in loads]
               + ["%.2f" % row["calls"] if row["calls"] else ""]
               + ["%d" % t for t in row["latency"]]
               for name, row in server["rows"].items()])


def escape(folder, results):
    print("## Escape analysis\n")
    if results:
        ours = [row for name, row in results["rows"].items() if "/shockwave/" in name]
        print("%g allocations and %g bytes at most in any of %d rows.\n" % (
            max(row["allocs"] for row in ours), max(row["heap"] for row in ours), len(ours)))
    for name, target in (("heap.txt", "check-heap"), ("core.txt", "report")):
        text = read(folder, name, target)
        if text:
            print("```\n%s\n```\n" % text)
    text = read(folder, "stack.txt", "report")
    if text:
        lines = [line.strip() for line in text.splitlines()]
        paths = [line for line in lines if re.match(r"\d+ +sw_", line)]
        deepest = sorted(paths, key=lambda path: -int(path.split()[0]))[:8]
        others = [line for line in lines if line not in paths]
        print("Bytes of stack, the deepest calls:\n\n```\n%s\n```\n" % "\n".join(deepest + others))


def verification(folder):
    print("## Verification\n")
    print("The benches look at the result of every operation, and hold every parser to the same\n"
          "spans before it is timed.\n")
    for name, target in (("smoke.txt", "report"), ("../test.log", "test, by way of .ci/run,")):
        text = read(folder, name, target)
        if text and name == "smoke.txt":
            print("```\n%s\n```\n" % text)
        elif text:
            lines = [line for line in text.splitlines() if "Checks:" in line or " passed, " in line]
            print("```\n%s\n```\n" % "\n".join(lines))


def main(folder):
    print("# Performance Optimization Report\n")
    results = baseline(folder)
    changes(folder)
    results_of(folder, results)
    escape(folder, results)
    verification(folder)


main(*sys.argv[1:])
