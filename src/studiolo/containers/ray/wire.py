"""The lines by which a node tells what becomes of its work: they are what it prints, which Ray keeps and hands out.

A message is a kind and texts, as JSON in ASCII. Ray hands out pieces of some 20,000 characters at most and may cut lines
there, so that a long message is several lines. Only the standard library is used here: nodes need no package for it.
"""

import json
import os
from collections.abc import Iterator

SAY, LOG, METRICS, REPORT = "say", "log", "metrics", "report"
"""A line for the logs of all hosts; lines of the log of one host; lines of metrics.jsonl; the whole of report.json."""

PLAIN = ""
"""The kind of a line that is no message: something else on the node printed it."""

GOES_ON, ENDS = "@+", "@="
LONGEST = 8000


def tell(descriptor: int, kind: str, *texts: str) -> None:
    """Write a message. Each line is one system call, so that those of other programs do not fall into it."""
    message = json.dumps([kind, *texts])
    pieces = [message[start : start + LONGEST] for start in range(0, len(message), LONGEST)]
    for number, piece in enumerate(pieces, 1):
        os.write(descriptor, f"{ENDS if number == len(pieces) else GOES_ON}{piece}\n".encode())


class Messages:
    """The messages in what was printed, which is given as it comes, in pieces of any length."""

    def __init__(self) -> None:
        self._rest = ""
        self._begun: list[str] = []

    def read(self, text: str) -> Iterator[list[str]]:
        """The messages that `text` completes: each its kind and its texts."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            message = self._message(line)
            if message is not None:
                yield message

    def _message(self, line: str) -> list[str] | None:
        mark, piece = line[: len(ENDS)], line[len(ENDS) :]
        if mark == GOES_ON:
            self._begun.append(piece)
            return None
        if mark != ENDS:
            return [PLAIN, line]
        whole, self._begun = "".join([*self._begun, piece]), []
        try:
            texts = json.loads(whole)
        except ValueError:
            return [PLAIN, line]
        return texts if isinstance(texts, list) and all(isinstance(text, str) for text in texts) else [PLAIN, line]
