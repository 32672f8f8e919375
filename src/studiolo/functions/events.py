"""Events that functions handle in their time: tried up to three times, and sent on to where their results are wanted.

They are in the database until they have been handled: one whose server was killed is handled once more, with the same
request id.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from studiolo.background import Background
from studiolo.calling import Refused
from studiolo.domain import Clock, DomainError, Scope
from studiolo.functions.errors import Throttled
from studiolo.functions.instance import Given
from studiolo.functions.model import LATEST, Event, EventConfig, Function, Result
from studiolo.functions.store import Store
from studiolo.functions.tables import events
from studiolo.state import State

log = logging.getLogger(__name__)

RETRIES, AGE = 2, 6 * 3600
"""How often an event is tried again, and the seconds it may wait in all, where nothing else is said."""
PAUSES = (60.0, 120.0)
"""Seconds before an event is tried again."""
BUSY_SECONDS = 1.0
"""Before it is tried again where as many run as may."""
AT_ONCE = 32
LOOK_SECONDS = 30.0

Deliver = Callable[[Function, str, str, bytes], None]
"""Hands a document on, as a function's role: the function, the ARN that gets it, an id, the document. Raises Refused,
and DomainError."""


class Events:
    """The queue. run: invokes a function; find: which version a qualifier means now."""

    def __init__(
        self,
        state: State,
        store: Store,
        find: Callable[[Scope, str, str | None], Function],
        run: Callable[[Function, Given], Result],
        deliver: Deliver,
        clock: Clock,
    ) -> None:
        self._state = state
        self._store = store
        self._find = find
        self._run = run
        self._deliver = deliver
        self._clock = clock
        self._background = Background("events of functions", self._begin_due, LOOK_SECONDS)
        self._handling: set[str] = set()
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="function event")

    def start(self) -> None:
        self._background.wake()
        self._background.start()

    def close(self) -> None:
        self._background.close()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def put(self, scope: Scope, name: str, qualifier: str | None, payload: bytes, identifier: str) -> None:
        """Take an event, for good."""
        present = self._clock()
        row = {"account": scope.account, "region": scope.region, "name": name, "qualifier": qualifier}
        with self._state.transaction() as tx:
            tx.execute(
                events.insert().values(id=identifier, **row, payload=payload, attempts=0, created=present, due=present)
            )
        self._background.wake()

    def _begin_due(self) -> float:
        """Begin what is due; the seconds until something else is."""
        present = self._clock()
        with self._lock:
            known, room = set(self._handling), AT_ONCE - len(self._handling)
        with self._state.reading() as connection:
            query = events.select().where(events.c.due <= present).order_by(events.c.due).limit(2 * AT_ONCE)
            rows = [row for row in connection.execute(query) if row.id not in known]
            following = select(events.c.due).where(events.c.due > present).order_by(events.c.due).limit(1)
            later = connection.execute(following).scalar()
        for row in rows[: max(0, room)]:
            scope = Scope(row.account, row.region)
            event = Event(row.id, scope, row.name, row.qualifier, row.payload, row.attempts, row.created)
            with self._lock:
                self._handling.add(event.id)
            self._workers.submit(self._handle, event)
        if later is None:
            return LOOK_SECONDS
        seconds: float = (later - present).total_seconds()
        return min(LOOK_SECONDS, max(0.01, seconds))

    def _handle(self, event: Event) -> None:
        try:
            self._try(event)
        except Exception:
            log.exception("the event %s of the function %s could not be handled", event.id, event.name)
            self._later(event, LOOK_SECONDS)
        finally:
            with self._lock:
                self._handling.discard(event.id)
            self._background.wake()

    def _try(self, event: Event) -> None:
        try:
            function = self._find(event.scope, event.name, event.qualifier)
        except DomainError:
            self._drop(event)
            return
        config = self._config(event)
        age = (self._clock() - event.created).total_seconds()
        limit = AGE if config is None or config.age is None else config.age
        if event.attempts and age > limit:
            self._give_up(event, function, config, None, "EventAgeExceeded")
            return
        arn = function.arn if event.qualifier is None else f"{function.arn}:{event.qualifier}"
        try:
            result = self._run(function, Given(event.id, arn, event.payload))
        except Throttled:
            if function.reserved == 0 or age > limit:
                self._give_up(event, function, config, None, "ZeroReservedConcurrency")
            else:
                self._later(event, BUSY_SECONDS)
            return
        except DomainError as error:
            said = {"errorType": type(error).__name__, "errorMessage": str(error)}
            result = Result(json.dumps(said).encode(), function.version, event.id, "Unhandled")
        if self._background.ended and result.error:
            # Its process was ended with this server: the next one tries again.
            return
        self._note(event, function, config, result)

    def _note(self, event: Event, function: Function, config: EventConfig | None, result: Result) -> None:
        if result.error is None:
            if config is not None and config.on_success:
                self._send(function, config.on_success, event, _told(event, function, result, "Success"))
            self._drop(event)
            return
        retries = RETRIES if config is None or config.retries is None else config.retries
        tried = replace(event, attempts=event.attempts + 1)
        if tried.attempts <= retries:
            self._later(tried, PAUSES[min(event.attempts, len(PAUSES) - 1)])
        else:
            self._give_up(tried, function, config, result, "RetriesExhausted")

    def _give_up(
        self, event: Event, function: Function, config: EventConfig | None, result: Result | None, why: str
    ) -> None:
        """Tell those who want to know of failures; then forget the event."""
        if config is not None and config.on_failure:
            self._send(function, config.on_failure, event, _told(event, function, result, why))
        if function.settings.dead_letter:
            self._send(function, function.settings.dead_letter, event, event.payload)
        self._drop(event)

    def _send(self, function: Function, arn: str, event: Event, document: bytes) -> None:
        try:
            self._deliver(function, arn, event.id, document)
        except (Refused, DomainError) as error:
            log.warning("The event %s of %s could not be sent on to %s: %s", event.id, function.arn, arn, error)

    def _config(self, event: Event) -> EventConfig | None:
        return self._store.event_config(event.scope, event.name, event.qualifier or LATEST)

    def _later(self, event: Event, seconds: float) -> None:
        due = self._clock() + timedelta(seconds=seconds)
        with self._state.transaction() as tx:
            change = events.update().where(events.c.id == event.id)
            tx.execute(change.values(attempts=event.attempts, due=due))

    def _drop(self, event: Event) -> None:
        with self._state.transaction() as tx:
            tx.execute(events.delete().where(events.c.id == event.id))


def _told(event: Event, function: Function, result: Result | None, condition: str) -> bytes:
    """The record that a destination gets (AWS Lambda Developer Guide, "Invocation record")."""
    moment = datetime.now(event.created.tzinfo).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": moment,
        "requestContext": {
            "requestId": event.id,
            "functionArn": f"{function.arn}:{event.qualifier or LATEST}",
            "condition": condition,
            "approximateInvokeCount": max(1, event.attempts + (condition == "Success")),
        },
        "requestPayload": _document(event.payload),
    }
    if result is not None:
        context: Mapping[str, Any] = {"statusCode": 200, "executedVersion": result.version}
        record["responseContext"] = context if result.error is None else {**context, "functionError": result.error}
        record["responsePayload"] = _document(result.payload)
    return json.dumps(record).encode()


def _document(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
