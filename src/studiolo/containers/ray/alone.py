"""On a node of Ray: the runner, apart from the processes that Ray knows: `alone.py DESCRIPTOR FOLDER`.

Ray stops a job by a signal to each of its processes at once, the fence around a program too, which would take the program's
grace away. What ends is to end with the job nevertheless: the descriptor is of a pipe that is closed when it is gone.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from studiolo.containers.folder import WorkFolder
from studiolo.containers.runner import Run


def main(descriptor: int, folder: Path) -> None:
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_end_with, args=(descriptor,), daemon=True).start()
    Run(WorkFolder(folder)).carry_out()


def _end_with(descriptor: int) -> None:
    os.read(descriptor, 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
