"""The kernel's process: IPython and Spark start side by side, then statements are answered.

`launch.json` in the session's folder says what to start:
`{"conf": {Spark's settings}, "warm": whether to run a first small job before the first statement,
"connect": the token of Spark Connect's clients, or null where none is served}`.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets import Set, default

from studiolo.kernel.journal import Journal, JournalingSession
from studiolo.kernel.magics import SessionMagics
from studiolo.kernel.output import SessionLog


class SparkStart:
    """Spark's start in a thread of its own: not the main one, where pyspark would take over SIGINT."""

    def __init__(self, launch: Mapping[str, Any], log: SessionLog) -> None:
        self._launch = launch
        self._log = log
        self._spark: Any = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="spark start", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            from studiolo.kernel.spark import start_spark

            self._spark = start_spark(self._launch["conf"], self._log.driver)
            if self._launch["warm"]:
                self._spark.range(1).count()
        except Exception as failure:  # noqa: BLE001
            self._failure = failure

    def result(self) -> Any:
        """The Spark session. Raises what its start raised."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._spark


class StatementKernel(IPythonKernel):
    """An IPython kernel that runs each request once, stops Spark's jobs on an interrupt, and can be claimed."""

    msg_types = [*IPythonKernel.msg_types, "claim_request"]  # noqa: RUF012
    spark: Any = None
    session: JournalingSession
    log_to: SessionLog

    _running = ""
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
        from studiolo.kernel.spark import cancel_statement

        cancel_statement(self._running)
        raise KeyboardInterrupt

    def before_cell(self, info: Any) -> None:
        from studiolo.kernel.spark import begin_statement

        begin_statement(self._running, info.raw_cell)

    def claim_request(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Make this kernel somebody's session: credentials, settings and logs of its own. May be sent twice."""
        content = parent["content"]
        self.session.send(stream, "claim_reply", self._claim(content), parent=parent, ident=ident)

    def _claim(self, content: Mapping[str, Any]) -> dict[str, str]:
        from studiolo.kernel.spark import NotModifiable, adapt, add_python, use_catalog

        try:
            adapt(self.spark, content["conf"])
            use_catalog(self.spark, content["catalog"])
            os.environ.update(content["environment"])
            add_python(self.spark, content["path"], content["py_files"])
            # Python workers get the driver's environment of this moment, not that of the JVM's start.
            self.spark.sparkContext.environment.update(content["environment"])
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


def main(folder: Path) -> int:
    """Run the kernel of the session in `folder` until it is told to end. The exit status."""
    launch = json.loads((folder / "launch.json").read_text())
    log = SessionLog()
    starting = SparkStart(launch, log)
    app: Any = KernelApp.instance(
        connection_file=str(folder / "connection.json"),
        kernel_class=StatementKernel,
        parent_handle=1,
        capture_fd_output=False,
        log_level="ERROR",
    )
    app.config.HistoryManager.enabled = False
    app.config.InteractiveShell.colors = "nocolor"
    asyncio.set_event_loop(asyncio.new_event_loop())
    app.initialize([])
    # Imported while the JVM starts: it costs the session nothing.
    from awsglue.context import GlueContext

    try:
        spark = starting.result()
        note_addresses(folder, spark, launch["connect"])
    except Exception as error:  # noqa: BLE001
        (folder / "failure.txt").write_text(f"Spark did not start: {error}\n{log.last_words()}".strip())
        return 1
    kernel = app.kernel
    kernel.spark, kernel.log_to = spark, log
    journal = Journal(folder / "journal")
    journal.listener = log.message
    app.session.journal = journal
    app.shell.events.register("pre_run_cell", kernel.before_cell)
    app.shell.register_magics(SessionMagics)
    glue_context = GlueContext(spark.sparkContext)
    app.shell.user_ns.update(
        spark=spark, sc=spark.sparkContext, sqlContext=_sql_context(spark), glueContext=glue_context
    )
    app.start()
    return 0


def note_addresses(folder: Path, spark: Any, token: str | None) -> None:
    """Write down where Spark's own pages are, and serve Spark Connect for those who have the token, if there is one."""
    from studiolo.kernel.connect import serve_connect

    port = None if token is None else serve_connect(spark, token)
    (folder / "addresses.json").write_text(json.dumps({"ui": spark.sparkContext.uiWebUrl, "connect": port}))


def _sql_context(spark: Any) -> Any:
    import warnings

    from pyspark.sql import SQLContext

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return SQLContext(spark.sparkContext, spark)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
