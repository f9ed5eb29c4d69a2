"""clients - what others ask with: each gets every byte, on as few connections as it wants.

    PYTHONPATH=tests/system python3 tests/system/clients [CLIENT]...

Ends with a line of how many passed and failed.
"""
# SPDX-License-Identifier: MIT
import sys
import traceback

from given import Given
from before import BEFORE
from libraries import LIBRARIES
from tools import TOOLS

ALL = (*TOOLS, *LIBRARIES, *BEFORE)


def main():
    wanted = sys.argv[1:]
    given = Given()
    passed = failed = 0
    for client in ALL:
        name = client.__name__.replace("_", " ")
        if wanted and not any(word in client.__name__ for word in wanted):
            continue
        try:
            client(given)
        except Exception:
            traceback.print_exc()
            print(f"{name}: FAILED", flush=True)
            failed += 1
        else:
            print(name, flush=True)
            passed += 1
    failed += given.server.stop() != 0
    failed += given.proxied.stop() != 0
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


main()
