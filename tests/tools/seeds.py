"""seeds.py - write the raw bytes of each case on standard input to a file in OUT/kind/."""
# SPDX-License-Identifier: MIT
import json
import pathlib
import sys

REQUEST = b"POST / HTTP/1.1\r\nHost: h.example\r\nTransfer-Encoding: chunked\r\n\r\n"


def raw(case):
    text = "".join(p if isinstance(p, str) else p["rep"] * p["n"] for p in case["raw"])
    return text.encode("latin-1")


def main(out):
    for line in sys.stdin:
        case = json.loads(line)
        folder = pathlib.Path(out, case["kind"])
        folder.mkdir(parents=True, exist_ok=True)
        # A chunked body needs a message around it.
        front = REQUEST if case["kind"] == "chunked" else b""
        (folder / case["id"]).write_bytes(front + raw(case))


if __name__ == "__main__":
    main(sys.argv[1])
