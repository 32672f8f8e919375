"""An account with a clock that the test holds."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from studiolo.identity import AccessKey, Identity, Principal, SessionRequest
from studiolo.identity.principals import root_user
from studiolo.state import State

ACCOUNT = "123456789012"
ROOT = AccessKey("AKIAROOTROOTROOTROOT", "secret")


@dataclass
class HeldClock:
    """A clock that stands still until it is moved."""

    present: datetime = field(default_factory=lambda: datetime(2024, 5, 1, 12, tzinfo=timezone.utc))

    def __call__(self) -> datetime:
        return self.present

    def pass_by(self, time: timedelta) -> None:
        self.present += time


def statement(effect: str, action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> str:
    return policy(statement("Allow", action, resource, **more))


def deny(action: Any, resource: Any = "*", **more: Any) -> str:
    return policy(statement("Deny", action, resource, **more))


def trust(principal: Any, **more: Any) -> str:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


FOR_THE_ACCOUNT = trust({"AWS": ACCOUNT})


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def identity(tmp_path: Path, clock: HeldClock) -> Iterator[Identity]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield Identity(state, ROOT, ACCOUNT, clock)
    state.close()


@pytest.fixture
def root() -> Principal:
    return root_user(ACCOUNT)


@pytest.fixture
def session(identity: Identity, root: Principal) -> Principal:
    """A session of the role `Analyst`, which has no policies yet."""
    role = identity.roles.create("Analyst", FOR_THE_ACCOUNT)
    _, principal = identity.tokens.assume_role(root, role.arn, SessionRequest("ada"))
    return principal
