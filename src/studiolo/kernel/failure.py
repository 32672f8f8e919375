"""Why an application failed, from what it printed to stderr."""

import re

THROWN = re.compile(r'^(?:Exception in thread "[^"]*" |Error: |\S+ \S+ ERROR \S+: )(?P<said>.*)$')
"""How a line begins by which Java, or Spark, says that it is the end."""

RAISED = "Traceback (most recent call last):"
LONGEST = 1500


def reason(stdout: str, stderr: str) -> str:
    """The error that ended it, as Python or Java told it; else the last lines of stderr.

    Spark prints what a Python application prints to either to stdout.
    """
    for text in (stdout, stderr):
        lines = text.splitlines()
        raised = max((number for number, line in enumerate(lines) if line.startswith(RAISED)), default=len(lines))
        said = [line for line in lines[raised + 1 :] if line and not line[0].isspace()]
        if said:
            return said[0][:LONGEST]
    thrown = [found["said"] for line in stderr.splitlines() if (found := THROWN.match(line))]
    return thrown[-1][:LONGEST] if thrown else stderr[-LONGEST:].strip()
