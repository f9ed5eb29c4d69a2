#!/usr/bin/env python3
# flags.py - are CFLAGS, CPPFLAGS and LDFLAGS obeyed?  `flags.py BUILD TARGET...`.
# SPDX-License-Identifier: MIT
"""Reads what make would run for the targets, with flags of the caller in the environment and on the
command line: each compilation has CPPFLAGS and CFLAGS, each link CFLAGS and LDFLAGS, and a file
that adds options of its own has them also then."""
import os
import re
import subprocess
import sys

FLAGS = {"CPPFLAGS": "-DCALLERS_CPP", "CFLAGS": "-O2 -DCALLERS_C", "LDFLAGS": "-Wl,-z,callers_ld"}
OWN = {  # what a file adds
    "runtime/head_swar.o": "-O3",
    "runtime/head_avx2.o": "-fno-tree-slp-vectorize",
    "runtime/head_sse42.o": "-fno-tree-slp-vectorize",
}
COMPILER = r"(cc|c\+\+|clang) -"


def commands(build, targets, on_command_line):
    """Each command of a compiler that make would run."""
    words = ["%s=%s" % pair for pair in FLAGS.items()]
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    if not on_command_line:
        environment.update(FLAGS)
    make = ["make", "-n", "-B", "CC=cc", "CXX=c++", "BUILD=" + build, *targets]
    out = subprocess.run(make + words * on_command_line, env=environment, text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    for line in out.replace("\\\n", " ").splitlines():
        for command in line.split(";"):
            command = command.strip().removeprefix("do ").strip()
            if re.match(COMPILER, command) and " -o " in command:
                yield command


def lacking(command):
    """Flags that this command should have and has not."""
    words = command.split()
    sources = any(re.search(r"\.(c|cc)$", word) or "$c" in word for word in words)
    names = ["CFLAGS"] + ["CPPFLAGS"] * sources + ["LDFLAGS"] * ("-c" not in words)
    lost = [name for name in names if FLAGS[name].split()[-1] not in words]
    out = words[words.index("-o") + 1]
    return lost + [own for file, own in OWN.items() if out.endswith(file) and own not in words]


def main(build, *targets):
    seen = failed = 0
    for on_command_line in (False, True):
        for command in commands(build, targets, on_command_line):
            seen += 1
            lost = lacking(command)
            if lost:
                failed += 1
                print("without %s, from the %s: %s" % (
                    " and ".join(lost), "command line" if on_command_line else "environment",
                    command))
    print("%d commands of compilers obey the caller's flags, %d do not" % (seen - failed, failed))
    sys.exit(failed > 0 or seen < 200)


main(*sys.argv[1:])
