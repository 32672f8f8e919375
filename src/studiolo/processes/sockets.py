"""Where socket files lie: in a folder that nobody else may enter, by a path that the system takes."""

import os
import tempfile
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
