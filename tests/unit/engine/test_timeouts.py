"""Sessions whose time is over."""

from datetime import timedelta
from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.engine import Engine
from studiolo.engine.store import Store
from studiolo.state import State
from tests.unit.engine.conftest import Watch
from tests.unit.engine.test_store import KEY
from tests.waiting import until


def ready(state: State, watch: Watch, **asked: Any) -> None:
    """A session that is READY, with no kernel behind it."""
    store = Store(state, watch)
    store.add(KEY, asked, {})
    store.change(KEY, ("PROVISIONING",), "READY")


def test_a_session_without_work_ends_after_its_idle_timeout(state: State, engine: Engine, watch: Watch) -> None:
    ready(state, watch, idle_timeout=10)
    begun = watch.time
    assert engine.expire() == begun + timedelta(minutes=10)
    watch.time += timedelta(minutes=10)
    engine.expire()
    assert engine.session(KEY).state == "TIMEOUT"


def test_a_statement_keeps_a_session_from_being_idle(state: State, engine: Engine, watch: Watch) -> None:
    ready(state, watch, idle_timeout=10)
    engine.statements.run(KEY, "long()")
    watch.time += timedelta(minutes=30)
    engine.expire()
    assert engine.session(KEY).state == "READY"


def test_the_timeout_ends_a_session_in_the_middle_of_a_statement(state: State, engine: Engine, watch: Watch) -> None:
    ready(state, watch, timeout=60)
    number = engine.statements.run(KEY, "long()")
    watch.time += timedelta(minutes=60)
    engine.expire()
    until(lambda: engine.statements.get(KEY, number).state == "CANCELLED")
    with pytest.raises(Invalid, match="TIMEOUT"):
        engine.statements.run(KEY, "more()")
