"""Sessions with no kernel behind them."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.config import Settings
from studiolo.engine import Engine, Session, Size, Wanted
from studiolo.engine.kernels import Kernels
from studiolo.identity import AccessKey, Identity
from studiolo.logs import Logs
from studiolo.processes import Processes
from studiolo.runtimes import Runtimes
from studiolo.sparkui import EventLogs, Pages
from studiolo.sparkui.links import Links
from studiolo.state import State


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def processes(state: State, tmp_path: Path) -> Processes:
    return Processes(state, tmp_path)


class Words:
    """A service that asks for a timeout at most, in minutes: `{"timeout": …, "idle_timeout": …}`."""

    service = "test"

    def __init__(self, runtimes: Runtimes) -> None:
        self._release = runtimes.for_glue("5.1")

    def wanted(self, session: Session) -> Wanted:
        times = {name: timedelta(minutes=minutes) for name, minutes in session.asked.items()}
        return Wanted(self._release, "role", "one", Size(1, 1, 1024, 1, 1024), **times)


@pytest.fixture
def kernels(engine: Engine) -> Kernels:
    return engine.kernels


@pytest.fixture
def engine(state: State, processes: Processes, tmp_path: Path, watch: Watch) -> Engine:
    settings = Settings(data=tmp_path, warm_sessions=0)
    nothing: Any = SimpleNamespace()
    runtimes = Runtimes(settings)
    identity = Identity(state, AccessKey("AKIA", "secret"), "000000000000", watch)
    nowhere = "http://nowhere"
    logs = Logs(state, tmp_path / "log-events", watch)
    pages = Pages(Links("secret", 4566, watch), EventLogs(tmp_path), nothing)
    engine = Engine(
        state, processes, runtimes, identity, nothing, logs, nothing, nothing, pages, settings, nowhere, nowhere, watch
    )
    engine.serve(Words(runtimes))
    return engine
