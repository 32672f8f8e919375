"""Deliveries: made once they are due, tried again, never lost."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from studiolo.calling import Refused
from studiolo.clusters.tables import clusters
from studiolo.domain import Conflict, Denied, Scope
from studiolo.events import Noting
from studiolo.events.delivery import Delivery, new_event
from studiolo.events.rules import Rules
from studiolo.events.tables import deliveries
from studiolo.identity import Identity, root_key, root_user
from studiolo.metrics import Metrics
from studiolo.state import State, Thing
from tests.waiting import until

SCOPE = Scope("000000000000", "us-east-1")
TARGET = {"Id": "one", "Arn": "arn:one"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, 0, 30, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


class Targets:
    """In place of what is told: notes it, and refuses what it is asked to."""

    def __init__(self) -> None:
        self.refuse: list[Exception] = []
        self.given: list[tuple[str, str]] = []
        self.services: Any = None

    def send(self, source: str, target: Mapping[str, Any], text: str, identifier: str) -> None:
        if self.refuse:
            raise self.refuse.pop()
        self.given.append((identifier, text))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rules(state: State, clock: Clock, tmp_path: Path) -> Rules:
    return Rules(state, Identity(state, root_key(tmp_path), SCOPE.account, clock), clock)


def _rule(rules: Rules, **settings: Any) -> None:
    root = root_user(SCOPE.account)
    rules.put(SCOPE, root, "default", "rule", {"State": "ENABLED", **settings}, {})
    rules.put_targets(SCOPE, root, "default", "rule", [TARGET])


def _delivery(state: State, targets: Targets, clock: Clock) -> Delivery:
    return Delivery(state, targets, Metrics(state, clock), clock)  # type: ignore[arg-type]


def _left(state: State) -> list[Any]:
    with state.reading() as connection:
        return list(connection.execute(select(deliveries)).all())


def test_an_event_is_told_by_the_server_that_comes_after_the_one_that_took_it(
    state: State, rules: Rules, clock: Clock
) -> None:
    _rule(rules, EventPattern='{"source": ["shop"]}')
    told = {"source": "shop", "detail-type": "order", "resources": [], "detail": {}}
    first, targets = _delivery(state, Targets(), clock), Targets()
    first.put(SCOPE, [("default", new_event(SCOPE, clock(), told))])
    later = _delivery(state, targets, clock)
    later.look()
    until(lambda: not _left(state))
    assert len(targets.given) == 1
    assert '"source": "shop"' in targets.given[0][1]


def test_a_target_is_tried_again_as_the_same_delivery_but_not_where_rights_are_missing(
    state: State, rules: Rules, clock: Clock
) -> None:
    _rule(rules, ScheduleExpression="rate(1 minute)")
    targets = Targets()
    delivery = _delivery(state, targets, clock)
    delivery.look()
    assert not _left(state)
    clock.now += timedelta(minutes=1)
    targets.refuse = [Conflict("busy")]
    delivery.look()
    until(lambda: any(row.attempts == 1 for row in _left(state)))
    (waiting,) = _left(state)
    clock.now += timedelta(seconds=2)
    delivery.look()
    until(lambda: not _left(state))
    assert [identifier for identifier, _ in targets.given] == [waiting.id]
    assert '"detail-type": "Scheduled Event"' in targets.given[0][1]
    clock.now += timedelta(minutes=5)
    targets.refuse = [Denied("no")]
    delivery.look()
    until(lambda: not _left(state) and not targets.refuse)
    delivery.look()
    assert len(targets.given) == 1


def test_a_change_of_status_is_an_event_where_it_is_committed_and_only_there(
    state: State, rules: Rules, clock: Clock
) -> None:
    _rule(rules, EventPattern='{"source": ["aws.emr"], "detail": {"state": [{"anything-but": "BOOTSTRAPPING"}]}}')
    state.note = Noting(clock)
    thing = Thing("cluster", SCOPE.account, SCOPE.region, "j-1")
    row = {"id": "j-1", "account": SCOPE.account, "region": SCOPE.region, "created": clock(), "listed": "1"}
    documents: dict[str, Any] = {"asked": {}, "settings": {}, "progress": {}}
    with state.transaction(thing) as tx:
        tx.execute(clusters.insert().values(**row, **documents, state="STARTING"))
    with pytest.raises(RuntimeError), state.transaction(thing) as tx:
        tx.execute(clusters.update().values(state="TERMINATED"))
        raise RuntimeError
    for status in ("BOOTSTRAPPING", "RUNNING", "RUNNING"):
        with state.transaction(thing) as tx:
            tx.execute(clusters.update().values(state=status))

    def refuse(*_: Any) -> Any:
        raise Refused("InvalidRequestException", "it is not there any more")

    targets = Targets()
    delivery = _delivery(state, targets, clock)
    delivery.start(refuse)  # type: ignore[arg-type]
    until(lambda: len(targets.given) == 2 and not _left(state))
    delivery.close()
    assert sorted(json.loads(text)["detail"]["state"] for _, text in targets.given) == ["RUNNING", "STARTING"]
