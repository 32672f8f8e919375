"""Reading what programs left: their logs, and the files that a fenced one may have put there.

A link in the place of a file must not show a program what the server sees.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def read_left(folder: Path, name: str, limit: int) -> bytes:
    """The first `limit` bytes of a file that `open_left` finds."""
    with open_left(folder, name) as content:
        return content.read(limit)


def read_end(log: Path, size: int) -> str:
    """The end of a log that is ours, of so many bytes at most. Raises OSError."""
    with log.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - size))
        return file.read().decode(errors="replace")


def open_left(folder: Path, name: str) -> BinaryIO:
    """The file `name`, such as `journal/a.jsonl`, in the folder of a fenced program.

    Raises FileNotFoundError where it is not there, or where it or a folder on the way is anything else.
    """
    *ways, last = name.split("/")
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for way in ways:
            place, before = os.open(way, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place), place
            os.close(before)
        # A pipe in its place must not hold the reader.
        file = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
    except OSError as error:
        raise FileNotFoundError(error.errno, "There is no such file", f"{folder}/{name}") from error
    finally:
        os.close(place)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise FileNotFoundError(f"{folder}/{name} is no file")
    return os.fdopen(file, "rb")
