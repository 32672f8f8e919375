"""Reads that are held: what ends a hold, and what it is answered with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from studiolo.asgi import Disconnected, Message
from studiolo.aws.http import HttpResponse
from studiolo.patience import Holds, OnItsWay, is_waiter
from studiolo.state import Changes, Thing

THING = Thing("session", "000000000000", "us-east-1", "mine")
LONG = 60.0
MOST = 3


class Reading:
    """A read that is on its way until it is `arrived`."""

    def __init__(self, changes: Changes, seconds: float = LONG) -> None:
        self._changes = changes
        self._seconds = seconds
        self.looks = 0
        self.arrived = False

    async def look(self) -> HttpResponse | OnItsWay:
        self.looks += 1
        if self.arrived:
            return HttpResponse(200, {}, b"arrived")
        return OnItsWay(HttpResponse(200, {}, b"on its way"), self._changes.listen(THING), self._seconds)


async def staying() -> Message:
    await asyncio.sleep(LONG)
    raise AssertionError


async def held(reading: Reading, holds: Holds, receive: Callable[[], Awaitable[Message]] = staying) -> bytes:
    first = await reading.look()
    assert isinstance(first, OnItsWay)
    body = (await holds.hold(first, reading.look, receive)).body
    assert isinstance(body, bytes)
    return body


def run(test: Callable[[Changes, Holds], Awaitable[Any]]) -> Any:
    changes = Changes()
    answer = asyncio.run(asyncio.wait_for(test(changes, Holds(MOST)), LONG / 2))  # type: ignore[arg-type]
    assert not changes._listeners
    return answer


def test_a_change_that_a_thread_tells_of_ends_the_hold() -> None:
    async def test(changes: Changes, holds: Holds) -> bytes:
        reading = Reading(changes)
        waiting = asyncio.create_task(held(reading, holds))
        while not holds._held:
            await asyncio.sleep(0)
        reading.arrived = True
        await asyncio.to_thread(changes.tell, THING)
        return await waiting

    assert run(test) == b"arrived"


def test_a_change_between_the_look_and_the_hold_is_heard() -> None:
    async def test(changes: Changes, holds: Holds) -> bytes:
        reading = Reading(changes)
        first = await reading.look()
        assert isinstance(first, OnItsWay)
        reading.arrived = True
        changes.tell(THING)
        return (await holds.hold(first, reading.look, staying)).body  # type: ignore[return-value]

    assert run(test) == b"arrived"


def test_when_the_time_is_over_it_is_answered_as_it_is_then() -> None:
    async def test(changes: Changes, holds: Holds) -> tuple[bytes, int]:
        reading = Reading(changes, seconds=0.01)
        return await held(reading, holds), reading.looks

    assert run(test) == (b"on its way", 2)


def test_changes_that_are_none_of_what_is_waited_for_go_on_to_be_held() -> None:
    async def test(changes: Changes, holds: Holds) -> int:
        reading = Reading(changes)
        waiting = asyncio.create_task(held(reading, holds))
        for _ in range(100):
            await asyncio.sleep(0.0005)
            changes.tell(THING)
        assert not waiting.done()
        reading.arrived = True
        changes.tell(THING)
        await waiting
        return reading.looks

    assert run(test) < 20


def test_a_client_that_goes_away_ends_the_hold() -> None:
    async def test(changes: Changes, holds: Holds) -> None:
        messages = iter([{"type": "http.request"}, {"type": "http.disconnect"}])

        async def leaving() -> Message:
            return next(messages)

        with pytest.raises(Disconnected):
            await held(Reading(changes), holds, leaving)

    run(test)


def test_a_server_that_stops_answers_all_that_are_held_and_holds_none_any_more() -> None:
    async def test(changes: Changes, holds: Holds) -> list[bytes]:
        waiting = [asyncio.create_task(held(Reading(changes), holds)) for _ in range(MOST)]
        while len(holds._held) < len(waiting):
            await asyncio.sleep(0)
        holds.end()
        return [*await asyncio.gather(*waiting), await held(Reading(changes), holds)]

    assert run(test) == [b"on its way"] * 4


def test_beyond_the_most_that_are_held_reads_are_answered_at_once() -> None:
    async def test(changes: Changes, holds: Holds) -> bytes:
        waiting = [asyncio.create_task(held(Reading(changes), holds)) for _ in range(MOST)]
        while len(holds._held) < len(waiting):
            await asyncio.sleep(0)
        answer = await held(Reading(changes), holds)
        holds.end()
        await asyncio.gather(*waiting)
        return answer

    assert run(test) == b"on its way"


@pytest.mark.parametrize(
    ("agent", "waits"),
    [
        ("Boto3/1.44.5 md/Botocore#1.44.5 os/linux m/Z,b,g,N,E,B cfg/retry-mode#standard Botocore/1.44.5", True),
        ("aws-cli/2.31.0 md/awscrt#0.27.6 m/B,E md/prompt#off", True),
        ("Boto3/1.44.5 md/Botocore#1.44.5 os/linux m/Z,b,g,N,E cfg/retry-mode#standard Botocore/1.44.5", False),
        ("aws-sdk-js/3.900.0 m/E,Bb md/nodejs#20 B", False),
        ("", False),
    ],
)
def test_a_waiter_of_botocore_is_known_by_what_its_user_agent_says(agent: str, waits: bool) -> None:
    assert is_waiter({"user-agent": agent}) is waits
