#!/usr/bin/env python3
# smoke.py - the checks that are valid on any machine: `smoke.py PROGRAM INPUTS TABLE [--write]`.
# SPDX-License-Identifier: MIT
"""Results are right, nothing is allocated, and no row needs over 3 % more instructions than the
table has for this compiler.  Time is not measured."""
import sys

import measure

SLACK = 0.03


def read(table):
    """Instructions by compiler and row."""
    with open(table) as f:
        return {(line[0], line[1]): float(line[2]) for line in
                (text.rstrip("\n").split("\t") for text in f)}


def main(program, inputs, table, write=None):
    compiler, failed, bounds = measure.compiler(), 0, read(table)
    rows = {name: row for name, row in measure.timed(program, inputs, 1, 0.0001).items()
            if "/shockwave/" in name}
    for name, row in rows.items():
        if row["allocs"]:
            print("%s: %g allocations" % (name, row["allocs"]))
            failed += 1
    counts = {name: count for name, count in measure.counted(program, inputs).items()
              if name in rows}
    if write:
        bounds = {key: count for key, count in bounds.items() if key[0] != compiler}
        bounds.update(((compiler, name), count) for name, count in counts.items())
        with open(table, "w") as f:
            for (by, name), count in sorted(bounds.items(), key=lambda x: (x[0][0],
                                                                           measure.order(x[0][1]))):
                print(by, name, "%.0f" % count, sep="\t", file=f)
    if not any(by == compiler for by, _ in bounds):
        print("instructions: %s has no bounds for %s" % (table, compiler))
        counts = {}
    for name, count in sorted(counts.items(), key=lambda x: measure.order(x[0])):
        bound = bounds.get((compiler, name))
        if bound is None or count > bound * (1 + SLACK):
            print("%s: %.0f instructions, %s" % (name, count, "no bound" if bound is None else
                                                 "%.0f in %s" % (bound, table)))
            failed += 1
    print("%d rows right, %d counted, %d out of bounds" % (len(rows), len(counts), failed))
    sys.exit(failed > 0)


main(*sys.argv[1:])
