#!/usr/bin/env python3
# flame.py - a flame graph: `perf script | flame.py > flame.svg`.
# SPDX-License-Identifier: MIT
"""Each box is a function, above its caller, as wide as the share of samples it was seen in."""
import sys
from xml.sax.saxutils import escape

WIDTH, LINE, LETTER = 1200, 18, 7


def stacks(lines):
    """Each sample's functions, the outermost first. perf writes a line for the sample, one for
    each function, and an empty one."""
    stack = []
    for line in lines:
        if line.startswith("\t"):
            name = line.split(None, 1)[1].rpartition(" (")[0].split("+0x")[0]
            stack.insert(0, name.split("(")[0] or "?")
        elif not line.strip() and stack:
            yield stack
            stack = []


def tree(samples):
    root = [0, {}]
    for stack in samples:
        node = root
        node[0] += 1
        for name in stack:
            node = node[1].setdefault(name, [0, {}])
            node[0] += 1
    return root


def depth(node, least):
    """Of what is wide enough to be drawn."""
    wide = [child for child in node[1].values() if child[0] >= least]
    return 1 + max((depth(child, least) for child in wide), default=0)


def boxes(node, x, level, scale, height):
    for name, child in sorted(node[1].items()):
        width, y = child[0] * scale, height - (level + 1) * LINE
        if width >= 1:
            hue = 15 + sum(map(ord, name)) % 30
            label = name[:int(width / LETTER)] if width > 3 * LETTER else ""
            yield ('<g><title>%s: %.1f %%</title><rect x="%.1f" y="%d" width="%.1f" height="%d" '
                   'fill="hsl(%d 75%% 62%%)"/><text x="%.1f" y="%d">%s</text></g>' % (
                       escape(name), 100 * width / WIDTH, x, y, max(width - 0.5, 0.5), LINE - 1,
                       hue, x + 3, y + 13, escape(label)))
            yield from boxes(child, x, level + 1, scale, height)
        x += width


def main():
    root = tree(stacks(sys.stdin))
    if not root[0]:
        raise SystemExit("no samples")
    height = (depth(root, root[0] / WIDTH) - 1) * LINE
    print('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="monospace" '
          'font-size="11" fill="#1a1a1a">' % (WIDTH, height))
    for box in boxes(root, 0, 0, WIDTH / root[0], height):
        print(box)
    print("</svg>")


main()
