"""Reading the journal that a kernel keeps of its statements (`studiolo.kernel.journal` writes it)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from studiolo.kernel.journal import OUTPUT_LIMIT
from studiolo.processes import open_left
from studiolo.sessions.model import Output

LONGEST_LINE = 12 * OUTPUT_LIMIT + 1024 * 1024
"""Bytes of a message at most: JSON takes up to twelve for a character."""

MOST_READ = 2 * LONGEST_LINE
"""Bytes of messages at most: kernels of earlier versions kept more than we may read at a time."""

REPLY = b'{"type": "execute_reply"'
TOO_LONG = {
    "status": "error",
    "ename": "TooLong",
    "evalue": "What the statement answered is too long to be shown.",
    "traceback": (),
}


def journal_file(kernel_folder: Path, message: str) -> Path:
    """The journal of the statement that was sent as the message of that id."""
    return kernel_folder / "journal" / f"{message}.jsonl"


def read_output(journal: Path) -> Output:
    """The output so far; its status is None until the statement has ended."""
    reply: Mapping[str, Any] = {}
    count = 0
    text, stdout, stderr = [], [], []
    displays: list[Mapping[str, Any]] = []
    for kind, content in _messages(journal):
        if kind == "stream" and content["name"] == "stderr":
            stderr.append(content["text"])
        elif kind == "stream":
            stdout.append(content["text"])
            text.append(content["text"])
        elif kind in ("execute_result", "display_data"):
            plain = _ended(content["data"].get("text/plain", ""))
            text.append(plain)
            if set(content["data"]) - {"text/plain"}:
                displays.append(content["data"])
            else:
                stdout.append(plain)
        elif kind == "execute_input":
            count = content["execution_count"]
        elif kind == "execute_reply":
            reply = content
    return Output(
        status=("ok" if reply["status"] == "ok" else "error") if reply else None,
        count=reply.get("execution_count", count),
        text="".join(text).removesuffix("\n"),
        stdout="".join(stdout).removesuffix("\n"),
        stderr="".join(stderr).removesuffix("\n"),
        displays=tuple(displays),
        error_name=reply.get("ename"),
        error_value=reply.get("evalue"),
        traceback=tuple(reply.get("traceback", ())),
    )


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else text + "\n"


def _messages(journal: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The whole messages: the last one may be in the middle of being written, or be cut by a full disk."""
    room = MOST_READ
    for line in _lines(journal):
        room -= len(line)
        if len(line) < LONGEST_LINE and (room >= 0 or line.startswith(REPLY)):
            try:
                message = json.loads(line.decode(errors="replace"))
            except ValueError:
                continue
            yield message["type"], message["content"]
        elif line.startswith(REPLY):
            yield "execute_reply", TOO_LONG


def _lines(journal: Path) -> Iterator[bytes]:
    """The lines, of those that are too long their beginnings."""
    try:
        file = open_left(journal.parents[1], f"{journal.parent.name}/{journal.name}")
    except FileNotFoundError:
        return
    with file:
        while line := file.readline(LONGEST_LINE):
            yield line
            while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
