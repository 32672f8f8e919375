"""Apache Livy's words: servers, sessions, what a session or a batch is asked to be."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from studiolo.domain import Invalid, Scope
from studiolo.engine import Language

VERSION = "0.8.0-incubating"
"""The version of Livy that EMR 7 has; its REST API is the one that is spoken here."""

SHARED = "shared"
LANGUAGES: Mapping[str, Language] = {"pyspark": "python", "spark": "scala", "sql": "sql"}
KINDS = (*LANGUAGES, SHARED)
ALSO_CALLED = {"python": "pyspark", "scala": "spark", "r": "sparkr"}

DURATION = re.compile(r"(\d+)\s*(us|ms|s|m|min|h|d)?")
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST = 100 * 365 * 86400.0
"""Seconds that a longer time is taken for: Python's dates have an end."""

MEMORY = re.compile(r"(\d+)\s*([bkmgt]?)b?", re.IGNORECASE)
MIB = {"b": 1 / 1024**2, "k": 1 / 1024, "": 1.0, "m": 1.0, "g": 1024.0, "t": 1024.0**2}


@dataclass(frozen=True)
class Place:
    """Where a Livy server is, and what its sessions are like.

    id: unique in its scope, such as a cluster's. label: the EMR release. role: the ARN of the role that sessions act
    as. master: a Spark master, None for this machine; master_conf: Spark settings that only its drivers have. conf: those
    of all sessions. formats: the table formats that these have at hand. address and port: where it listens; None where
    requests come otherwise. idle_minutes: after which a session ends that has nothing to do.
    """

    id: str
    scope: Scope
    label: str
    role: str
    master: str | None = None
    master_conf: Mapping[str, str] = field(default_factory=dict)
    conf: Mapping[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    address: str | None = None
    port: int | None = None
    idle_minutes: int = 60

    def spark(self, role: str | None) -> tuple[str | None, Mapping[str, str]]:
        """The master of what acts as a role, of its own or the server's, and the settings.

        A cluster's executors have the keys of the cluster's role: what has another one computes in its driver.
        """
        if self.master is None:
            return None, self.conf
        if role is not None:
            return "local", self.conf
        return self.master, {**self.master_conf, **self.conf}

    def kept(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {name: value for name, value in asdict(self).items() if name not in ("id", "scope")}


@dataclass(frozen=True)
class SessionRequest:
    """What POST /sessions may say, by Livy's names; recorded and shown where nothing follows from it."""

    kind: str = SHARED
    name: str | None = None
    proxyUser: str | None = None  # noqa: N815
    jars: tuple[str, ...] = ()
    pyFiles: tuple[str, ...] = ()  # noqa: N815
    files: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    driverMemory: str | None = None  # noqa: N815
    driverCores: int | None = None  # noqa: N815
    executorMemory: str | None = None  # noqa: N815
    executorCores: int | None = None  # noqa: N815
    numExecutors: int | None = None  # noqa: N815
    queue: str | None = None
    conf: Mapping[str, str] = field(default_factory=dict)
    heartbeatTimeoutInSecond: int = 0  # noqa: N815
    ttl: str | None = None
    idleTimeout: str | None = None  # noqa: N815


@dataclass(frozen=True)
class BatchRequest:
    """What POST /batches may say, by Livy's names."""

    file: str
    args: tuple[str, ...] = ()
    className: str | None = None  # noqa: N815
    name: str | None = None
    proxyUser: str | None = None  # noqa: N815
    jars: tuple[str, ...] = ()
    pyFiles: tuple[str, ...] = ()  # noqa: N815
    files: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    driverMemory: str | None = None  # noqa: N815
    driverCores: int | None = None  # noqa: N815
    executorMemory: str | None = None  # noqa: N815
    executorCores: int | None = None  # noqa: N815
    numExecutors: int | None = None  # noqa: N815
    queue: str | None = None
    conf: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """A session as Livy shows it; `log` are the lines that its Spark has printed. role: if not the server's."""

    id: int
    asked: SessionRequest
    owner: str | None
    role: str | None
    state: str
    app_id: str | None
    ui: str | None
    log: tuple[str, ...]
    created: datetime


R = TypeVar("R", SessionRequest, BatchRequest)


def request_of(kind: type[R], given: Mapping[str, Any]) -> R:
    """The request of a JSON object. Raises Invalid for fields that there are not, and values of other types."""
    known = {each.name: each.type for each in fields(kind)}
    if unknown := sorted(set(given) - set(known)):
        raise Invalid(f"Unrecognized field {unknown[0]!r}: known are {', '.join(known)}.")
    values = {name: _value(name, str(known[name]), value) for name, value in given.items() if value is not None}
    if "kind" in values:
        values["kind"] = ALSO_CALLED.get(values["kind"], values["kind"])
    try:
        return kind(**values)
    except TypeError:
        raise Invalid("The field 'file' is required: the application to run.") from None


PLAIN = str | bool | int | float
"""What stands for a text: its text."""


def _value(name: str, kind: str, value: Any) -> Any:
    good: Any = None
    if "tuple" in kind and isinstance(value, (list, tuple)) and all(isinstance(each, PLAIN) for each in value):
        good = tuple(map(_text, value))
    elif "Mapping" in kind and isinstance(value, Mapping) and all(isinstance(v, PLAIN | None) for v in value.values()):
        good = {str(key): _text(each) for key, each in value.items() if each is not None}
    elif "int" in kind and str(value).isdecimal():
        good = int(value)
    elif "str" in kind and "[" not in kind and isinstance(value, PLAIN):
        good = _text(value)
    if good is None:
        raise Invalid(f"The field {name!r} cannot be {value!r}.")
    return good


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def duration(text: str) -> timedelta:
    """A time as Livy has it, `10m` or `2h`; a number alone is milliseconds. Raises Invalid."""
    found = DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise Invalid(f"{text!r} is no time: give it as 600s, 10m or 2h.")
    return timedelta(seconds=min(int(found[1]) * UNITS[found[2] or "ms"], LONGEST))


def mebibytes(text: str) -> int:
    """Memory as Spark has it, `512m` or `2g`, in MiB. Raises Invalid."""
    found = MEMORY.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} is no amount of memory: give it as 512m or 2g.")
    return max(1, int(int(found[1]) * MIB[found[2].lower()]))
