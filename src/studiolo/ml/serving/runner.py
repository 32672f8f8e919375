"""A model's serving program, with its output in a log stream: `python -m studiolo.ml.serving.runner LOG COMMAND…`.

The program outlives a crash of the server with its log unbroken, because this small parent of it does.
"""

import os
import signal
import sys
from pathlib import Path

from studiolo.logs import LogWriter
from studiolo.ml.program import Program

GRACE_SECONDS = 30.0
"""What a program has to end after SIGTERM, as SageMaker gives it."""


def main(log: str, command: list[str]) -> int:
    """Run the program to its end; its exit status."""
    program = Program(command, os.environ, Path.cwd(), LogWriter(Path(log)))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: program.end())
    status, _ = program.run(None, GRACE_SECONDS)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
