#!/usr/bin/env python3
# compare.py - compares this tree with a revision: `compare.py BASE OLD NEW INPUTS`.
# SPDX-License-Identifier: MIT
"""OLD and NEW are the bench programs of the two revisions, each built from its own tree; rows are
matched by name, and rows that only one of them has are listed.  The programs run interleaved, old
new new old, and the U test of Mann and Whitney compares the fastest times of each run.  The control
(A/A) compares the first runs of the old program with its last: where it finds a difference, the
machine was not quiet enough for a result.  One test in twenty is a false positive, so a row fails
only if it fails again when it is run alone."""
import json
import math
import os
import statistics
import sys

import measure

ROUNDS, REPETITIONS, SECONDS = (2, 2, 0.0002) if measure.SHORT else (10, 5, 0.002)
SLOWER, MORE_INSTRUCTIONS, SURE = 0.05, 0.01, 0.05


def u_test(a, b):
    """The two-sided p of Mann and Whitney's U, by the normal approximation, ties corrected for."""
    both = sorted(a + b)
    ranks = {x: (both.index(x) + 1 + len(both) - both[::-1].index(x)) / 2 for x in set(both)}
    n, u = len(both), sum(ranks[x] for x in a) - len(a) * (len(a) + 1) / 2
    ties = sum(both.count(x) ** 3 - both.count(x) for x in set(both))
    spread = math.sqrt(len(a) * len(b) / 12 * ((n + 1) - ties / (n * (n - 1))))
    if spread == 0:
        return 1.0
    return math.erfc(max(0, abs(u - len(a) * len(b) / 2) - 0.5) / spread / math.sqrt(2))


def change(old, new):
    return statistics.median(new) / statistics.median(old) - 1


def sample(programs, inputs, only):
    """The runs of old first, old last and both new ones, each row a list."""
    runs = {"first": {}, "last": {}, "new": {}}
    for i in range(ROUNDS):
        for which, program in (("first", 0), ("new", 1), ("new", 1), ("last", 0)):
            for name, row in measure.timed(programs[program], inputs, REPETITIONS, SECONDS,
                                           only).items():
                runs[which].setdefault(name, []).append(min(row["ns"]))
                if which == "new" and row["allocs"]:
                    raise SystemExit("%s allocates" % name)
    return runs


def compare(programs, inputs, only="/shockwave/"):
    """The rows that both programs have, and whether they became slower."""
    runs, rows = sample(programs, inputs, only), {}
    for name in sorted(runs["new"].keys() ^ runs["first"].keys(), key=measure.order):
        print("%s: only the %s program has this row" % (
            name, "new" if name in runs["new"] else "old"), file=sys.stderr)
    for name in sorted(runs["new"].keys() & runs["first"].keys(), key=measure.order):
        first, last, new = runs["first"][name], runs["last"][name], runs["new"][name]
        row = dict(old=statistics.median(first + last), new=statistics.median(new),
                   delta=change(first + last, new), p=u_test(first + last, new),
                   control=change(first, last), control_p=u_test(first, last), result="")
        quiet = row["control_p"] >= SURE or abs(row["control"]) < SLOWER
        if row["p"] < SURE and abs(row["delta"]) > SLOWER:
            row["result"] = "unquiet" if not quiet else "SLOWER" if row["delta"] > 0 else "faster"
        rows[name] = row
    return rows


def count(rows, programs, inputs):
    """Adds instructions, and marks rows with more of them."""
    old, new = (measure.counted(program, inputs) for program in programs)
    for name, row in rows.items():
        row["old_instructions"], row["new_instructions"] = old.get(name), new.get(name)
        if old.get(name) and name in new:
            row["more"] = new[name] / old[name] - 1
            if row["more"] > MORE_INSTRUCTIONS:
                row["result"] += " MORE"


def show(rows):
    form = "%-36s %9s %9s %7s %6s  %7s %6s  %9s %7s  %s"
    print(form % ("", "old ns", "new ns", "delta", "p", "A/A", "p", "new instr", "delta", ""))
    for name, row in rows.items():
        print((form % (name.replace("/shockwave", ""), "%.1f" % row["old"], "%.1f" % row["new"],
                       "%+.1f%%" % (row["delta"] * 100), "%.3f" % row["p"],
                       "%+.1f%%" % (row["control"] * 100), "%.3f" % row["control_p"],
                       "%.0f" % row["new_instructions"] if row["new_instructions"] else "-",
                       "%+.1f%%" % (row["more"] * 100) if "more" in row else "-",
                       row["result"])).rstrip())


def main(base, old, new, inputs):
    programs = old, new
    rows = compare(programs, inputs)
    if not rows:
        raise SystemExit("the programs have no row of ours in common")
    slow = [name for name, row in rows.items() if row["result"] == "SLOWER"]
    if slow:
        prefixes = sorted({name.rpartition("/")[0] for name in slow})
        again = compare(programs, inputs, "^(%s)/" % "|".join(prefixes))
        rows.update((name, again[name]) for name in slow)
    count(rows, programs, inputs)
    show(rows)
    with open(os.path.dirname(new) + "/compare.json", "w") as f:
        json.dump(dict(base=base, rows=rows), f, indent=1)
    if measure.SHORT:
        print("A short run: its figures mean nothing.")
    elif any("SLOWER" in row["result"] or "MORE" in row["result"] for row in rows.values()):
        raise SystemExit("slower than %s, or more instructions" % base)


main(*sys.argv[1:])
