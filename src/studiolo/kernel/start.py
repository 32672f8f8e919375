"""The start of a session's engine, beside that of IPython, which it does not wait for."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studiolo.kernel.driver import Driver
from studiolo.kernel.engine import Engine
from studiolo.kernel.output import SessionLog


class EngineStart:
    """The engine's start in a thread of its own: not the main one, where pyspark would take over SIGINT."""

    def __init__(self, folder: Path, launch: Mapping[str, Any], driver: Driver | None, log: SessionLog) -> None:
        self._folder = folder
        self._launch = launch
        self._driver = driver
        self._log = log
        self._engine: Engine | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="engine start", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._engine = self._start()
        except Exception as failure:  # noqa: BLE001
            self._failure = failure

    def _start(self) -> Engine:
        if self._driver is None:
            from studiolo.kernel.sail import SailEngine

            return SailEngine(self._folder, self._launch, self._log)
        from studiolo.kernel.spark import SparkEngine

        return SparkEngine(self._folder, self._launch, self._driver, self._log)

    def result(self) -> Engine:
        """The engine. Raises what its start raised."""
        self._thread.join()
        if self._engine is None:
            raise self._failure or RuntimeError("its start was interrupted")
        return self._engine
