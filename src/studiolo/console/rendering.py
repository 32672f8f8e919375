"""How values are written for people: sizes, moments, durations, states, JSON."""

import json
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment

NOTHING = "\N{EN DASH}"
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")

GOOD = frozenset(
    [
        *("READY", "INSERVICE", "COMPLETED", "SUCCEEDED", "AVAILABLE", "COMPLETE", "IN_SERVICE", "ACTIVE", "SUCCESS"),
        *("STARTED", "OK", "CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "APPROVED"),
    ]
)
BAD = frozenset(["FAILED", "ERROR", "TIMEOUT", "TERMINATED_WITH_ERRORS", "ALARM", "REJECTED"])
IDLE = frozenset(
    [
        *("STOPPED", "CANCELLED", "TERMINATED", "DELETED", "OUTOFSERVICE", "DISABLED", "CREATED", "DELETE_COMPLETE"),
        *("INSUFFICIENT_DATA", "PENDINGMANUALAPPROVAL"),
    ]
)


def size(value: float | None) -> str:
    """Bytes, in the largest unit that leaves a number from 1 on."""
    if value is None:
        return NOTHING
    number = float(value)
    for unit in UNITS:
        if number < 1024 or unit == UNITS[-1]:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1024
    raise AssertionError


def moment(value: datetime | float | None) -> datetime | None:
    """A moment, of an API's datetime, seconds or milliseconds since 1970; None for what is undefined in a template."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, (int, float)):
        return None
    return datetime.fromtimestamp(value / 1000 if value > 10**11 else value, timezone.utc)


def duration(value: timedelta | float | None) -> str:
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, left = divmod(int(seconds), 60)
    return f"{minutes} min {left} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def kind(state: str | None) -> str:
    """What a service's state means: good, bad, idle, or on its way."""
    word = (state or "").upper()
    if word in GOOD:
        return "good"
    if word in BAD or word.endswith(("FAILED", "ROLLBACK_COMPLETE")):
        return "bad"
    return "idle" if word in IDLE else "busy"


def cell(value: Any) -> str:
    """A value of a row of data."""
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value.isoformat()) if isinstance(value, date) else str(value)


def number(value: Any) -> bool:
    """Whether a value stands at the right."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def pretty(value: Any) -> str:
    """JSON to be read; a text that is JSON too."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, indent=2, default=str, ensure_ascii=False)


def part(value: str) -> str:
    """A name as a part of an address."""
    return quote(value, safe="")


def channel(value: dict[str, Any]) -> tuple[str, str]:
    """A channel of a job: its name, and where its data is."""
    source = value.get("DataSource", {}).get("S3DataSource", {})
    return value.get("ChannelName", ""), source.get("S3Uri", "")


def twice(value: str) -> tuple[str, str]:
    """A view whose heading is its key."""
    return value, value


def numbered(values: list[float]) -> list[tuple[int, float]]:
    return list(enumerate(values, 1))


@cache
def templates() -> "Environment":
    """The templates. Jinja is loaded with the first page: a server that shows none does without."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("studiolo.console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        size=size,
        moment=moment,
        duration=duration,
        kind=kind,
        cell=cell,
        pretty=pretty,
        part=part,
        channel=channel,
        numbered=numbered,
        twice=twice,
    )
    environment.tests["figure"] = number
    environment.globals["now"] = lambda: datetime.now(timezone.utc)
    return environment
