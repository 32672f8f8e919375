"""Sessions whose time is over."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.config import Settings
from studiolo.domain import Conflict
from studiolo.processes import Processes
from studiolo.runtimes import Runtimes
from studiolo.sessions import SessionRequest, Sessions
from studiolo.sessions.store import Store
from studiolo.state import State
from tests.unit.sessions.test_store import KEY, SCOPE, Watch
from tests.waiting import until


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def state(tmp_path: Path) -> Any:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def sessions(state: State, tmp_path: Path, watch: Watch) -> Sessions:
    settings = Settings(data=tmp_path, warm_sessions=0)
    nothing: Any = SimpleNamespace()
    processes = Processes(state, tmp_path / "logs")
    return Sessions(state, processes, Runtimes(settings), nothing, nothing, nothing, settings, "http://nowhere", watch)


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
    with pytest.raises(Conflict, match="TIMEOUT"):
        sessions.run(SCOPE, "one", "more()")


def test_without_an_idle_timeout_a_session_lives_for_its_timeout(
    state: State, sessions: Sessions, watch: Watch
) -> None:
    ready(state, watch)
    assert sessions.expire() == watch.time + timedelta(minutes=2880)
