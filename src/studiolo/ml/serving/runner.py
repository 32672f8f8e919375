"""A model's serving program, with its output in a log stream: `python -m studiolo.ml.serving.runner PLAN`.

The program outlives a crash of the server with its log unbroken, because this small parent of it does.
"""

import signal
import sys
from pathlib import Path

from studiolo.containers.files import take_json
from studiolo.containers.program import Program, Start
from studiolo.logs import LogWriter

GRACE_SECONDS = 30.0
"""What a program has to end after SIGTERM, as SageMaker gives it."""


def main(plan: Path) -> int:
    """Run the program to its end; its exit status. The plan is `{"start": ..., "log": ...}`, and is gone then."""
    values = take_json(plan)
    program = Program(Start.from_json(values["start"]), LogWriter(Path(values["log"])))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: program.end())
    status, _ = program.run(None, GRACE_SECONDS)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
