"""Log groups, streams and events. Child processes write with LogWriter, which needs no database."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from studiolo.logs.events import Event
from studiolo.logs.reading import ALWAYS, MOST_EVENTS, EventPage, Found, FoundPage, Span
from studiolo.logs.writer import LogWriter

if TYPE_CHECKING:
    from studiolo.logs.groups import LogGroup
    from studiolo.logs.logs import Logs, Rejected
    from studiolo.logs.streams import LogStream

__all__ = [
    "ALWAYS", "MOST_EVENTS", "Event", "EventPage", "Found", "FoundPage", "LogGroup", "LogStream", "LogWriter", "Logs",
    "Rejected", "Span",
]  # fmt: skip

_WITH_DATABASE = {"LogGroup": "groups", "LogStream": "streams", "Logs": "logs", "Rejected": "logs"}


def __getattr__(name: str) -> Any:
    # Children take LogWriter from here: they need not wait for the database's libraries.
    if name not in _WITH_DATABASE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WITH_DATABASE[name]}"), name)
