"""What is quick shares a thread, and waits for nothing that is long."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from studiolo.lanes import HELD_UP, Lanes


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    lanes = Lanes(threads=4)
    yield lanes
    lanes.close()


def thread() -> str:
    return threading.current_thread().name


def beside_a_long_one(lanes: Lanes, then: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """What `then` gives while the lane is held by a call that ends afterwards."""
    begun, end = threading.Event(), threading.Event()

    def long() -> str:
        begun.set()
        assert end.wait(20)
        return "late"

    async def run() -> Any:
        held = asyncio.ensure_future(lanes.quick(long))
        await asyncio.to_thread(begun.wait)
        try:
            return await then()
        finally:
            end.set()
            assert await held == "late"

    return asyncio.run(run())


def test_what_is_quick_runs_in_one_thread_however_much_there_is(lanes: Lanes) -> None:
    async def many() -> list[str]:
        return await asyncio.gather(*(lanes.quick(thread) for _ in range(500)))

    assert len(set(asyncio.run(many()))) == 1


def test_what_waits_behind_a_long_call_overtakes_it(lanes: Lanes) -> None:
    async def others() -> list[str]:
        return await asyncio.gather(*(lanes.quick(thread) for _ in range(20)))

    names = beside_a_long_one(lanes, others)
    assert {name.split("_")[0] for name in names} == {"request"}


def test_the_lane_is_used_again_when_the_long_call_has_ended(lanes: Lanes) -> None:
    beside_a_long_one(lanes, lambda: lanes.quick(thread))
    assert asyncio.run(lanes.quick(thread)).startswith("lane")


@pytest.mark.parametrize("way", ["quick", "run"])
def test_what_a_call_raises_reaches_who_asked(lanes: Lanes, way: str) -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(getattr(lanes, way)(lambda: 1 // 0))
    with pytest.raises(ZeroDivisionError):
        beside_a_long_one(lanes, lambda: getattr(lanes, way)(lambda: 1 // 0))


def test_what_holds_up_the_event_loop_is_given_a_thread_from_then_on(lanes: Lanes) -> None:
    async def run() -> list[str]:
        first = await lanes.at_once(thread)
        await lanes.at_once(time.sleep, 2 * HELD_UP)
        return [first, await lanes.at_once(thread)]

    here, there = asyncio.run(run())
    assert (here, there.split("_")[0]) == (thread(), "request")
