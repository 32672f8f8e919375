"""The state suite runs on both databases."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from studiolo.state import State


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    server: str = request.getfixturevalue("postgresql")
    name = f"state_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def state(url: str) -> Iterator[State]:
    state = State(url)
    yield state
    state.close()
