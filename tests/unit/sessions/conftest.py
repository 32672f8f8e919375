"""Sessions with no kernel behind them."""

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.config import Settings
from studiolo.identity import AccessKey, Identity
from studiolo.logs import Logs
from studiolo.processes import Processes
from studiolo.runtimes import Runtimes
from studiolo.sessions import Sessions
from studiolo.sessions.kernels import Kernels
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


@pytest.fixture
def kernels(sessions: Sessions) -> Kernels:
    return sessions._kernels


@pytest.fixture
def sessions(state: State, processes: Processes, tmp_path: Path, watch: Watch) -> Sessions:
    settings = Settings(data=tmp_path, warm_sessions=0)
    nothing: Any = SimpleNamespace()
    runtimes = Runtimes(settings)
    identity = Identity(state, AccessKey("AKIA", "secret"), "000000000000", watch)
    nowhere = "http://nowhere"
    logs = Logs(state, tmp_path / "log-events", watch)
    return Sessions(
        state, processes, runtimes, identity, nothing, logs, nothing, nothing, settings, nowhere, nowhere, watch
    )
