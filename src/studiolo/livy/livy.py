"""Livy servers: their sessions and statements, on the engine's."""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Protocol

from studiolo import engine
from studiolo.background import Background
from studiolo.domain import Clock, Conflict, Invalid, NotFound, Page, Scope
from studiolo.engine import Engine, Key, Statement, Wanted
from studiolo.livy.batches import Batches
from studiolo.livy.model import ALSO_CALLED, LANGUAGES, SHARED, Place, Session, SessionRequest, request_of
from studiolo.livy.places import Places
from studiolo.livy.requests import check_kind, wanted
from studiolo.runtimes import Runtimes
from studiolo.sparkui import Target, owner
from studiolo.state import State

log = logging.getLogger(__name__)

RETAINED = timedelta(minutes=10)
"""How long a session stays in the list that has ended by itself (`livy.server.session.state-retain.sec`)."""

BATCHES_RETAINED = timedelta(hours=1)
"""How long a batch does: whoever waits for it, such as Airflow, looks every minute."""

LOOK = 30.0
"""Seconds between looks for sessions to be forgotten, or sooner where a heartbeat may be missed."""

SHOWN_STATES = {"PROVISIONING": "starting", "FAILED": "dead", "TIMEOUT": "killed", "STOPPING": "shutting_down"}


class Doors(Protocol):
    """Who listens for a Livy server, and ends to."""

    def open(self, place: Place) -> None:
        """Answer at the place's address. Raises Conflict where that cannot be had."""

    def close(self, place: Place) -> None:
        """Answer there no more."""


class Livy:
    """The Livy servers of one data folder; a session's id in the engine is that of its server, and its number."""

    service = "livy"

    def __init__(self, engine: Engine, state: State, runtimes: Runtimes, clock: Clock) -> None:
        self._engine = engine
        self._runtimes = runtimes
        self._places = Places(state)
        self._clock = clock
        self.batches = Batches(engine, self._places, runtimes, clock)
        self._doors: Doors | None = None
        self._heard: dict[Key, float] = {}
        self._background = Background("livy sessions", self._forget_those_over, LOOK)
        engine.serve(self)

    def start(self, doors: Doors) -> None:
        """Open the doors of the servers that there are. To be called when the engine has started."""
        self._doors = doors
        for place in self._places.all():
            if place.address is not None:
                try:
                    doors.open(place)
                except Conflict as reason:
                    log.warning("Livy of %s does not listen: %s", place.id, reason)
        self._background.start()

    def close(self) -> None:
        """Forget no sessions any more."""
        self._background.close()

    def empty(self) -> None:
        """Close every door, and forget every server."""
        for place in self._places.all():
            self.end(place.scope, place.id)

    def serve(self, place: Place) -> None:
        """Have a Livy server there, from now on and after a restart. Raises Invalid, and Conflict for its address."""
        self._runtimes.for_emr(place.label)
        if place.address is not None and self._doors is not None:
            self._doors.open(place)
        self._places.put(place)

    def end(self, scope: Scope, name: str) -> None:
        """End a Livy server with its sessions; one that is not there has ended."""
        with suppress(NotFound):
            place = self._places.get(scope, name)
            if place.address is not None and self._doors is not None:
                self._doors.close(place)
            for session in self._all(place):
                self._drop(place, session)
            self.batches.end(place)
            self._places.remove(place)

    def places(self) -> list[Place]:
        """The servers of every scope."""
        return self._places.all()

    def place(self, scope: Scope, name: str) -> Place:
        """Raises NotFound."""
        return self._places.get(scope, name)

    def active(self, scope: Scope, name: str) -> int:
        """How many sessions and batches of a server have not ended; none of one that is not there."""
        try:
            place = self._places.get(scope, name)
        except NotFound:
            return 0
        return sum(session.completed is None for session in self._all(place)) + self.batches.active(place)

    def wanted(self, session: engine.Session) -> Wanted:
        """A session's request, in the engine's words."""
        place = self._places.get(session.key.scope, session.key.id.rpartition("/")[0])
        return self._wanted(place, _request(session), session.asked.get("role"))

    def _wanted(self, place: Place, asked: SessionRequest, role: str | None) -> Wanted:
        return wanted(place, asked, self._runtimes.for_emr(place.label), f"livy-{place.id}", role)

    def create(self, place: Place, asked: SessionRequest, owner: str | None = None, role: str | None = None) -> Session:
        """Begin a session, as another role than the server's where one is given.

        Raises Invalid, LimitExceeded, and Conflict where a session has that name.
        """
        check_kind(asked)
        self._engine.check(self._wanted(place, asked, role))
        if asked.name is not None and any(_request(each).name == asked.name for each in self._all(place)):
            raise Conflict(f"Duplicate session name: {asked.name} for session {asked.name}")
        number = self._places.number(place, "sessions")
        key = self._key(place, number)
        self._heard[key] = time.monotonic()
        kept = {**asdict(asked), "owner": owner, "role": role}
        made = self._engine.create(key, kept, {})
        self._background.wake()
        return self._shown(made)

    def sessions(self, place: Place) -> Sequence[Session]:
        """The server's sessions, in the order of their numbers."""
        return [self._shown(session) for session in self._all(place)]

    def session(self, place: Place, name: str) -> Session:
        """The session of that number or name, whose heartbeat this is. Raises NotFound."""
        return self._shown(self._found(place, name))

    def begun(self, place: Place, name: str) -> tuple[str | None, str | None]:
        """Who has begun the session, and the role that it acts as if not the server's. Raises NotFound."""
        asked = self._found(place, name).asked
        return asked["owner"], asked.get("role")

    def delete(self, place: Place, name: str) -> None:
        """End a session and forget it. Raises NotFound."""
        found = self._found(place, name)
        self._drop(place, found)
        self._heard.pop(found.key, None)

    def connect(self, place: Place, name: str) -> Session:
        """The session is in use. Raises NotFound."""
        found = self._found(place, name)
        self._engine.touch(found.key)
        return self._shown(found)

    def interrupt(self, place: Place, name: str) -> None:
        """Cancel the statement that runs, if there is one. Raises NotFound."""
        key = self._found(place, name).key
        for statement in self._engine.statements.unfinished(key):
            if statement.state != "WAITING":
                with suppress(Conflict):
                    self._engine.statements.cancel(key, statement.id)

    def complete(self, place: Place, name: str, code: str, cursor: int, kind: str | None = None) -> Sequence[str]:
        """How Python code could go on at that character; of the other kinds nothing is known. Raises NotFound, Conflict."""
        found = self._found(place, name)
        kind = _request(found).kind if kind is None else ALSO_CALLED.get(kind, kind)
        return self._engine.complete(found.key, code, cursor) if kind in ("pyspark", SHARED) else ()

    def run(self, place: Place, name: str, code: str, kind: str | None = None) -> Statement:
        """Queue a statement. Raises NotFound, Invalid, and Conflict while the session takes none."""
        found = self._found(place, name)
        kind = _request(found).kind if kind is None else ALSO_CALLED.get(kind, kind)
        if kind == SHARED:
            raise Invalid("Code type should be specified if session kind is shared")
        if kind not in LANGUAGES:
            raise Invalid(f"Statements of kind {kind} do not run here: pyspark, spark and sql do.")
        try:
            number = self._engine.statements.run(found.key, code, LANGUAGES[kind])
        except Conflict:
            raise Conflict(
                f"Session '{name}' is in state {self._shown(found).state}: statements run when it is idle."
            ) from None
        return self._engine.statements.get(found.key, number)

    def statement(self, place: Place, name: str, number: int) -> Statement:
        """A statement with its output so far. Raises NotFound."""
        return self._statement(self._found(place, name).key, number)

    def statements(self, place: Place, name: str, after: str | None, limit: int) -> Page[Statement]:
        """The session's statements in their order. Raises NotFound."""
        return self._engine.statements.page(self._found(place, name).key, after, limit)

    def cancel(self, place: Place, name: str, number: int) -> None:
        """Cancel a statement; one that has ended stays as it is. Raises NotFound."""
        key = self._found(place, name).key
        self._statement(key, number)
        with suppress(Conflict):
            self._engine.statements.cancel(key, number)

    def _statement(self, key: Key, number: int) -> Statement:
        try:
            return self._engine.statements.get(key, number)
        except NotFound:
            raise NotFound("Statement not found") from None

    def target(self, place: Place, application: str, role: str | None = None) -> Target:
        """The session whose Spark application that is, as that role if not the server's. Raises NotFound."""
        for session in self._all(place):
            if session.asked.get("role") != role:
                continue
            with suppress(Conflict):
                if self._engine.addresses(session)["application"] == application:
                    return self._engine.target(session)
        raise NotFound(f"No session is of application {application}.")

    def key(self, place: Place, name: str) -> Key:
        """The session of that number or name. Raises NotFound."""
        return self._found(place, name).key

    def _drop(self, place: Place, session: engine.Session) -> None:
        self._engine.drop(session.key, keep_as=owner(place.id, session.asked.get("role")))

    def _key(self, place: Place, number: int) -> Key:
        # So that their order is that of their numbers.
        return Key(self.service, place.scope, f"{place.id}/{number:08}")

    def _found(self, place: Place, name: str) -> engine.Session:
        try:
            if name.isascii() and name.isdecimal() and len(name) <= 8:
                session = self._engine.session(self._key(place, int(name)))
            else:
                session = next(each for each in self._all(place) if _request(each).name == name)
        except (NotFound, StopIteration):
            raise NotFound(f"Session '{name}' not found.") from None
        self._heard[session.key] = time.monotonic()
        return session

    def _all(self, place: Place) -> list[engine.Session]:
        found: list[engine.Session] = []
        after: str | None = None
        while True:
            page = self._engine.sessions(self.service, place.scope, after=after, prefix=f"{place.id}/")
            found += page.items
            after = page.next
            if after is None:
                return found

    def _shown(self, session: engine.Session) -> Session:
        state, addresses = SHOWN_STATES.get(session.state, "dead"), dict[str, Any]()
        if session.state == "READY":
            state = "idle" if self._engine.is_idle(session.key) else "busy"
            with suppress(Conflict):
                addresses = dict(self._engine.addresses(session))
        elif session.state == "FAILED" and session.kernel is None:
            state = "error"
        lines = ["stdout: ", "\nstderr: ", *self._engine.log(session)]
        return Session(
            id=int(session.key.id.rpartition("/")[2]),
            asked=_request(session),
            owner=session.asked["owner"],
            role=session.asked.get("role"),
            state=state,
            app_id=addresses.get("application"),
            ui=None if session.kernel is None else self._engine.link(session),
            log=(*lines, *([] if session.error is None else session.error.splitlines())),
            created=session.created,
        )

    def _forget_those_over(self) -> float:
        """Forget sessions that ended a while ago, and those whose client went silent; seconds until the next may be."""
        wait = LOOK
        for place in self._places.all():
            self.batches.forget_those_over(place, BATCHES_RETAINED)
            for session in self._all(place):
                limit = _request(session).heartbeatTimeoutInSecond
                silent = time.monotonic() - self._heard.setdefault(session.key, time.monotonic())
                retained = session.completed is not None and self._clock() - session.completed < RETAINED
                if session.completed is not None and not retained:
                    self._drop(place, session)
                elif session.completed is None and limit:
                    if silent >= limit:
                        self._engine.end_in_time(session.key, "Its client has sent no heartbeat.")
                    else:
                        wait = min(wait, limit - silent + 0.1)
        return wait


def _request(session: engine.Session) -> SessionRequest:
    kept: Mapping[str, Any] = session.asked
    return request_of(SessionRequest, {name: value for name, value in kept.items() if name not in ("owner", "role")})
