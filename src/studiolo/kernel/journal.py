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

NOTE = f"\n[Output beyond {OUTPUT_LIMIT // (1024 * 1024)} MiB was not kept.]\n"

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
        if parent.get("msg_type") != "execute_request":
            return
        kind: str = message["header"]["msg_type"]
        content: Mapping[str, Any] = message["content"]
        with self._lock:
            bounded = self._bounded(parent["msg_id"], kind, content)
            if bounded is not None:
                try:
                    self._write(parent["msg_id"], kind, bounded)
                except OSError:
                    self._sizes[parent["msg_id"]] = OUTPUT_LIMIT
        if self.listener is not None and bounded is not None:
            self.listener(kind, bounded)

    def _bounded(self, statement: str, kind: str, content: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The content, cut where the statement's output passes the limit; None for what comes after the cut."""
        if kind not in ("stream", "display_data", "execute_result", "update_display_data"):
            return content
        room = OUTPUT_LIMIT - self._sizes.get(statement, 0)
        if room < 0:
            return None
        text = content.get("text", "")
        size = len(text) if kind == "stream" else sum(len(str(value)) for value in content["data"].values())
        self._sizes[statement] = self._sizes.get(statement, 0) + size
        if size <= room:
            return content
        if kind == "stream":
            return {**content, "text": text[:room] + NOTE}
        return {**content, "data": {"text/plain": NOTE}}

    def _write(self, statement: str, kind: str, content: Mapping[str, Any]) -> None:
        line = json.dumps({"type": kind, "content": content}, default=json_default) + "\n"
        file = os.open(self._folder / f"{statement}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
            if kind == "execute_reply":
                os.fsync(file)
        finally:
            os.close(file)


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
        if self.journal is not None:
            self.journal.add(message)
        return super().send(stream, message, ident=ident, buffers=buffers, track=track)
