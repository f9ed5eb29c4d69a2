"""style.py - fails where a file breaks the rules that every file follows.

    python3 tests/tools/style.py [FILE ...]

A line has at most 100 columns and no tab (Makefiles and recipes apart), a file written by hand at
most 600 lines, and the project says things by the field's standard terms: a word on the left of
WORDS is replaced by one on its right.  C files are formatted by the committed .clang-format, where
clang-format is there.
"""
import re
import subprocess
import sys

COLUMNS, LINES = 100, 600

# Generated, data, or a copy of the conformance probe.
GENERATED = re.compile(
    r"gen/|tests/system/probe\.py|bench/plot\.svg|bench/data/|tests/cases/|bench/instructions\.tsv|"
    r"LICENSE"
)

# The manual of an archive is read from top to bottom, so it is one file.
LONG = {"runtime/shockwave.h": 760}

WORDS = {
    "lease|leases|leased": "transaction",
    "door|doors": "listener",
    "lend|lends|lent|lending|unlend": "attach, detach; nocopy for sending without a copy",
    "shelf|shelves|shelve|shelved": "suspended state, compact",
    "park|parks|parked|parking|unpark": "partial input, stash",
    "road|roads": "path, implementation, variant",
    "way|ways": "path, implementation, variant",
    "turn|turns": "iteration of the event loop, next message",
    "most": "max, limit, up to",
    "reach|reaches|reached": "max offset",
    "whole": "complete",
    "told|tell|tells": "reported; body_bytes_sent",
    "owed|owe|owes": "remaining",
    "asked": "requested; pending methods",
    "unwanted": "discarded, unread",
    "fate": "next action",
    "gone": "disconnected, closed",
    "hold|held": "suspend, resume; contain",
    "leave|leaving": "drain, shut down",
    "cut|cuts|cutting": "force-close; split, truncate",
    "starve|starved|starving": "waiting",
    "feed|feeds": "wake next",
    "spare|spares": "overflow",
    "hear|hears|heard": "read",
    "answer|answers|answered|answering": "process, respond, response",
    "speak|speaks|spoken": "write; support",
    "say|says|said": "respond; state",
    "greet|greets|greeted": "read the PROXY header",
    "settle|settles|settled": "finish",
    "patience": "timeout",
    "news": "events, readiness",
    "alarm": "wake descriptor",
    "sink": "discard buffer",
    "beneath": "below, openat",
    "pace": "min_progress",
    "twin|twins": "collision chain",
    "guess|guesses": "hash candidate",
    "edge|edges": "window, boundary",
    "judge|judged|judges|verdict|verdicts": "evaluate, result",
    "forgive|forgives|forgiven|forgiving": "tolerate, lenient",
    "dribble|dribbles|dribbled|dribbling": "slow client, trickle",
    "perhaps": "optional",
    "behind": "after",
    "stand|stands|stood": "is",
    "anew": "again",
    "meanwhile": "between",
    "who|whom|whoever|somebody|someone|nobody|anybody|everybody|he|she|his|him": (
        "the client, the caller, the connection"
    ),
}
PATTERN = re.compile(r"(?<![A-Za-z])(" + "|".join(WORDS) + r")(?![A-Za-z])", re.I)

# Terms that a standard or a tool owns, and the list above.
OWNED = re.compile(
    r"edge-trigger\w*|edge trigger\w*|RESOLVE_BENEATH|If-\w+|EPOLL\w+|who\b(?=\")|beneath\|off|"
    r"'beneath'|\"behind\"|behind\":|\"nobody\"|cut -|-?`cut`|\bcut \$|\| cut\b"
)


def suggestion(word):
    return next(say for left, say in WORDS.items() if word.lower() in left.split("|"))


def tracked():
    listed = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout
    return [path for path in listed.splitlines() if not GENERATED.match(path)]


def is_recipe(path):
    return path.endswith((".mk", "Makefile"))


def complaints(path):
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return
    prose = path.endswith(".md")
    if len(lines) - 1 > LONG.get(path, LINES) and not prose:
        yield len(lines) - 1, f"more than {LONG.get(path, LINES)} lines"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and not prose and not path.endswith((".1", ".svg", ".json")):
            yield number, f"{len(line)} columns"
        if "\t" in line and not is_recipe(path) and not path.endswith((".tsv", ".gperf")):
            yield number, "a tab"
        if path.endswith("tools/style.py"):
            continue
        for found in PATTERN.finditer(OWNED.sub(lambda m: " " * len(m.group()), line)):
            word = found.group(1)
            yield number, f"'{word}': {suggestion(word)}"


def unformatted(paths):
    sources = [path for path in paths if path.endswith((".c", ".h", ".cc"))]
    try:
        run = subprocess.run(
            ["clang-format", "--dry-run", *sources], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return []
    return re.findall(r"^(\S+:\d+):\d+: warning: (code should be.*)$", run.stderr, re.M)


def main():
    paths = sys.argv[1:] or tracked()
    count = 0
    for path in paths:
        for number, why in complaints(path):
            print(f"{path}:{number}: {why}")
            count += 1
    for where, why in unformatted(paths):
        print(f"{where}: {why}")
        count += 1
    if count:
        sys.exit(f"{count} to mend")
    print(f"{len(paths)} files are in style")


main()
