"""Sail, an engine in Rust that speaks Spark Connect, as a child of a session's kernel."""

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from studiolo.kernel.engine import LAST_WORDS, Engine, end_kernel, how_it_ended
from studiolo.kernel.output import LAST_LINES, SessionLog


class SailEngine(Engine):
    """Sail serves Spark Connect clients; the first of them is the `spark` of the session's statements.

    The session ends with it: when Sail dies, so does the kernel, and says why.
    """

    def __init__(self, folder: Path, launch: Mapping[str, Any], log: SessionLog) -> None:
        self._folder = folder
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "studiolo.kernel.sail_server", str(folder / "launch.json"), str(writing)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[writing],
            # IPython asks all that it starts for colors, and this goes to a log.
            env={**os.environ, "RUST_LOG_STYLE": "never"},
            encoding="utf-8",
            errors="replace",
        )
        os.close(writing)
        self._pump = threading.Thread(target=self._read, args=(log,), name="sail log", daemon=True)
        self._pump.start()
        with os.fdopen(reading) as told:
            port = told.read()
        if not port:
            self._process.wait()
            self._pump.join(LAST_WORDS)
            raise RuntimeError(how_it_ended(self._process.returncode))
        self.addresses = {"ui": None, "connect": int(port)}
        address = f"sc://127.0.0.1:{port}/;authorization=Bearer%20{launch['connect']}"
        self._spark: Any = SparkSession.builder.remote(address).getOrCreate()
        self._statement: str | None = None
        threading.Thread(target=self._end_with_it, name="sail end", daemon=True).start()

    def _read(self, log: SessionLog) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._last.append(line)
            log.driver(line)

    def _end_with_it(self) -> None:
        status = self._process.wait()
        self._pump.join(LAST_WORDS)
        tail = "".join(self._last).strip()
        end_kernel(self._folder, f"Sail {how_it_ended(status)}." + (f" The end of its log: {tail}" if tail else ""))

    def names(self) -> dict[str, Any]:
        return {"spark": self._spark}

    def claim(self, content: Mapping[str, Any]) -> None:
        """Sail was started for its session and knows all of it; where S3 and the catalog are it cannot learn anew."""
        known, told = os.environ["AWS_ENDPOINT_URL"], content["environment"]["AWS_ENDPOINT_URL"]
        if told != known:
            end_kernel(self._folder, f"Studiolo answers at {told} now; Sail reads S3 and the Data Catalog at {known}.")

    def begin(self, statement: str, code: str) -> None:
        if self._statement is not None:
            self._spark.removeTag(self._statement)
        self._spark.addTag(statement)
        self._statement = statement

    def cancel(self, statement: str) -> None:
        threading.Thread(target=self._spark.interruptTag, args=(statement,), name="cancel", daemon=True).start()
