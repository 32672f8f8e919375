"""Who has Spark pages, and where they are at a moment: with a driver that runs, or with the history server."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from studiolo.domain import NotFound
from studiolo.sparkui.event_logs import EventLogs, Left
from studiolo.sparkui.history import History
from studiolo.sparkui.links import Links, Target

REMEMBERED = 2.0
"""Seconds for which it is remembered where pages are: a page asks for twenty things."""


@dataclass(frozen=True)
class Live:
    """Pages that a program serves now. token: what its door wants to be shown; history: it is a history server."""

    url: str
    token: str | None = None
    begin: str = "/jobs/"
    history: bool = False


@dataclass(frozen=True)
class Past:
    """What is left of applications: their event logs."""

    left: tuple[Left, ...]


@dataclass(frozen=True)
class Page:
    """Where pages are now. begin: the first one; history: whether they are of applications that are over."""

    url: str
    token: str | None
    begin: str
    history: bool


Find = Callable[[Target], Live | Past]
"""Where the pages of a target are now. Raises NotFound, and Conflict where they are not there yet."""


class Pages:
    """The pages of all that runs Spark; each kind of target is served by who knows it."""

    def __init__(self, links: Links, logs: EventLogs, history: History) -> None:
        self.links = links
        self.logs = logs
        self._history = history
        self._finds: dict[str, Find] = {}
        self._lock = threading.Lock()
        self._known: dict[Target, tuple[float, Page]] = {}

    def start(self) -> None:
        """End what a server that crashed has left."""
        self._history.clear()
        self.logs.purge()

    def close(self) -> None:
        """End the history server."""
        self._history.close()

    def empty(self) -> None:
        """Forget all event logs that are kept here."""
        self._history.clear()
        self.logs.empty()

    def serve(self, kind: str, find: Find) -> None:
        """Find the pages of targets of a kind so from now on."""
        self._finds[kind] = find

    def page(self, target: Target) -> Page:
        """Where the pages of a target are. Raises NotFound, Conflict."""
        with self._lock:
            self._known = {each: seen for each, seen in self._known.items() if seen[0] > time.monotonic()}
            if target in self._known:
                return self._known[target][1]
        found = self._finds[target.kind](target)
        page = self._past(target, found) if isinstance(found, Past) else _present(found)
        with self._lock:
            self._known[target] = (time.monotonic() + REMEMBERED, page)
        return page

    def _past(self, target: Target, found: Past) -> Page:
        if not self.logs.show(found.left, self._history.logs(target.name)):
            raise NotFound(
                "There are no event logs of it: it ran no Spark, wrote them elsewhere, or it is too long ago."
            )
        applications = self.logs.applications(found.left)
        url, token = self._history.open(target.name)
        begin = f"/history/{applications[0]}/jobs/" if len(applications) == 1 else "/"
        return Page(url, token, begin, history=True)


def _present(found: Live) -> Page:
    return Page(found.url, found.token, found.begin, found.history)
