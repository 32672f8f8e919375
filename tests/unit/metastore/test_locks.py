"""Locks exclude those they must, wait their turn, and end when nobody hears of them."""

import pytest

from studiolo.domain import NotFound
from studiolo.metastore.locks import TIMEOUT, Locks, Part


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def locks(clock: Clock) -> Locks:
    return Locks(clock)


def ask(locks: Locks, *parts: Part) -> int:
    return locks.ask(parts, "me", "here").id


def test_an_exclusive_lock_waits_for_the_one_before_it(locks: Locks) -> None:
    first = ask(locks, Part("exclusive", "air", "t"))
    second = ask(locks, Part("exclusive", "air", "t"))
    assert (locks.check(first, "me").state, locks.check(second, "me").state) == ("acquired", "waiting")
    locks.release(first, "me")
    assert locks.check(second, "me").state == "acquired"


def test_readers_share_and_writers_take_turns(locks: Locks) -> None:
    asked = [ask(locks, Part(mode, "air", "t")) for mode in ("read", "read", "write", "write")]
    assert [locks.check(each, "me").state for each in asked] == ["acquired", "acquired", "acquired", "waiting"]


def test_a_lock_on_a_database_meets_those_on_its_tables_and_no_others(locks: Locks) -> None:
    ask(locks, Part("exclusive", "air"))
    assert locks.check(ask(locks, Part("read", "air", "t", "y=1")), "me").state == "waiting"
    assert locks.check(ask(locks, Part("read", "sea", "t")), "me").state == "acquired"


def test_a_lock_that_is_not_heard_of_makes_way(locks: Locks, clock: Clock) -> None:
    silent = ask(locks, Part("exclusive", "air", "t"))
    clock.now += TIMEOUT - 1
    waiting = ask(locks, Part("exclusive", "air", "t"))
    clock.now += 2
    assert locks.check(waiting, "me").state == "acquired"
    with pytest.raises(NotFound, match="No such lock"):
        locks.check(silent, "me")


def test_one_who_waits_is_not_overtaken(locks: Locks) -> None:
    ask(locks, Part("read", "air", "t"))
    ask(locks, Part("exclusive", "air", "t"))
    assert locks.check(ask(locks, Part("read", "air", "t")), "me").state == "waiting"


def test_a_lock_is_its_user_s_alone(locks: Locks) -> None:
    mine = ask(locks, Part("exclusive", "air", "t"))
    for meddle in (locks.check, locks.release):
        with pytest.raises(NotFound, match=f"No such lock: {mine}"):
            meddle(mine, "other")
    assert locks.check(mine, "me").state == "acquired"
