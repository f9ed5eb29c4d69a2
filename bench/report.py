#!/usr/bin/env python3
# report.py - the Performance Optimization Report, in Markdown: `report.py BUILD/bench > report.md`.
# SPDX-License-Identifier: MIT
"""Made from the files that the other targets wrote to BUILD/bench; where one is missing, the report
names the target that writes it."""
import json
import os
import re
import sys

import measure


def read(folder, name, target):
    """The content of the file; or None, after a line that names the target that writes it."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        print("Not measured: `make %s` writes %s.\n" % (target, name))
        return None
    with open(path) as f:
        text = f.read().rstrip()
    if not name.endswith(".json"):
        if not text:
            print("Nothing measured: %s of `make %s` is empty.\n" % (name, target))
        return text
    try:
        results = json.loads(text)
        if results["rows"]:
            return results
        print("Nothing measured: %s of `make %s` has no rows.\n" % (name, target))
    except (ValueError, KeyError, TypeError):
        print("Not measured: %s of `make %s` is incomplete.\n" % (name, target))
    return None


def form(pattern, number):
    """A number, or - for one that was not measured."""
    return "-" if number is None or number != number else pattern % number


class About(dict):
    """The description of a run; a missing part is unknown."""

    def __missing__(self, key):
        return "unknown " + key


def table(heading, lines):
    print("| %s |" % " | ".join(heading))
    print("|---|" + "--:|" * (len(heading) - 1))
    for line in lines:
        print("| %s |" % " | ".join(line))
    print()


def heads(results):
    """The ns of each parser, by set."""
    rows = {name: row for name, row in results["rows"].items() if name.startswith("head/")}
    parsers = list(dict.fromkeys(name.split("/", 2)[2] for name in rows))
    sets = list(dict.fromkeys(measure.parts(name)[1] for name in rows))
    return parsers, [[group] + [form("%.0f", rows.get("head/%s/%s" % (group, parser), {}).get("ns"))
                                for parser in parsers] for group in sets]


def baseline(folder):
    print("## Baseline\n")
    results = read(folder, "results.json", "bench")
    if results:
        print("{revision}, {compiler}, {cpu}, {cores} cores, {date}.  ns for one head, medians of\n"
              "one interleaved run (`make bench`).\n".format_map(About(results.get("about", {}))))
        parsers, lines = heads(results)
        table(["set"] + parsers, lines)
    return results


def changes(folder):
    print("## Changes\n")
    compared = read(folder, "compare.json", "bench-compare")
    if compared:
        print("This tree against %s (`make bench-compare`); A/A is the old one against itself.\n"
              % compared.get("base", "an older one"))
        table(["row", "old ns", "new ns", "delta", "p", "A/A", "instructions", ""],
              [[name.replace("/shockwave", ""), form("%.1f", row.get("old")),
                form("%.1f", row.get("new")), percent(row.get("delta")), form("%.3f", row.get("p")),
                percent(row.get("control")), percent(row.get("more")), row.get("result", "")]
               for name, row in compared["rows"].items()])


def percent(part):
    return "-" if part is None else "%+.1f %%" % (part * 100)


def results_of(folder, results):
    print("## Results\n")
    if results:
        rows = results["rows"]
        print("Ours alone.\n")
        table(["row", "ns", "GB/s", "instructions"],
              [[name.replace("/shockwave", ""), form("%.1f", row.get("ns")),
                "%.2f" % (row["bytes"] / row["ns"]) if row.get("bytes") and row.get("ns") else "",
                "%.0f" % row["instructions"] if row.get("instructions") else ""]
               for name, row in rows.items() if "/shockwave/" in name])
    server = read(folder, "server.json", "bench-server")
    if server:
        servers_of(server["rows"], About(server.get("about", {})))


def servers_of(rows, about):
    """One row for each server; a load that it fails, and what could not be measured, are "-"."""
    loads = list(dict.fromkeys(load for row in rows.values() for load in row.get("cost", {})))
    call_loads = list(dict.fromkeys(load for row in rows.values() for load in row.get("calls", {})))
    times = ["p50", "p99", "p99.9"]
    print("CPU us for one request by load (connections), system calls for one by load, latency in\n"
          "us at {rate} requests a second; {date}.\n".format_map(about))
    table(["server"] + loads + ["calls, " + load for load in call_loads] + times,
          [[name] + [form("%.3f", row.get("cost", {}).get(load, {}).get("us")) for load in loads]
           + [form("%.2f", row.get("calls", {}).get(load)) for load in call_loads]
           + [form("%d", t) for t in row.get("latency", [None] * len(times))]
           for name, row in rows.items()])
    failed = ["%s at %s" % (name, load) for name, row in rows.items() for load in loads
              if row.get("cost", {}).get(load, {}).get("us") is None]
    if failed:
        print("Not measured, or the server failed its clients: %s.\n" % ", ".join(failed))


def escape(folder, results):
    print("## Escape analysis\n")
    ours = [row for name, row in results["rows"].items() if "/shockwave/" in name and
            "allocs" in row and "heap" in row] if results else []
    if ours:
        print("%g allocations and %g bytes, the maxima over %d rows.\n" % (
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
    print("The benches check the result of every operation, and before timing that all parsers\n"
          "find the same spans.\n")
    for name, target in (("smoke.txt", "report"), ("../test.log", "test, from .ci/run,")):
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
