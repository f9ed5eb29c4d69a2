#!/usr/bin/env python3
# run.py - all rows, of all parsers, in one interleaved run: `run.py BUILD/bench [CORPUS]`.
# SPDX-License-Identifier: MIT
"""Prints a table and writes results.json, speeds.tsv and ratios.tsv into BUILD/bench.  A line of
the last is set, our variant, the other parser, and the ratio ours / the other, separated by tabs;
there is no heading."""
import datetime
import json
import math
import os
import subprocess
import sys

import measure

REPETITIONS, SECONDS = (2, 0.0005) if measure.SHORT else (30, 0.005)
OMITS = """
ours / other: CPU time, medians of %d interleaved repetitions.  Ours checks every byte of every
head by the grammar, its target and Host included, names each method and field by id, and indexes
them.
picohttpparser, httparse: spans; no ids, no index, targets and Host unchecked.
llhttp, http_parser: spans and ids of methods; none of fields but the framing ones, whose values
they interpret; targets and Host as good as unchecked.
-in-place: a fresh copy of the input is part of each operation, for every parser.""" % REPETITIONS


def pairs_of(rows):
    """Each row of ours with each row of another parser on the same set."""
    for name in rows:
        bench, group, parser, _ = measure.parts(name)
        if parser == "shockwave":
            for other in rows:
                if other.startswith("%s/%s/" % (bench, group)) and "/shockwave/" not in other:
                    yield name, other


def table(rows):
    heading = ("set", "parser", "ns", "least", "GB/s", "instr", "allocs", "heap")
    others = list(dict.fromkeys(measure.parts(other)[2] for _, other in pairs_of(rows)))
    short = {"picohttpparser": "pico", "http_parser": "http_p"}
    lines, last = [], None
    for name, row in rows.items():
        bench, group, parser, variant = measure.parts(name)
        ours = parser == "shockwave"
        line = ["" if (bench, group) == last else group, parser + " " + variant if ours else parser,
                "%.1f" % row["ns"], "%.1f" % min(row["times"]),
                "%.2f" % (row["bytes"] / row["ns"]) if row["bytes"] else "",
                "%.0f" % row["instructions"] if row["instructions"] else "-",
                "%g" % row["allocs"], "%g" % row["heap"]]
        for parser in others:
            other = rows.get("%s/%s/%s" % (bench, group, parser))
            line.append("%.2f" % (row["ns"] / other["ns"]) if ours and other else "")
        lines.append(line)
        last = bench, group
    lines.insert(0, list(heading) + ["/" + short.get(other, other) for other in others])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in lines)


def speeds(rows, f):
    """For bench/plot.gp: heads per second, picohttpparser's being 1, or without it the last of
    ours; our best and our portable variant.  What was not measured is "nan"."""
    heads = {name: row["ns"] for name, row in rows.items() if name.startswith("head/")}
    sets = list(dict.fromkeys(measure.parts(name)[1] for name in heads))
    parsers = list(dict.fromkeys(name.split("/", 2)[2] for name in heads))
    ours = [parser for parser in parsers if parser.startswith("shockwave/")]
    parsers = [parser for parser in parsers if parser not in ours[1:-1]]
    print("set", *(parser.replace("/", ", ") for parser in parsers), sep="\t", file=f)
    base = "picohttpparser" if "picohttpparser" in parsers else ours[-1] if ours else ""
    for group in sets:
        one = heads.get("head/%s/%s" % (group, base), math.nan)
        print(group, *("%.3f" % (one / heads.get("head/%s/%s" % (group, parser), math.nan))
                       for parser in parsers), sep="\t", file=f)


def main(folder, corpus=None):
    program, inputs, machine = folder + "/bench", corpus or folder + "/data", measure.machine()
    if not os.path.exists(program):
        print("%s is missing: ours alone, without other parsers" % program, file=sys.stderr)
        program = folder + "/alone"
    options = ["--omit"] if corpus else []
    times = measure.timed(program, inputs, REPETITIONS, SECONDS, options=options)
    if not any(name.startswith("head/") for name in times):
        raise SystemExit("%s: no head that all of the parsers read alike" % inputs)
    # The other parsers are compiled for this CPU: valgrind may not be able to run them.
    try:
        counts = measure.counted(folder + "/alone" if machine["avx512"] else program, inputs,
                                 options)
    except SystemExit as reason:
        print(reason, file=sys.stderr)
        counts = {}
    rows = {}
    for name in sorted(times, key=measure.order):
        row = times[name]
        rows[name] = dict(ns=measure.median(row), times=row["ns"], bytes=row["bytes"],
                          instructions=counts.get(name), allocs=row["allocs"], heap=row["heap"])
    revision = subprocess.run("git describe --always --dirty", shell=True, capture_output=True,
                              text=True).stdout.strip() or "an unknown revision"
    about = dict(date=datetime.datetime.now().isoformat(timespec="minutes"), revision=revision,
                 compiler=measure.compiler(), inputs=inputs, load=os.getloadavg(), **machine)
    with open(folder + "/results.json", "w") as f:
        json.dump(dict(about=about, rows=rows), f, indent=1)
    with open(folder + "/ratios.tsv", "w") as f:
        for name, other in pairs_of(rows):
            _, group, _, variant = measure.parts(name)
            print(group.replace("-in-place", ""), variant, measure.parts(other)[2],
                  "%.3f" % (rows[name]["ns"] / rows[other]["ns"]), sep="\t", file=f)
    with open(folder + "/speeds.tsv", "w") as f:
        speeds(rows, f)
    print(table(rows))
    print(OMITS)
    if not counts:
        print("Instructions are not counted: there is no valgrind, or it fails.")
    elif machine["avx512"]:
        print("Instructions are counted for ours alone, up to AVX2: valgrind knows no AVX-512.")
    print("{revision}, {compiler}, {cpu}, {cores} cores, load {load[0]:.1f}, {date}"
          .format(**about))
    if any(row["allocs"] for name, row in rows.items() if "/shockwave/" in name):
        raise SystemExit("a row of ours allocates")


if __name__ == "__main__":
    main(*sys.argv[1:])
