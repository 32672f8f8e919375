"""What sessions and statements are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

SessionState = Literal["PROVISIONING", "READY", "FAILED", "TIMEOUT", "STOPPING", "STOPPED"]
StatementState = Literal["WAITING", "RUNNING", "AVAILABLE", "CANCELLING", "CANCELLED", "ERROR"]

MAX_CODE = 68_000
"""Most characters of a statement's code, by Glue's API."""

DEFAULT_TIMEOUT = 2880
"""Minutes a session lives when no timeout was given, by Glue's API."""


@dataclass(frozen=True)
class SessionRequest:
    """What was asked for; kept and shown as it was. Timeouts are in minutes."""

    id: str
    role: str
    description: str | None = None
    command: str = "glueetl"
    python_version: str = "3"
    timeout: int = DEFAULT_TIMEOUT
    idle_timeout: int | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    connections: tuple[str, ...] = ()
    max_capacity: float | None = None
    workers: int | None = None
    worker_type: str | None = None
    security_configuration: str | None = None
    glue_version: str | None = None
    origin: str | None = None
    kind: str = "LIVY"
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """An interactive Spark session; `asked` has the defaults of its creation where nothing was asked for."""

    asked: SessionRequest
    state: SessionState
    created: datetime
    error: str | None = None
    completed: datetime | None = None
    kernel: str | None = None


@dataclass(frozen=True)
class ConnectEndpoint:
    """Where a session serves Spark Connect clients, and the token that lets them in until it expires."""

    url: str
    token: str
    expires: datetime


@dataclass(frozen=True)
class Output:
    """What a statement printed, showed and returned, in Jupyter's vocabulary.

    `text` is what it printed to stdout with the plain text of all it showed. `displays` are what it showed in richer
    forms than plain text, by MIME type; `stdout` is `text` without these. Each is in the order of the program.
    """

    status: Literal["ok", "error"] | None = None
    count: int = 0
    text: str = ""
    stdout: str = ""
    stderr: str = ""
    displays: tuple[Mapping[str, Any], ...] = ()
    error_name: str | None = None
    error_value: str | None = None
    traceback: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Characters, about."""
        shown = sum(len(str(value)) for display in self.displays for value in display.values())
        return len(self.text) + len(self.stderr) + shown + len(self.error_value or "") + sum(map(len, self.traceback))


@dataclass(frozen=True)
class Statement:
    """A piece of code given to a session. `error` says why it ended otherwise than by itself; `origin` is the session's.

    progress: the part of the tasks of its Spark jobs that have finished, below 1 until it has ended.
    """

    id: int
    code: str
    state: StatementState
    created: datetime
    output: Output
    started: datetime | None = None
    completed: datetime | None = None
    error: str | None = None
    origin: str | None = None
    progress: float = 0.0
