"""Sessions whose time is over."""

from datetime import timedelta
from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.sessions import SessionRequest, Sessions
from studiolo.sessions.store import Store
from studiolo.state import State
from tests.unit.sessions.conftest import Watch
from tests.unit.sessions.test_store import KEY, SCOPE
from tests.waiting import until


def ready(state: State, watch: Watch, **asked: Any) -> None:
    """A session that is READY, with no kernel behind it."""
    store = Store(state, watch)
    store.add(SCOPE, SessionRequest("one", "role", **asked))
    store.change(KEY, ("PROVISIONING",), "READY")


def test_a_session_without_work_ends_after_its_idle_timeout(state: State, sessions: Sessions, watch: Watch) -> None:
    ready(state, watch, idle_timeout=10)
    begun = watch.time
    assert sessions.expire() == begun + timedelta(minutes=10)
    watch.time += timedelta(minutes=10)
    sessions.expire()
    assert sessions.session(SCOPE, "one").state == "TIMEOUT"


def test_a_statement_keeps_a_session_from_being_idle(state: State, sessions: Sessions, watch: Watch) -> None:
    ready(state, watch, idle_timeout=10)
    sessions.run(SCOPE, "one", "long()")
    watch.time += timedelta(minutes=30)
    sessions.expire()
    assert sessions.session(SCOPE, "one").state == "READY"


def test_the_timeout_ends_a_session_in_the_middle_of_a_statement(
    state: State, sessions: Sessions, watch: Watch
) -> None:
    ready(state, watch, timeout=60)
    number = sessions.run(SCOPE, "one", "long()")
    watch.time += timedelta(minutes=60)
    sessions.expire()
    until(lambda: sessions.statement(SCOPE, "one", number).state == "CANCELLED")
    with pytest.raises(Invalid, match="TIMEOUT"):
        sessions.run(SCOPE, "one", "more()")


def test_without_an_idle_timeout_a_session_lives_for_its_timeout(
    state: State, sessions: Sessions, watch: Watch
) -> None:
    ready(state, watch)
    assert sessions.expire() == watch.time + timedelta(minutes=2880)
