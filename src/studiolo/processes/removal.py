"""Removing what a fenced program left: folders of any depth and mode, following no links."""

import contextlib
import errno
import itertools
import os
import stat
from pathlib import Path

ATTEMPTS = 3
"""How often a removal is begun: what a program was still writing as it was killed may change the folder meanwhile."""


def remove_left(folder: Path) -> None:
    """Remove the folder with all that is in it, as far as the system lets us. The program must have ended.

    `shutil.rmtree` calls itself for each level, so that a thousand folders, one in the other, end whoever removes them.
    Here the folders of the second level are moved up to the first before theirs is removed.
    """
    for _ in range(ATTEMPTS):
        with contextlib.suppress(OSError):
            root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                _empty(root)
            finally:
                os.close(root)
            folder.rmdir()
        if not os.path.lexists(folder):
            return


def _empty(root: int) -> None:
    """Remove all that is in the open folder. Raises OSError."""
    numbers = itertools.count()
    while names := os.listdir(root):
        for name in names:
            if not _is_folder(name, root):
                os.unlink(name, dir_fd=root)
                continue
            os.chmod(name, 0o700, dir_fd=root)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=root)
            try:
                for each in os.listdir(inner):  # noqa: PTH208
                    if _is_folder(each, inner):
                        # Its entry for the folder around it changes, for which it must be writable.
                        os.chmod(each, 0o700, dir_fd=inner)
                        _move_up(each, inner, root, numbers)
                    else:
                        os.unlink(each, dir_fd=inner)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=root)


def _move_up(name: str, inner: int, root: int, numbers: "itertools.count[int]") -> None:
    """Move a folder to a name that is free in `root`, or the name of an empty one."""
    while True:
        try:
            os.rename(name, f".{next(numbers)}", src_dir_fd=inner, dst_dir_fd=root)
            return
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise


def _is_folder(name: str, around: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=around, follow_symlinks=False).st_mode)
