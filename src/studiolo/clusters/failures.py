"""Why a step failed: by the line of its logs that shows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from signal import Signals

from studiolo.kernel.engine import how_it_ended

UNKNOWN = "Unknown Error."

REASONS = (
    (re.compile(r"AccessDenied|status code: 403|Status Code: 403|\(403\)"), "Access Denied."),
    (re.compile(r"ClassNotFoundException|Failed to load class|NoClassDefFoundError"), "Main Class not found."),
    (re.compile(r"FileAlreadyExistsException|PATH_ALREADY_EXISTS|already exists"), "Output directory already exists."),
    (
        re.compile(r"FileNotFoundException|PATH_NOT_FOUND|NoSuchKey|No such file|does not exist|Not Found"),
        "Input path does not exist.",
    ),
    (re.compile(r"OutOfMemoryError|Cannot allocate memory"), "Out of memory."),
    (re.compile(r"IllegalArgumentException"), "Illegal Argument."),
    (re.compile(r"command not found|Cannot run program"), "Command not found."),
)
"""The reasons that are told, by what the line has."""

THROWN = re.compile(
    r"^(Exception in thread \"[^\"]*\" |Caused by: )?([\w$]+\.)*[A-Z][\w$]*(Error|Exception|Exit|Interrupt)\b.*"
    r"|^Query \w+ failed: .*"
)
"""The line of Java, of Python and of Trino that says what was thrown."""

INFO = re.compile(r"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d (INFO|WARN|DEBUG) ")
NOISE = re.compile(r"^\s*(at |File |\.\.\. \d+ more|$)|^\s+")

WRAPPER = "java.lang.reflect.UndeclaredThrowableException"
"""What Java throws of what was thrown where a program acts for somebody (spark-submit's proxy user)."""

LONGEST = 2048


@dataclass(frozen=True)
class Failure:
    """reason: in a few words; message: the line; log: the file that has it, such as `stderr`."""

    reason: str
    message: str
    log: str


def failure(logs: Sequence[tuple[str, str]], status: int) -> Failure:
    """What made a program fail. logs: the ends of its files, by name, the one that tells most first."""
    number = -status if status < 0 else status - 128  # of the signal: a fence, and a shell, tell 128 and that
    killed = number in {known.value for known in Signals}
    how = how_it_ended(-number) if killed else f"ended with exit status {status}"
    found = None
    for name, text in logs:
        lines = [line for line in text.splitlines() if not INFO.match(line)]
        thrown = [line for line in lines if THROWN.match(line) and not line.endswith(WRAPPER)]
        first = next((line for line in thrown if line.startswith("Exception in thread")), None)
        plain = [line for line in lines if not NOISE.match(line)]
        line = first or (thrown[-1] if thrown else None)
        if line is not None:
            return _told(line, name)
        if found is None and plain and not killed:
            found = _told(plain[-1], name)
    return found or Failure(UNKNOWN, f"The program {how}.", "stderr")


def _told(line: str, log: str) -> Failure:
    reason = next((reason for pattern, reason in REASONS if pattern.search(line)), UNKNOWN)
    return Failure(reason, line.strip()[:LONGEST], log)
