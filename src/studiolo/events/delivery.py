"""From what happens to who is told: rules found, targets handed their inputs, tried again where that fails.

All of it is in the database until it is done: an event is delivered at least once, also when the server is killed.
"""

import json
import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from studiolo.background import Background
from studiolo.calling import Refused, Services
from studiolo.domain import Clock, Denied, DomainError, Invalid, NotFound, Scope
from studiolo.events import buckets
from studiolo.events.happenings import event_of
from studiolo.events.inputs import made_input
from studiolo.events.model import DEFAULT, Rule
from studiolo.events.rules import as_rule
from studiolo.events.tables import deliveries, happened, rules, targets
from studiolo.events.targets import Sender
from studiolo.metrics import Metrics
from studiolo.metrics.model import Metric
from studiolo.patterns import Pattern
from studiolo.state import State
from studiolo.storage import notices
from studiolo.timetables import due

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks for what has happened."""
AT_ONCE = 16
BATCH = 100
ATTEMPTS, AGE = 185, 24 * 3600
"""How often a delivery is tried again, and the seconds until it is given up, where a target says nothing else."""
LONGEST_PAUSE = 300.0
EVENT = "event"
NAMESPACE = "AWS/Events"


class Delivery:
    """The queues. `start` is given the services that are asked and told."""

    def __init__(self, state: State, sender: Sender, metrics: Metrics, clock: Clock) -> None:
        self._state = state
        self._sender = sender
        self._metrics = metrics
        self._clock = clock
        self._services: Services | None = None
        self._background = Background("events", self.look, LOOK_SECONDS)
        self._lock = threading.Lock()
        self._sending: set[str] = set()
        self._workers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="event delivery")

    def start(self, services: Services) -> None:
        self._services = self._sender.services = services
        self._background.wake()
        self._background.start()

    def close(self) -> None:
        self._background.close()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def put(self, scope: Scope, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Take events, for good: of each its bus and itself."""
        present, place = self._clock(), {"account": scope.account, "region": scope.region}
        with self._state.transaction() as tx:
            for bus, event in events:
                row = {"bus": bus, "kind": EVENT, "name": event["id"], "document": event}
                tx.execute(happened.insert().values(**place, **row, at=present))
        self._background.wake()

    def look(self) -> None:
        """Do what there is to be done."""
        self._fire()
        self._take_notices()
        while self._find():
            pass
        self._send_due()

    # --- which rules

    def _fire(self) -> None:
        """Rules whose time has come."""
        present = self._clock()
        with self._state.reading() as connection:
            found = [as_rule(row) for row in connection.execute(select(rules).where(rules.c.due <= present))]
        for rule in found:
            assert rule.due is not None
            assert rule.schedule is not None
            event = {
                **_head(str(uuid.uuid4()), rule.scope, rule.due),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "resources": [rule.arn],
                "detail": {},
            }
            mine = (rules.c.account == rule.scope.account) & (rules.c.region == rule.scope.region)
            mine &= (rules.c.bus == rule.bus) & (rules.c.name == rule.name) & (rules.c.due == rule.due)
            following = due(rule.schedule, None, rule.changed, present)
            with self._state.transaction() as tx:
                # Unless it has been changed meanwhile.
                if tx.execute(rules.update().where(mine).values(due=following)).rowcount:
                    self._trigger(tx, rule, event, rule.due)

    def _take_notices(self) -> None:
        """What the S3 door has left."""
        for number, account, region, notice, at in notices.waiting(self._state):
            scope, present = Scope(account, region), self._clock()
            with self._state.transaction() as tx:
                for wanted in buckets.wanted_by(notice):
                    text = json.dumps(buckets.message_of(notice, wanted, scope, number, at))
                    arn = f"arn:{scope.partition}:s3:::{notice.bucket}"
                    row = _delivery(scope, arn, {"Id": wanted.name, "Arn": wanted.arn}, text, present)
                    tx.execute(deliveries.insert().values(row))
                if buckets.is_for_events(notice.configuration):
                    event = new_event(scope, at, buckets.event_of(notice, scope, number))
                    row = {"account": account, "region": region, "bus": DEFAULT, "kind": EVENT, "name": event["id"]}
                    tx.execute(happened.insert().values(**row, document=event, at=at))
                notices.told(tx, number)

    def _find(self) -> bool:
        """Find the rules of some of what has happened; whether there may be more."""
        with self._state.reading() as connection:
            rows = connection.execute(select(happened).order_by(happened.c.number).limit(BATCH)).all()
        for row in rows:
            try:
                event = self._event(row)
            except Exception:
                # One that cannot be told must not keep those behind it waiting.
                log.exception("the event of %s %s could not be made", row.kind, row.name)
                event = {}
            with self._state.transaction() as tx:
                c = rules.c
                mine = (c.account == row.account) & (c.region == row.region) & (c.bus == row.bus)
                for found in tx.execute(select(rules).where(mine)).all() if event else ():
                    rule = as_rule(found)
                    if rule.enabled and rule.pattern and Pattern(rule.pattern).matches(event):
                        self._trigger(tx, rule, event, row.at)
                tx.execute(happened.delete().where(happened.c.number == row.number))
        return len(rows) == BATCH

    def _event(self, row: Row[Any]) -> Mapping[str, Any]:
        if row.kind == EVENT:
            event: Mapping[str, Any] = row.document
            return event
        assert self._services is not None, "it was started"
        scope = Scope(row.account, row.region)
        # The same id where the server was killed before it was done.
        identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{row.kind} {row.name} {row.number} {row.at.isoformat()}"))
        told = event_of(self._services, scope, row.kind, row.name, row.document)
        return {**_head(identifier, scope, row.at), **told}

    def _trigger(self, tx: Connection, rule: Rule, event: Mapping[str, Any], at: datetime) -> None:
        scope, present = rule.scope, self._clock()
        c = targets.c
        mine = (c.account == scope.account) & (c.region == scope.region) & (c.bus == rule.bus) & (c.rule == rule.name)
        found = tx.execute(select(targets).where(mine)).all()
        for target in found:
            text = made_input(target.settings, event, rule.arn, rule.name, at)
            row = _delivery(scope, rule.arn, target.settings, text, present)
            tx.execute(deliveries.insert().values(row))
        self._count(scope, rule.arn, "TriggeredRules")
        if rule.pattern:
            self._count(scope, rule.arn, "MatchedEvents")

    # --- who is told

    def _send_due(self) -> None:
        present = self._clock()
        with self._lock:
            known, room = set(self._sending), AT_ONCE - len(self._sending)
        query = select(deliveries).where(deliveries.c.due <= present).order_by(deliveries.c.due).limit(2 * AT_ONCE)
        with self._state.reading() as connection:
            rows = [row for row in connection.execute(query) if row.id not in known]
        for row in rows[: max(0, room)]:
            with self._lock:
                self._sending.add(row.id)
            self._workers.submit(self._send, row)

    def _send(self, row: Row[Any]) -> None:
        scope = Scope(row.account, row.region)
        try:
            self._sender.send(row.source, row.target, row.input, row.id)
        except (DomainError, Refused) as error:
            self._failed(scope, row, error, for_good=_is_for_good(error))
        except Exception as error:
            log.exception("the delivery %s of %s failed", row.id, row.source)
            self._failed(scope, row, error, for_good=False)
        else:
            self._count(scope, row.source, "Invocations")
            with self._state.transaction() as tx:
                tx.execute(deliveries.delete().where(deliveries.c.id == row.id))
        finally:
            with self._lock:
                self._sending.discard(row.id)
            self._background.wake()

    def _failed(self, scope: Scope, row: Row[Any], why: Exception, *, for_good: bool) -> None:
        if self._background.ended:
            return
        policy, present = row.target.get("RetryPolicy", {}), self._clock()
        attempts, age = row.attempts + 1, (present - row.created).total_seconds()
        too_often = attempts > policy.get("MaximumRetryAttempts", ATTEMPTS)
        pause = min(LONGEST_PAUSE, 2.0 ** min(attempts, 10) / 2)
        mine = deliveries.c.id == row.id
        too_old = age + pause > policy.get("MaximumEventAgeInSeconds", AGE)
        given_up = for_good or too_often or too_old
        if given_up:
            condition = "" if for_good else "MaximumRetryAttempts" if too_often else "MaximumEventAgeInSeconds"
            self._bury(row, why, condition)
        with self._state.transaction() as tx:
            if given_up:
                log.warning("%s: %s got no event after %d tries: %s", row.source, row.target["Arn"], attempts, why)
                self._count(scope, row.source, "FailedInvocations")
                tx.execute(deliveries.delete().where(mine))
            else:
                log.info("%s: %s is tried again: %s", row.source, row.target["Arn"], why)
                self._count(scope, row.source, "RetryInvocationAttempts")
                values = {"attempts": attempts, "due": present + timedelta(seconds=pause)}
                tx.execute(deliveries.update().where(mine).values(values))

    def _bury(self, row: Row[Any], why: Exception, condition: str) -> None:
        told = {
            "ERROR_CODE": why.code if isinstance(why, Refused) else type(why).__name__,
            "ERROR_MESSAGE": str(why),
            "EXHAUSTED_RETRY_CONDITION": condition,
            "RETRY_ATTEMPTS": str(row.attempts),
        }
        dead = row.target.get("DeadLetterConfig", {}).get("Arn")
        if dead is None:
            return
        try:
            self._sender.bury(row.source, row.target, row.input, dead, told)
        except DomainError as error:
            log.warning("%s: the dead-letter queue of %s got no event: %s", row.source, row.target["Arn"], error)

    def _count(self, scope: Scope, rule: str, name: str) -> None:
        if ":rule/" not in rule:
            return
        bus, _, rule_name = rule.partition(":rule/")[2].rpartition("/")
        dimensions = {"RuleName": rule_name, **({"EventBusName": bus} if bus else {})}
        self._metrics.add(scope, Metric.of(NAMESPACE, name, dimensions), 1, "Count")


def new_event(scope: Scope, at: datetime, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event of that moment. told: its `detail-type`, `source`, `resources` and `detail`."""
    return {**_head(str(uuid.uuid4()), scope, at), **told}


def _delivery(scope: Scope, source: str, target: Mapping[str, Any], text: str, present: datetime) -> dict[str, Any]:
    row = {"id": str(uuid.uuid4()), "account": scope.account, "region": scope.region, "source": source}
    return {**row, "target": target, "input": text, "attempts": 0, "created": present, "due": present}


def _head(identifier: str, scope: Scope, at: datetime) -> dict[str, str]:
    time = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"version": "0", "id": identifier, "account": scope.account, "time": time, "region": scope.region}


def _is_for_good(error: Exception) -> bool:
    """Whether it would be no better later: as EventBridge has it, where rights or the target are missing."""
    if isinstance(error, Refused):
        return error.denied or error.missing or error.code == "NotImplemented" or "Validation" in error.code
    return isinstance(error, (Denied, NotFound, Invalid))
