"""Where socket files lie: in a folder that nobody else may enter, by a path that the system takes; how they are reached."""

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

LONGEST = 103
"""Most bytes of a socket file's path: 107 on Linux, 103 on macOS."""


def socket_folder(folder: Path, name: str) -> Path:
    """`folder`, made private, where a socket of that name may be in it; a new one elsewhere where its path is too long.

    Whoever gets it removes it.
    """
    if len(os.fsencode(folder / name)) > LONGEST:
        return Path(tempfile.mkdtemp(prefix="studiolo-"))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextlib.contextmanager
def left_socket(path: str) -> Iterator[str]:
    """A path to the socket file that a fenced program has made at `path`, whatever it puts in its place meanwhile.

    Raises FileNotFoundError where there is anything else: a link would lead to a socket that the program may not open.
    """
    if sys.platform != "linux":
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileNotFoundError(f"{path} is no socket")
        yield path
        return
    file = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        if not stat.S_ISSOCK(os.fstat(file).st_mode):
            raise FileNotFoundError(f"{path} is no socket")
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)
