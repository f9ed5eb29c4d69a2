#!/usr/bin/env python3
# check_bench.py - tests these tools on partial results: `check_bench.py SCRATCH [BUILD/bench]`.
# SPDX-License-Identifier: MIT
"""Runs report.py, plot.gp, run.py and server.py on results that lack rows, parsers, servers and
figures, or that are incomplete.  With a folder, checks the files that short runs left in it."""
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys

import run
import server

ROW = dict(ns=100.0, times=[100.0], bytes=200, instructions=300, allocs=0, heap=0)
COST = dict(us=1.0, low=0.9, high=1.1, user=0.3, of_floor=2.0, ours_to_it=0.5)
FAILED = dict.fromkeys(COST)
CALLS = {"64": 2.0, "pipelined 16": None}
CHANGE = dict(old=1.0, new=1.1, delta=0.1, p=0.5, control=0.0,
              control_p=0.9, old_instructions=None, new_instructions=None, result="")


def report(folder, **files):
    """The output of report.py where only these files exist."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, content in files.items():
        path = "%s/%s" % (folder, name.replace("_", "."))
        with open(path, "w") as f:
            f.write(content if isinstance(content, str) else json.dumps(content))
    return subprocess.run([sys.executable, "bench/report.py", folder], stdout=subprocess.PIPE,
                          text=True, check=True).stdout


def row_of(load_256, **more):
    return dict(dict(cost={"64": COST, "256": load_256}, calls=CALLS, latency=[1, 2, 3]), **more)


def check_report(folder):
    nothing = report(folder)
    for target in ("bench", "bench-compare", "bench-server", "check-heap", "report"):
        assert "Not measured: `make %s` writes" % target in nothing, target
    heads = {"head/a/shockwave/avx2": ROW, "head/a/llhttp": ROW, "head/b/shockwave/avx2": ROW}
    text = report(folder, results_json=dict(rows=heads))
    assert "| b | 100 | - |" in text and "unknown compiler" in text, text
    text = report(folder, results_json=dict(rows={"head/a/llhttp": ROW}), stack_txt="")
    assert "allocations" not in text and "stack.txt of `make report` is empty" in text, text
    servers = {"floor": row_of(COST), "microhttpd": row_of(FAILED, latency=[None] * 3),
               "older": dict(cost={"64": COST})}
    text = report(folder, server_json=dict(rows=servers), compare_json=dict(rows={"x": CHANGE}))
    assert "| microhttpd | 1.000 | - | 2.00 | - | - | - | - |" in text, text
    assert "failed its clients: microhttpd at 256, older at 256" in text, text
    assert "| x | 1.0 | 1.1 | +10.0 % | 0.500 | +0.0 % | - |" in text, text
    for broken in ("", "{", "[]", "{}", '{"rows": {}}', '{"rows": {"a'):
        text = report(folder, results_json=broken, server_json=broken, compare_json=broken)
        assert text.count("is incomplete") + text.count("has no rows") == 3, text


def check_server():
    rows = {"floor": row_of(COST), "shockwave": row_of(COST), "microhttpd": row_of(FAILED)}
    for row in rows.values():
        row["cost"]["pipelined 16"] = COST
    rows["microhttpd"]["latency"] = [None] * 3
    cases = [rows, {"microhttpd": rows["microhttpd"]}, {}]
    cases.append(dict(rows, shockwave=dict(rows["microhttpd"])))
    for case in cases:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            server.show(case)
        assert ("fails" in out.getvalue()) == ("microhttpd" in case), out.getvalue()
        for line in server.lines(case):
            assert None not in line, line
    names = [line[:2] for line in server.lines(rows)]
    assert ("cpu/64", "microhttpd") in names and ("cpu/256", "microhttpd") not in names, names
    nan = float("nan")
    samples = {"64": {"shockwave": [1.0, 1.0], "nginx": [2.0, 4.0]}}
    summary = server.summary(samples, {("64", "nginx"): 0.5}, "64", "nginx", set())
    assert summary["of_floor"] is None and summary["ours_to_it"] == 0.375, summary
    assert server.summary(samples, {}, "64", "nginx", {"64"}) == FAILED
    assert server.middle([nan, 2.0]) == 2.0 and server.middle([nan]) is None


def check_plot(folder):
    """A set that is fifty times as fast, and parsers that all lack a set."""
    heads = {"head/%s/%s" % (name, parser): dict(ns=ns) for name, parser, ns in (
        ("a", "picohttpparser", 100), ("a", "shockwave/avx2", 2), ("a", "shockwave/portable", 50),
        ("b", "picohttpparser", 100), ("b", "llhttp", 400), ("b", "shockwave/avx2", 90),
        ("c", "shockwave/avx2", 90))}
    out = io.StringIO()
    run.speeds(heads, out)
    text = out.getvalue()
    assert text.splitlines()[1].split("\t")[0] == "a" and "50.000" in text and "nan" in text, text
    run.speeds({}, io.StringIO())
    with open(folder + "/speeds.tsv", "w") as f:
        f.write(text)
    made = subprocess.run(["gnuplot", "-e", "data='%s/speeds.tsv'; out='%s/plot'" % (
        folder, folder), "bench/plot.gp"], stderr=subprocess.PIPE, text=True)
    assert made.returncode == 0 and "error" not in made.stderr, made.stderr
    for name in ("plot.svg", "plot.png"):
        assert os.path.getsize(folder + "/" + name) > 1000, name


def check_runs(folder):
    """The files of each tool after a short run."""
    for name in ("results.json", "speeds.tsv", "server.json", "server.tsv", "plot.svg", "plot.png",
                 "heap.txt", "core.txt", "stack.txt", "smoke.txt", "report.md"):
        assert os.path.getsize(folder + "/" + name) > 0, name
    with open(folder + "/report.md") as f:
        report_text = f.read()
    for part in ("Baseline", "Changes", "Results", "Escape analysis", "Verification"):
        assert "## %s\n" % part in report_text, part
    for part in ("| shockwave |", "| floor |", "0 blocks in a steady state",
                 "the core links to nothing", "rows right"):
        assert part in report_text, part
    assert "is incomplete" not in report_text and "has no rows" not in report_text, report_text


def main(scratch, folder=None):
    if folder:
        check_runs(folder)
        print("each tool of the benches works in a short run")
        return
    check_report(scratch)
    check_server()
    check_plot(scratch)
    print("the tools of the benches work on partial results")


main(*sys.argv[1:])
