"""Tokens that sign in once, and the cookies that they become."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from studiolo.domain import Denied
from studiolo.signin import CONSOLE, Offer, SignIns
from studiolo.state import State


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_ins(tmp_path: Path, clock: Clock) -> Iterator[SignIns]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield SignIns(state, clock)
    state.close()


def offered(sign_ins: SignIns) -> str:
    return sign_ins.offer(Offer(CONSOLE, "AKIA", lasts=timedelta(hours=2)), timedelta(minutes=5))


def test_a_token_is_good_once_and_at_its_place_alone(sign_ins: SignIns) -> None:
    token = offered(sign_ins)
    with pytest.raises(Denied):
        sign_ins.redeem(token, "d-other")
    sign_ins.redeem(token, CONSOLE)
    with pytest.raises(Denied, match="has been used"):
        sign_ins.redeem(token, CONSOLE)


def test_a_token_is_worth_nothing_after_its_life(sign_ins: SignIns, clock: Clock) -> None:
    token = offered(sign_ins)
    clock.now += timedelta(minutes=5)
    with pytest.raises(Denied, match="its time is over"):
        sign_ins.redeem(token, CONSOLE)


@pytest.mark.parametrize(("key_lives", "lasts"), [(None, 2.0), (0.5, 0.5), (9.0, 2.0)])
def test_a_sign_in_lasts_as_offered_and_no_longer_than_its_key(
    sign_ins: SignIns, clock: Clock, key_lives: float | None, lasts: float
) -> None:
    ends = None if key_lives is None else clock() + timedelta(hours=key_lives)
    cookie, _ = sign_ins.redeem(offered(sign_ins), CONSOLE, ends)
    began = clock.now
    clock.now = began + timedelta(hours=lasts) - timedelta(seconds=1)
    assert sign_ins.find(cookie, CONSOLE) is not None
    clock.now = began + timedelta(hours=lasts)
    assert sign_ins.find(cookie, CONSOLE) is None


def test_no_secret_is_written_down(sign_ins: SignIns, tmp_path: Path) -> None:
    token = offered(sign_ins)
    cookie, _ = sign_ins.redeem(offered(sign_ins), CONSOLE)
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("state.db*"))
    assert token.encode() not in kept
    assert cookie.encode() not in kept
