"""layers.py - fails when a file looks upwards, and when files of a folder go round in a circle.

    python3 tests/tools/layers.py [OBJECTS NM]

Folders look downwards: a file includes only what its own folder or a lower one contains.  Inside a
folder, includes form no circle.  Between the server's files calls form none either: NM lists the
symbols that each of OBJECTS/*.o defines and uses.  Prints the order of both, lowest first.
"""
import glob
import os
import re
import subprocess
import sys

# Lowest first.  A file belongs to the first folder with a pattern for its path.
FOLDERS = [
    ("gen", r"gen/(shockwave_words|byte_\w+|header_hash|method_first)\.h"),
    ("public", r"runtime/shockwave(_values)?\.h|gen/(words|method|status|media)\.c"),
    ("base", r"runtime/base/|gen/byte_classes\.c"),
    ("values", r"runtime/values/|gen/date\.c"),
    ("core", r"runtime/core/[^/]*$|gen/header\.c"),
    ("core/simd", r"runtime/core/simd/"),
    ("public server", r"runtime/shockwave_server\.h"),
    ("server", r"runtime/server/"),
    ("tls", r"runtime/tls/"),
    ("program", r"runtime/program/|gen/sw_demo_"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def folder(path):
    for height, (_, pattern) in enumerate(FOLDERS):
        if re.match(pattern, path):
            return height
    sys.exit(f"{path}: no folder in tests/tools/layers.py holds it")


def find(name, path):
    for place in ("runtime", "gen", os.path.dirname(path)):
        candidate = os.path.join(place, name)
        if os.path.exists(candidate):
            return candidate
    return None


def includes(paths):
    """Path -> the paths of our own that it includes."""
    graph = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            found = (find(name, path) for name in INCLUDE.findall(file.read()))
            graph[path] = sorted({target for target in found if target})
    return graph


def order(graph):
    """The nodes, each after those it points to; or the circle that forbids it."""
    done, trail, out = set(), [], []

    def visit(node):
        if node in done:
            return None
        if node in trail:
            return trail[trail.index(node):] + [node]
        trail.append(node)
        for target in graph.get(node, ()):
            circle = visit(target)
            if circle:
                return circle
        trail.pop()
        done.add(node)
        out.append(node)
        return None

    for node in sorted(graph):
        circle = visit(node)
        if circle:
            return None, circle
    return out, None


def symbols(nm, path):
    """What an object defines, and what it wants of others."""
    defined, wanted = set(), set()
    text = subprocess.run([nm, "-g", path], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        kind, name = line.split()[-2:]
        (wanted if kind in "Uw" else defined).add(name)
    return defined, wanted


def calls(nm, objects):
    """File -> the files of the same folder whose symbols it uses."""
    tables = {}
    for path in objects:
        file = os.path.basename(path)[:-2] + ".c"
        if os.path.exists("runtime/server/" + file):  # not the object of a file that was renamed
            tables[file] = symbols(nm, path)
    owner = {name: file for file, (defined, _) in tables.items() for name in defined}
    return {
        file: sorted({owner[name] for name in wanted if name in owner} - {file})
        for file, (_, wanted) in tables.items()
    }


def main():
    paths = sorted(glob.glob("runtime/**/*.[ch]", recursive=True) + glob.glob("gen/*.[ch]"))
    graph = includes(paths)
    failed = False
    for path, targets in graph.items():
        for target in targets:
            if folder(target) > folder(path):
                print(f"{path}: includes {target}, which is in a higher folder")
                failed = True
    _, circle = order(graph)
    if circle:
        print("a circle of includes: " + " -> ".join(circle))
        failed = True
    sequence = []
    if len(sys.argv) > 2:
        callees = calls(sys.argv[2], sorted(glob.glob(sys.argv[1] + "/*.o")))
        sequence, circle = order(callees)
        if circle:
            print("a circle of calls: " + " -> ".join(circle))
            failed = True
    if failed:
        sys.exit(1)
    print("folders, lowest first: " + ", ".join(name for name, _ in FOLDERS))
    if sequence:
        print("server/, lowest first: " + ", ".join(sequence))


main()
