"""Why an application failed, from what it printed to stderr."""

import re

THROWN = re.compile(r'^(?:Exception in thread "[^"]*" |Error: |\S+ \S+ ERROR \S+: )(?P<said>.*)$')
"""How a line begins by which Java, or Spark, says that it is the end."""

RAISED = "Traceback (most recent call last):"
LOGGED = re.compile(r"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d (?:TRACE|DEBUG|INFO|WARN) ")
LONGEST, LAST = 1500, 10

EVERY_START = ("Setting default log level", "To adjust logging level", "NativeCodeLoader")
"""What Spark's driver prints whenever it starts: it is no reason of an end."""


def telling(text: str) -> str:
    """What Spark's driver printed, without that."""
    return "\n".join(line for line in text.splitlines() if not any(known in line for known in EVERY_START)).strip()


def reason(stdout: str, stderr: str) -> str:
    """The error that ended it, as Python or Java told it; else the last lines that are no log's, of stderr if it has one.

    Spark prints what a Python application prints to either to stdout.
    """
    for text in (stdout, stderr):
        lines = text.splitlines()
        raised = max((number for number, line in enumerate(lines) if line.startswith(RAISED)), default=len(lines))
        said = [line for line in lines[raised + 1 :] if line and not line[0].isspace()]
        if said:
            return said[0][:LONGEST]
    thrown = [found["said"] for line in stderr.splitlines() if (found := THROWN.match(line))]
    if thrown:
        return thrown[-1][:LONGEST]
    for text in (stderr, stdout):
        if lines := [line for line in telling(text).splitlines() if line.strip() and not LOGGED.match(line)]:
            return "\n".join(lines[-LAST:])[-LONGEST:]
    return ""
