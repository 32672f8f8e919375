"""The kernel's process: IPython and the engine start side by side, then statements are answered.

`launch.json` in the session's folder says what to start:
`{"engine": "spark" or "sail", "conf": {Spark's settings}, "driver": what `Driver` takes of how Spark's JVM is started,
"warm": whether to run a first small job before the first statement, "connect": the token of Spark Connect's clients, or
null where none is served, "sockets": how the names of the kernel's socket files begin}`.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets import Set, default

from studiolo.kernel.engine import Engine, NotModifiable
from studiolo.kernel.journal import Journal, JournalingSession
from studiolo.kernel.magics import SessionMagics
from studiolo.kernel.output import SessionLog
from studiolo.kernel.start import EngineStart


class StatementKernel(IPythonKernel):
    """An IPython kernel that runs each request once, stops Spark's jobs on an interrupt, and can be claimed."""

    msg_types = [*IPythonKernel.msg_types, "claim_request"]  # noqa: RUF012
    engine: Engine
    session: JournalingSession
    log_to: SessionLog

    _running = ""
    _in_cell = False
    _seen = Set()

    def should_handle(self, stream: Any, msg: dict[str, Any], idents: Any) -> bool:
        """A request that was seen is not run again: a server that came back may send one twice."""
        if msg["header"]["msg_type"] != "execute_request":
            return True
        statement = msg["header"]["msg_id"]
        if statement in self._seen:
            self.session.send(stream, "seen_reply", {}, parent=msg, ident=idents)
            return False
        self._seen.add(statement)
        self._running = statement
        return True

    def pre_handler_hook(self) -> None:
        self.saved_sigint_handler = signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        # Before the cell, and while its reply is sent, there is nothing to stop, and a reply would be lost.
        if not self._in_cell:
            return
        self.engine.cancel(self._running)
        raise KeyboardInterrupt

    def before_cell(self, info: Any) -> None:
        self.engine.begin(self._running, info.raw_cell)
        self._in_cell = True

    def after_cell(self, result: Any) -> None:
        self._in_cell = False
        self.engine.end(result.error_in_exec)

    def claim_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Make this kernel somebody's session: credentials, arguments, settings and logs of its own. May be sent twice."""
        content = parent["content"]
        self.session.send(stream, "claim_reply", self._claim(content), parent=parent, ident=ident)

    def _claim(self, content: Mapping[str, Any]) -> dict[str, str]:
        try:
            self.engine.claim(content)
            os.environ.update(content["environment"])
            sys.path[:0] = [folder for folder in content["path"] if folder not in sys.path]
            importlib.invalidate_caches()
            # Where scripts look for arguments, by getResolvedOptions(sys.argv, ...).
            sys.argv[1:] = content["arguments"]
            if content["output"] is not None:
                self.log_to.open(content["output"], content["error"])
        except NotModifiable as setting:
            return {"status": "unfit", "reason": str(setting)}
        except Exception as error:  # noqa: BLE001
            return {"status": "error", "reason": str(error)}
        return {"status": "ok"}


class KernelApp(IPKernelApp):
    """The kernel's application object, with a journal in its message session."""

    @default("session")
    def _session_default(self) -> JournalingSession:
        return JournalingSession(parent=self, username="kernel")


def main(folder: Path, launch: Mapping[str, Any], starting: EngineStart, log: SessionLog) -> int:
    """Run the kernel of the session in `folder`, whose engine is starting, until it is told to end. The exit status."""
    app: Any = KernelApp.instance(
        connection_file=str(folder / "connection.json"),
        transport="ipc",
        ip=launch["sockets"],
        kernel_class=StatementKernel,
        parent_handle=1,
        capture_fd_output=False,
        log_level="ERROR",
    )
    app.config.HistoryManager.enabled = False
    app.config.InteractiveShell.colors = "nocolor"
    # Plots of one cell are there for `%matplot` in the next.
    app.config.InlineBackend.close_figures = False
    asyncio.set_event_loop(asyncio.new_event_loop())
    app.initialize([])
    if launch["engine"] == "spark":
        # Imported while the JVM starts: it costs the session nothing.
        importlib.import_module("awsglue.context")
    try:
        engine = starting.result()
    except Exception as error:  # noqa: BLE001
        name = launch["engine"].capitalize()
        (folder / "failure.txt").write_text(f"{name} did not start: {error}\n{log.last_words()}".strip())
        return 1
    addresses = folder / "addresses.json"
    addresses.touch(0o600)
    addresses.write_text(json.dumps(engine.addresses))
    kernel = app.kernel
    kernel.engine, kernel.log_to = engine, log
    journal = Journal(folder / "journal")
    journal.listener = log.message
    app.session.journal = journal
    app.shell.events.register("pre_run_cell", kernel.before_cell)
    app.shell.events.register("post_run_cell", kernel.after_cell)
    app.shell.register_magics(SessionMagics)
    app.shell.user_ns.update(engine.names())
    # IPython's own would end the session and say nothing; Python's end the cell.
    app.shell.user_ns.update(exit=sys.exit, quit=sys.exit)
    warnings.filterwarnings("ignore", "To exit: use")
    app.start()
    return 0
