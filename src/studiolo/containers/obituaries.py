"""What is said of a process of ours that has ended."""

import json
from pathlib import Path

from studiolo.processes import Child, read_end

TAIL_LINES = 10
TAIL_BYTES = 8192
LONGEST_REASON = 1024
"""Characters of a FailureReason at most."""
CUT = "\n[...]\n"


def obituary(child: Child | None, status: int | None, log: Path | None = None) -> str:
    """How a process of ours ended, with the last that it, or else the log stream's file, said."""
    how = "has ended unexpectedly"
    if status is not None:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
    printed = _tail(child.log) if child is not None else []
    said = printed or [_message(line) for line in (_tail(log) if log is not None else [])]
    return f"its process {how}." + (" It last said:\n" + "\n".join(said) if said else "")


def in_short(reason: str) -> str:
    """A FailureReason without its middle, where it is too long: how it begins and what was said last tell the most."""
    if len(reason) <= LONGEST_REASON:
        return reason
    head = LONGEST_REASON * 2 // 5
    return reason[:head] + CUT + reason[head + len(CUT) - LONGEST_REASON :]


def _tail(path: Path) -> list[str]:
    try:
        return read_end(path, TAIL_BYTES).splitlines()[-TAIL_LINES:]
    except OSError:
        return []


def _message(line: str) -> str:
    """The message of one line of a log stream's file."""
    try:
        return str(json.loads(line)[2])
    except (ValueError, LookupError):
        return ""
