"""Glue's sessions with no kernel behind them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studiolo.processes import Processes
from studiolo.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def processes(state: State, tmp_path: Path) -> Processes:
    return Processes(state, tmp_path)
