"""Interactive sessions in Glue's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from studiolo.engine import SessionState

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


@dataclass(frozen=True)
class ConnectEndpoint:
    """Where a session serves Spark Connect clients, and the token that lets them in until it expires."""

    url: str
    token: str
    expires: datetime
