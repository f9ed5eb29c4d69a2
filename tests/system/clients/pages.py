"""pages.py - a site to ask for: a page with fifty files of three kinds, and some to be picky about.

Every byte is random with a fixed seed, and the page reports what arrived.
"""
# SPDX-License-Identifier: MIT
import gzip
import os
import random
import struct
import tempfile
import zlib

SCRIPTS, STYLES, IMAGES = 20, 15, 15

PAGE = """<!doctype html><title>Fifty files</title><link rel="icon" href="data:,">
<script>
function sum(text) {
    let sum = 0;
    for (const c of text) sum = (sum * 31 + c.charCodeAt(0)) % 1000000007;
    return sum;
}
const scripts = {};
onload = () => {
    const root = getComputedStyle(document.documentElement);
    const styles = [...document.querySelectorAll("[rel=stylesheet]")].map(
        (_, i) => sum(root.getPropertyValue("--s" + i).trim()));
    const images = [...document.images].map(i => [i.naturalWidth, i.naturalHeight]);
    const seen = document.body.appendChild(document.createElement("pre"));
    seen.append(JSON.stringify([Object.values(scripts), styles, images]));
};
</script>
LINKED
"""


def sum_of(text):
    """The result of the page's function of that name."""
    total = 0
    for c in text:
        total = (total * 31 + ord(c)) % 1000000007
    return total


def image_of(chance, width, height):
    """A PNG of noise."""

    def chunk(name, data):
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = b"".join(b"\0" + chance.randbytes(3 * width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


class Pages:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = self.folder.name
        self.files = {}
        self.seen = [[], [], []]  # what the page reports when all has arrived
        chance = random.Random(1)
        linked = []
        for i in range(STYLES):
            text = self.words(chance)
            self.put(f"s{i}.css", f":root {{ --s{i}: {text}; }}\n".encode())
            self.seen[1].append(sum_of(text))
            linked.append(f'<link rel="stylesheet" href="s{i}.css">')
        for i in range(SCRIPTS):
            text = self.words(chance)
            self.put(f"j{i}.js", f'scripts[{i}] = sum("{text}");\n'.encode())
            self.seen[0].append(sum_of(text))
            linked.append(f'<script src="j{i}.js"></script>')
        for i in range(IMAGES):
            self.put(f"i{i}.png", image_of(chance, 20 + i, 40 + 7 * i))
            self.seen[2].append([20 + i, 40 + 7 * i])
            linked.append(f'<img src="i{i}.png">')
        self.names = sorted(self.files)
        self.put("index.html", PAGE.replace("LINKED", "\n".join(linked)).encode())
        self.put("random.bin", chance.randbytes(3_000_001))
        self.put("words.txt", self.words(chance, 100_000).encode())
        self.put("words.txt.gz", gzip.compress(self.files["words.txt"]))

    @staticmethod
    def words(chance, n=0):
        letters = "abcdefghijklmnopqrstuvwxyz"
        return "".join(chance.choices(letters, k=n or chance.randrange(1, 20_000)))

    def put(self, name, data):
        self.files[name] = data
        with open(os.path.join(self.root, name), "wb") as file:
            file.write(data)
