"""A program that closes files to itself by Landlock, then becomes another program: for machines without user namespaces.

Run by its file's name, `landlock.py '{"read": [...], "write": [...]}' PROGRAM...`, with an environment that `disguised`
made: it imports nothing but the standard library, and nothing of the environment works before the fence is closed.
Numbers are those of Linux's uapi/linux/landlock.h; the system calls have one number on every architecture.
"""

import ctypes
import json
import os
import stat
import sys
from collections.abc import Mapping

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
NO_NEW_PRIVILEGES, DROP_CAPABILITY, CAPABILITIES = 38, 24, 64

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
KNOWN = ((1, (1 << 13) - 1), (2, REFER), (3, TRUNCATE), (5, IOCTL_DEV))
"""The rights to files by the version that knows them first."""

SCOPES, SCOPED = 6, 0b11
"""The version from which on abstract sockets and signals of other programs can be closed, and both of them."""

DISGUISE = "_"


class Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """The version of Landlock that this kernel has; 0 for none."""
    return max(0, _call(CREATE_RULESET, None, 0, ASK_VERSION))


def disguised(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with names that mean nothing to the loader and to Python, until the fence is closed."""
    return {DISGUISE + name: value for name, value in environment.items()}


def restrict(read: list[str], write: list[str]) -> None:
    """Leave this process, and all that it starts, these files alone. Raises OSError."""
    known = version()
    rights = sum(rights for since, rights in KNOWN if since <= known)
    attributes = Ruleset(rights, 0, SCOPED if known >= SCOPES else 0)
    size = ctypes.sizeof(Ruleset) if known >= SCOPES else 8
    ruleset = _checked(_call(CREATE_RULESET, ctypes.byref(attributes), size, 0))
    for paths, allowed in ((read, READ), (write, rights)):
        for path in paths:
            _allow(ruleset, path, allowed & rights)
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(CAPABILITIES):
        # Root's would let it read the environments of other processes. Who has none has none to drop.
        libc.prctl(DROP_CAPABILITY, capability, 0, 0, 0)
    _checked(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(_call(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it is gone, or not to be entered: then there is nothing to allow
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= OF_FILES
        _checked(_call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(Beneath(rights, place)), 0))
    finally:
        os.close(place)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    words = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    return int(libc.syscall(ctypes.c_long(number), *words))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result


def main() -> None:
    """Close the fence and become the program; exit status 127 where it cannot be run."""
    rules, *command = sys.argv[1:]
    allowed = json.loads(rules)
    # CUDA does not start where it may not name its threads.
    restrict(allowed["read"], [*allowed["write"], f"/proc/{os.getpid()}"])
    environment = {
        name.removeprefix(DISGUISE): value for name, value in os.environ.items() if name.startswith(DISGUISE)
    }
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 (no shell: that is what it is for)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main()
