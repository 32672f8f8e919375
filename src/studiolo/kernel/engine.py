"""What a session's kernel asks of its engine, Apache Spark or Sail."""

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

LAST_WORDS = 2.0
"""Seconds to wait for the rest of what an engine printed that has ended."""


class NotModifiable(Exception):
    """A Spark setting that cannot be changed once the session runs."""


class NoScala(Exception):
    """The engine runs no Scala statements."""


class Engine(ABC):
    """An engine that runs; its class starts it. `addresses` are `ui`, a URL, and `connect`, a port, or None."""

    addresses: Mapping[str, Any]

    @abstractmethod
    def names(self) -> dict[str, Any]:
        """What it adds to the namespace of statements, `spark` first of all."""

    @abstractmethod
    def claim(self, content: Mapping[str, Any]) -> None:
        """Become somebody's session, by a claim_request. Raises NotModifiable before anything is changed."""

    @abstractmethod
    def begin(self, statement: str, code: str) -> None:
        """What this thread asks from now on is of that statement."""

    def end(self, error: BaseException | None) -> None:  # noqa: B027
        """The statement has ended, with the error if it raised one; its reply is not sent yet."""

    def scala(self, code: str) -> None:
        """Run a statement in Scala. Raises ScalaError, and NoScala where the engine has none."""
        raise NoScala

    @abstractmethod
    def cancel(self, statement: str) -> None:
        """Stop what the statement had begun. To be called in a signal handler of the main thread; does not wait."""


def how_it_ended(status: int) -> str:
    """In words, what a process's return code says."""
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"


def end_kernel(folder: Path, reason: str) -> NoReturn:
    """End this process, the kernel of the session in `folder`, which has failed for that reason."""
    try:
        (folder / "failure.txt").write_text(reason)
    finally:
        os._exit(1)
