"""Bodies are bounded, each and in sum."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from studiolo.asgi import Disconnected
from studiolo.bodies import FREE, Bodies, Crowded, TooLarge

MIB = 1024 * 1024


def receiving(*chunks: bytes) -> Callable[[], Awaitable[Any]]:
    """A body in these chunks."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages[-1]["more_body"] = False
    remaining = iter(messages)

    async def receive() -> Any:
        return next(remaining, {"type": "http.disconnect"})

    return receive


async def whole(bodies: Bodies, *chunks: bytes, length: int | None = None) -> bytes:
    async with bodies.body(receiving(*chunks), length) as body:
        return body


def test_a_body_comes_in_one_piece() -> None:
    assert asyncio.run(whole(Bodies(MIB, MIB), b"ab", b"", b"c")) == b"abc"
    assert asyncio.run(whole(Bodies(MIB, MIB), b"")) == b""


def test_a_body_that_is_announced_too_large_is_not_begun() -> None:
    async def receive() -> Any:
        raise AssertionError("it was asked for")

    async def ask() -> None:
        async with Bodies(MIB, MIB).body(receive, MIB + 1):
            pass

    with pytest.raises(TooLarge):
        asyncio.run(ask())


def test_a_body_that_turns_out_too_large_is_refused() -> None:
    with pytest.raises(TooLarge):
        asyncio.run(whole(Bodies(MIB, 4 * MIB), *[bytes(MIB // 2)] * 3))


def test_a_body_that_breaks_off_is_no_body() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def ask() -> None:
        async with Bodies(MIB, MIB).body(receive, None):
            pass

    with pytest.raises(Disconnected):
        asyncio.run(ask())


@pytest.mark.parametrize("length", [MIB, None])
def test_a_large_body_waits_until_others_are_gone_and_small_ones_pass(length: int | None) -> None:
    bodies = Bodies(MIB, MIB, patience=20)

    async def ask() -> None:
        async with bodies.body(receiving(bytes(MIB)), length):
            waiting = asyncio.ensure_future(whole(bodies, bytes(MIB), length=length))
            assert await whole(bodies, bytes(FREE), length=FREE) == bytes(FREE)
            assert not waiting.done()
        assert await waiting == bytes(MIB)

    asyncio.run(ask())


def test_a_body_does_not_wait_for_ever() -> None:
    bodies = Bodies(MIB, MIB, patience=0.01)

    async def ask() -> None:
        async with bodies.body(receiving(bytes(MIB)), MIB):
            await whole(bodies, bytes(MIB), length=MIB)

    with pytest.raises(Crowded):
        asyncio.run(ask())
    assert asyncio.run(whole(bodies, bytes(MIB))) == bytes(MIB)
