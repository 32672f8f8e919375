"""What sessions and statements are, in the words of no service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from studiolo.domain import Scope
from studiolo.engine.size import Size
from studiolo.runtimes import Release
from studiolo.state import Thing

SessionState = Literal["PROVISIONING", "READY", "FAILED", "TIMEOUT", "STOPPING", "STOPPED"]
StatementState = Literal["WAITING", "RUNNING", "AVAILABLE", "CANCELLING", "CANCELLED", "ERROR"]

LIVING: tuple[SessionState, ...] = ("PROVISIONING", "READY")
UNFINISHED: tuple[StatementState, ...] = ("WAITING", "RUNNING", "CANCELLING")

Language = Literal["python", "scala", "sql"]
"""What a statement is written in. The answer to SQL is its rows as JSON; Scala needs Apache Spark."""


@dataclass(frozen=True)
class Key:
    """Which session, of which service."""

    service: str
    scope: Scope
    id: str

    def __str__(self) -> str:
        return f"{self.service} {self.scope.account}/{self.scope.region}/{self.id}"

    @property
    def thing(self) -> Thing:
        """What those wait for who wait for the session, or one of its statements."""
        return Thing(f"{self.service} session", self.scope.account, self.scope.region, self.id)


@dataclass(frozen=True)
class Extras:
    """What a session brings along: modules as pip names them, and S3 addresses of files.

    `listed` says that modules are files of requirements; `options` are those of the installer; `sail` that the
    engine is to come too.
    """

    modules: tuple[str, ...] = ()
    listed: bool = False
    options: tuple[str, ...] = ()
    py_files: tuple[str, ...] = ()
    jars: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    sail: bool = False

    def __bool__(self) -> bool:
        return bool(self.modules or self.py_files or self.jars or self.files or self.sail)


@dataclass(frozen=True)
class Streams:
    """Where a session's prints are logged: the group and the stream of its output, and of its errors with Spark's log."""

    output: tuple[str, str]
    error: tuple[str, str]


@dataclass(frozen=True)
class Wanted:
    """What a session is to be.

    role: the ARN of the role that it acts as, in role sessions of the name `acts_as`. conf: Spark's settings that win
    over ours. master: a Spark master of its own; else the server's. connect: whether it serves Spark Connect. kept_by: who
    may have kept one ready for it. arguments: its `sys.argv`. environment: variables of its own. timeout: how long it
    lives, idle_timeout: with nothing to do.
    """

    release: Release
    role: str
    acts_as: str
    size: Size
    conf: Mapping[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    engine: Literal["spark", "sail"] = "spark"
    connect: bool = False
    master: str | None = None
    extras: Extras = Extras()
    kept_by: str | None = None
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    streams: Streams | None = None
    timeout: timedelta | None = None
    idle_timeout: timedelta | None = None


@dataclass(frozen=True)
class Session:
    """An interactive Spark session; `asked` is what its service keeps of what was asked for."""

    key: Key
    asked: Mapping[str, Any]
    tags: Mapping[str, str]
    state: SessionState
    created: datetime
    error: str | None = None
    completed: datetime | None = None
    kernel: str | None = None


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
    """A piece of code given to a session. `error` says why it ended otherwise than by itself.

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
    language: Language = "python"
    progress: float = 0.0
