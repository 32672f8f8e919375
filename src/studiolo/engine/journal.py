"""Reading the journal that a kernel keeps of its statements (`studiolo.kernel.journal` writes it)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from studiolo.engine.model import Output
from studiolo.kernel.journal import OUTPUT_LIMIT
from studiolo.processes import open_left

LONGEST_LINE = 12 * OUTPUT_LIMIT + 1024 * 1024
"""Bytes of a message at most: JSON takes up to twelve for a character."""

MOST_READ = 2 * LONGEST_LINE
"""Bytes of messages at most: kernels of earlier versions kept more than we may read at a time."""

MOST_LOOKED_AT = 2 * MOST_READ
"""Bytes of a journal at most: what runs in a session can make its own of any size."""

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
            if (message := _message(line)) is not None:
                yield message
        elif line.startswith(REPLY):
            yield "execute_reply", TOO_LONG


def _message(line: bytes) -> tuple[str, Mapping[str, Any]] | None:
    """The message; None for what is none that a kernel writes: what runs in a session can write there too."""
    try:
        message = json.loads(line.decode(errors="replace"))
        kind, content = message["type"], message["content"]
        return (kind, content) if _is_whole(kind, content) else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _is_whole(kind: str, content: Mapping[str, Any]) -> bool:
    """Whether the content has all that is read of messages of the kind. Raises LookupError, AttributeError, TypeError."""
    if kind == "stream":
        return _are_texts(content["name"], content["text"])
    if kind in ("execute_result", "display_data"):
        forms: Mapping[str, Any] = content["data"]
        return _are_texts(*(value for form, value in forms.items() if form.startswith(("text/", "image/"))))
    if kind == "execute_input":
        return type(content["execution_count"]) is int
    if kind == "execute_reply":
        named = _are_texts(content["status"], content.get("ename") or "", content.get("evalue") or "")
        traceback = content.get("traceback", [])
        counted = type(content.get("execution_count", 0)) is int
        return named and counted and isinstance(traceback, list) and _are_texts(*traceback)
    return False


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _lines(journal: Path) -> Iterator[bytes]:
    """The lines, of those that are too long their beginnings."""
    try:
        file = open_left(journal.parents[1], f"{journal.parent.name}/{journal.name}")
    except FileNotFoundError:
        return
    with file:
        while file.tell() < MOST_LOOKED_AT and (line := file.readline(LONGEST_LINE)):
            yield line
            while len(line) == LONGEST_LINE and not line.endswith(b"\n") and file.tell() < MOST_LOOKED_AT:
                line = file.readline(LONGEST_LINE)
