"""Telling who waits for a thing that it has changed, in this process and without looking."""

import threading
from collections.abc import Callable
from typing import NamedTuple


class Thing(NamedTuple):
    """What changes and is waited for: a kind of ours (`session`, `endpoint` …), whose it is, and its name."""

    kind: str
    account: str
    region: str
    name: str


class Changes:
    """Who listens for what. Safe to use from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[Thing, set[Listener]] = {}

    def listen(self, thing: Thing) -> "Listener":
        """Begin to listen: what is read after this cannot change unheard."""
        listener = Listener(self, thing)
        with self._lock:
            self._listeners.setdefault(thing, set()).add(listener)
        return listener

    def tell(self, thing: Thing) -> None:
        """Say that it has changed, once everybody can read so."""
        if thing in self._listeners:
            with self._lock:
                listeners = self._listeners.pop(thing, set())
            for listener in listeners:
                listener.hear()

    def forget(self, listener: "Listener") -> None:
        """Tell it no more."""
        with self._lock:
            listeners = self._listeners.get(listener.thing, set())
            listeners.discard(listener)
            if not listeners:
                self._listeners.pop(listener.thing, None)


class Listener:
    """Hears of the first change of one thing; to be closed when that does not matter any more."""

    __slots__ = ("_call", "_changes", "_heard", "thing")

    def __init__(self, changes: Changes, thing: Thing) -> None:
        self.thing = thing
        self._changes = changes
        self._call: Callable[[], None] | None = None
        self._heard = False

    def call(self, then: Callable[[], None]) -> None:
        """Call `then` when it has changed, from any thread; at once if it has already. It may be called twice."""
        self._call = then
        if self._heard:
            then()

    def hear(self) -> None:
        self._heard = True
        if self._call is not None:
            self._call()

    def close(self) -> None:
        self._changes.forget(self)
