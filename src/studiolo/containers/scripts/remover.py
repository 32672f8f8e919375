"""Removes a container once what runs it has ended without a word, killed itself: `python remover.py COMMAND...`.

A byte on its input says that the container has ended; the end of the input alone that nobody waits for it any more.
"""

import os
import subprocess
import sys
import time


def main() -> None:
    """Remove it. It is nobody's child: what ends all that its parent has started does not end it."""
    if os.fork():
        return
    os.setsid()
    os.chdir("/")
    if os.read(0, 1):
        return
    # Once more: the engine may have been about to make it.
    for seconds in (0, 2):
        time.sleep(seconds)
        subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    main()
