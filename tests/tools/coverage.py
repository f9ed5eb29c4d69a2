"""coverage.py - compare gcovr's JSON on standard input with the branches known to have no test.

    gcovr --json | python3 coverage.py tests/tools/coverage.txt

Prints lines and branches by file.  Fails below all of the lines or 98 % of the branches, when a
branch is left that coverage.txt does not name, and when one that it names is not left any more.
"""
# SPDX-License-Identifier: MIT
import json
import re
import sys

BRANCHES = 0.98


def read_known(path):
    """{(file, text of the line): (the minimum, the maximum of its branches without a test)}."""
    known = {}
    for line in open(path):
        if line[0] not in "#\n ":
            low, high, file, text = re.fullmatch(r"(?:(\d+)-)?(\d+) (\S+): (.*)\n", line).groups()
            known[file, text] = int(low or high), int(high)
    return known


def percent(part, total):
    return f"{part:5}/{total:<5} {100 * part / total if total else 100:6.2f} %"


def main(known):
    wrong = []
    found = {}
    total = [0, 0, 0, 0]
    for file in json.load(sys.stdin)["files"]:
        name = file["file"]
        source = open(name).read().split("\n")
        lines = [l for l in file["lines"] if not l.get("gcovr/noncode")]
        branches = [b for l in lines for b in l["branches"]]
        sums = [sum(l["count"] > 0 for l in lines), len(lines),
                sum(b["count"] > 0 for b in branches), len(branches)]
        total = [a + b for a, b in zip(total, sums)]
        print(f"{name:28} {percent(*sums[:2])} lines   {percent(*sums[2:])} branches")
        for line in lines:
            number = line["line_number"]
            left = sum(b["count"] == 0 for b in line["branches"])
            if line["count"] == 0:
                wrong.append(f"{name}:{number}: never runs")
            elif left:
                key = name, source[number - 1].strip()
                found[key] = found.get(key, 0) + left
                if known.get(key, (0, 0))[1] < found[key]:
                    wrong.append(f"{name}:{number}: {left} branches left: {key[1]}")
    print(f"{'all':28} {percent(*total[:2])} lines   {percent(*total[2:])} branches")
    for key, (low, _) in known.items():
        if found.get(key, 0) < low:
            wrong.append(f"coverage.txt: {key[0]} has no {low} branches left at {key[1]}")
    if total[2] < BRANCHES * total[3]:
        wrong.append(f"less than {100 * BRANCHES:.0f} % of the branches")
    rest = sum(found.values())
    print("\n".join(wrong) or f"every line, and every branch but {rest} with a reason")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(read_known(sys.argv[1])))
