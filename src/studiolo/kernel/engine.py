"""What a session's kernel asks of its engine, Apache Spark or Sail."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any


class NotModifiable(Exception):
    """A Spark setting that cannot be changed once the session runs."""


class Engine(ABC):
    """An engine that runs; its class starts it. `addresses` are `ui`, a URL or None, and `connect`, a port or None."""

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

    @abstractmethod
    def cancel(self, statement: str) -> None:
        """Stop what the statement had begun. To be called in a signal handler of the main thread; does not wait."""
