"""The journal of statements: what a kernel answered, kept on disk whether or not anyone listened.

One file of JSON lines for each execute_request, named by its message id. Each line is one message that the
kernel sent for it: `{"type": …, "content": …}` in Jupyter's messaging vocabulary.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Most characters of output kept for a statement, over all its messages."""

LEAST = 100
"""Characters that any message counts for: without end many small ones are as much as a large one."""

ERROR_LIMIT = 256 * 1024
"""Most characters kept of an error's value, and of all lines of its traceback."""

NOTE = f"\n[Output beyond {OUTPUT_LIMIT // (1024 * 1024)} MiB was not kept.]\n"
ERROR_NOTE = f"\n[An error's text beyond {ERROR_LIMIT // 1024} KiB was not kept.]"

OUTPUT = ("stream", "display_data", "execute_result")
KEPT = (*OUTPUT, "execute_input", "execute_reply", "error", "status")
"""The types of messages that tell what a statement did; what widgets exchange is not among them."""

Listener = Callable[[str, Mapping[str, Any]], None]


class Journal:
    """Appends to the files of one folder; safe to use from every thread of the kernel."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        self.listener: Listener | None = None

    def add(self, message: Mapping[str, Any]) -> None:
        """Keep a message that answers an execute_request; a reply is on the disk when this returns.

        A full disk must not end the kernel: what could not be written is missing from the file, and whoever reads
        a statement whose reply is missing knows that.
        """
        parent = message["parent_header"]
        kind: str = message["header"]["msg_type"]
        if parent.get("msg_type") != "execute_request" or kind not in KEPT:
            return
        content: Mapping[str, Any] | None = message["content"]
        with self._lock:
            if kind in OUTPUT:
                content = self._bounded(parent["msg_id"], kind, message["content"])
            if content is not None:
                try:
                    self._write(parent["msg_id"], kind, content)
                except OSError:
                    self._sizes[parent["msg_id"]] = OUTPUT_LIMIT
        if self.listener is not None and content is not None:
            self.listener(kind, content)

    def _bounded(self, statement: str, kind: str, content: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The output, cut where the statement's passes the limit; None for what comes after the cut."""
        room = OUTPUT_LIMIT - self._sizes.get(statement, 0)
        if room < 0:
            return None
        text = content.get("text", "")
        size = len(text) if kind == "stream" else sum(len(str(value)) for value in content["data"].values())
        self._sizes[statement] = self._sizes.get(statement, 0) + max(size, LEAST)
        if kind == "stream":
            return content if size <= room else {**content, "text": text[:room] + NOTE}
        return {"data": content["data"] if size <= room else {"text/plain": NOTE}}

    def _write(self, statement: str, kind: str, content: Mapping[str, Any]) -> None:
        # Letters as they are: escaped, they would be up to twelve times as long, and whoever reads them waits for it.
        line = json.dumps({"type": kind, "content": content}, default=json_default, ensure_ascii=False) + "\n"
        file = os.open(self._folder / f"{statement}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # Half a surrogate pair becomes its escape, as JSON has it.
            os.write(file, line.encode(errors="backslashreplace"))
            if kind == "execute_reply":
                os.fsync(file)
        finally:
            os.close(file)


def bounded_error(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The content of an error or a reply, its texts cut where they pass the limit."""
    if "ename" not in content:
        return content
    traceback: list[str] = []
    room = ERROR_LIMIT
    for line in content.get("traceback", ()):
        traceback.append(_cut(line, room))
        room -= len(line)
        if room < 0:
            break
    value = _cut(content.get("evalue", ""), ERROR_LIMIT)
    return {**content, "ename": content["ename"][:1000], "evalue": value, "traceback": traceback}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + ERROR_NOTE


class JournalingSession(Session):
    """Jupyter's message session, every outgoing message shown to the journal before it leaves."""

    journal: Journal | None = None

    def send(
        self,
        stream: Any,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        ident: Any = None,
        buffers: Any = None,
        track: bool = False,
        header: Any = None,
        metadata: Any = None,
    ) -> Any:
        message = msg_or_type
        if not isinstance(message, dict):
            message = self.msg(message, content=content, parent=parent, header=header, metadata=metadata)
        if message["header"]["msg_type"] in ("error", "execute_reply"):
            # What a reply brings beside the outcome is for notebooks' own front ends.
            message = {**message, "content": bounded_error({**message["content"], "payload": []})}
        if self.journal is not None:
            self.journal.add(message)
        return super().send(stream, message, ident=ident, buffers=buffers, track=track)
