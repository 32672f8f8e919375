"""Events that functions handle in their time, on a clock that a test holds."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from studiolo.domain import Scope
from studiolo.functions import Function, Result, Settings, Standing, Throttled
from studiolo.functions.events import Events
from studiolo.functions.instance import Given
from studiolo.functions.model import LATEST, Code
from studiolo.functions.store import Store
from studiolo.functions.tables import events as table
from studiolo.state import State
from tests.waiting import until

SCOPE = Scope("0" * 12, "eu-central-1")
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class World:
    """A function that fails, or whatever `outcome` says, and what was sent on about it."""

    def __init__(self, folder: Path) -> None:
        self.present = START
        self.state = State(f"sqlite:///{folder / 'state.db'}")
        store = Store(self.state, lambda: self.present)
        settings = Settings("role", "python3.12", "index.handler", dead_letter="arn:dead")
        code = Code("00" * 32, 1)
        self.function = Function(SCOPE, "f", LATEST, settings, code, Standing(), START, "r")
        store.add(self.function)
        self.tried: list[datetime] = []
        self.sent: list[tuple[str, bytes]] = []
        self.throttled = 0
        self.events = Events(
            self.state,
            store,
            lambda _scope, _name, _qualifier: self.function,
            self.run,
            lambda _function, arn, _id, document: self.sent.append((arn, document)),
            lambda: self.present,
        )

    def run(self, _function: Function, given: Given) -> Result:
        if self.throttled:
            self.throttled -= 1
            raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        self.tried.append(self.present)
        return Result(b'{"errorType": "E"}', LATEST, given.id, "Unhandled")

    def left(self) -> int:
        with self.state.reading() as connection:
            return len(connection.execute(table.select()).all())

    def step(self) -> None:
        """Handle what is due, then let the time pass until something else is."""
        self.events._begin_due()
        until(lambda: not self.events._handling)
        with self.state.reading() as connection:
            due = [row.due for row in connection.execute(table.select())]
        self.present = min(due, default=self.present)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.events.close()
    world.state.close()


def test_an_event_that_fails_is_tried_three_times_and_then_given_to_the_dead_letters(world: World) -> None:
    world.events.put(SCOPE, "f", None, b'{"n": 1}', "id")
    for _ in range(3):
        assert world.left() == 1
        world.step()
    assert [(at - START) / timedelta(seconds=1) for at in world.tried] == [0, 60, 180]
    assert world.left() == 0
    assert [(arn, json.loads(document)) for arn, document in world.sent] == [("arn:dead", {"n": 1})]


def test_an_event_that_was_throttled_waits_and_is_not_counted_as_tried(world: World) -> None:
    world.throttled = 5
    world.events.put(SCOPE, "f", None, b"{}", "id")
    for _ in range(8):
        world.step()
    assert len(world.tried) == 3
    assert world.tried[0] - START == timedelta(seconds=5)
