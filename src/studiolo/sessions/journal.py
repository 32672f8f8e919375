"""Reading the journal that a kernel keeps of its statements (`studiolo.kernel.journal` writes it)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from studiolo.processes import read_left
from studiolo.sessions.model import Output

LIMIT = 64 * 1024 * 1024
"""Most bytes of a journal that are read: the kernel's own have 4 MiB of output, but users' code could write more."""


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
    try:
        text = read_left(journal.parents[1], f"{journal.parent.name}/{journal.name}", LIMIT).decode(errors="replace")
    except FileNotFoundError:
        return
    for line in text.split("\n"):
        try:
            message = json.loads(line)
        except ValueError:
            continue
        yield message["type"], message["content"]
