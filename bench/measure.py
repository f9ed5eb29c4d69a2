# measure.py - runs the benches and reads their results, for the other programs here.
# SPDX-License-Identifier: MIT
import glob
import json
import os
import re
import shutil
import statistics
import subprocess

# BENCH_SHORT=1 tests the tools: each measurement takes seconds, and its figures mean nothing.
SHORT = os.environ.get("BENCH_SHORT", "") not in ("", "0")


def timed(program, inputs, repetitions, seconds, only=".", options=()):
    """The CPU time per operation of each row in ns, one for each repetition, and its counters.
    All rows run once, in random order, before any runs again."""
    out = subprocess.run([program, inputs, *options, "--benchmark_repetitions=%d" % repetitions,
                          "--benchmark_enable_random_interleaving=true",
                          "--benchmark_filter=" + only,
                          "--benchmark_min_time=%g" % seconds, "--benchmark_format=json"],
                         stdout=subprocess.PIPE, check=True).stdout
    rows = {}
    for run in json.loads(out)["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        if run.get("error_occurred"):
            raise SystemExit("%s: %s" % (run["name"], run["error_message"]))
        row = rows.setdefault(run["run_name"], dict(ns=[], allocs=0, heap=0, bytes=run["bytes"]))
        row["ns"].append(run["cpu_time"])
        row["allocs"] = max(row["allocs"], run["allocs"])
        row["heap"] = max(row["heap"], run["heap"])
    return rows


def counted(program, inputs, options=()):
    """Instructions per operation of each row, by callgrind; nothing where there is no valgrind."""
    if not shutil.which("valgrind"):
        return {}
    out = program + ".callgrind"
    for old in glob.glob(out + "*"):
        os.remove(old)
    # Without its debug information, which not every valgrind can read of every compiler.
    subprocess.run(["strip", "-g", "-o", out + "-program", program], check=True)
    done = subprocess.run(["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no",
                           "--callgrind-out-file=" + out, out + "-program", "--count", *options,
                           inputs], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit("valgrind cannot count the instructions of %s: %s" % (
            program, (done.stderr.strip().splitlines() or ["no reason given"])[-1]))
    rows = {}
    for name in glob.glob(out + ".*"):
        with open(name) as f:
            text = f.read()
        title = re.search(r"^desc: Trigger: Client Request: (\S+) (\d+)$", text, re.M)
        total = re.search(r"^totals: (\d+)", text, re.M)
        if title and total:
            rows[title[1]] = int(total[1]) / int(title[2])
    return rows


def parts(name):
    """bench/set/parser and, for ours, the variant."""
    return (name.split("/") + [""])[:4]


def place(word, words):
    return words.index(word) if word in words else len(words)


def order(name):
    """Rotating sets first; ours before the others, the fastest variant first."""
    bench, group, parser, variant = parts(name)
    benches = ["head", "header", "body", "write", "route"]
    sets = ["rot", "rotresp", "min", "wrk", "json", "browser", "proxied", "fields"]
    parsers = ["shockwave", "picohttpparser", "llhttp", "httparse"]
    variants = ["avx512", "avx2", "sse42"]
    kind, number = re.fullmatch(r"(.*?)(\d*)", group).groups()
    return (place(bench, benches), place(kind, sets), kind, int(number or 0),
            place(parser, parsers), parser, place(variant, variants))


def median(row):
    return statistics.median(row["ns"])


def compiler():
    """gcc 12, clang 14, ..."""
    text = subprocess.run([os.environ.get("CC", "cc"), "--version"], capture_output=True, text=True,
                          check=True).stdout
    version = re.search(r"(\d+)\.\d+\.\d+", text)
    return "%s %s" % ("clang" if "clang" in text else "gcc", version[1] if version else "?")


def machine():
    with open("/proc/cpuinfo") as f:
        text = f.read()
    model = re.search(r"^model name\s*: (.*)", text, re.M)
    return dict(cpu=model[1] if model else "unknown", cores=os.cpu_count(), avx512="avx512" in text)
