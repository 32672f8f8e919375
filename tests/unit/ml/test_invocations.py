"""Calls to models go by the sockets of serving processes, and connections end when what they lead to is gone."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from aiohttp import web

from studiolo.domain import Invalid, Scope
from studiolo.metrics import Metric, Metrics
from studiolo.ml.serving.invocation import Invocations, Request, Throttled, Unavailable
from studiolo.ml.serving.measures import CallMeasures
from studiolo.ml.serving.routes import Instance, Route, Routes, Target
from studiolo.ml.serving.sessions import ASKED, CLOSED, NEW, OPENED

SCOPE = Scope("000000000000", "eu-central-1")


@asynccontextmanager
async def served(path: Path, answer: Callable[[], Awaitable[str]]) -> AsyncIterator[set[int]]:
    """A model at a socket; the connections that it has had, by the identity of their transport, while they are open."""
    open_now: set[int] = set()

    async def invocations(request: web.Request) -> web.Response:
        open_now.add(id(request.transport))
        return web.Response(text=await answer())

    app = web.Application()
    app.router.add_post("/invocations", invocations)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    try:
        yield open_now
    finally:
        await runner.cleanup()


def lead(routes: Routes, path: Path | None) -> None:
    routes.put(SCOPE, "e", Route({"a": Target("a", 1.0, [] if path is None else [Instance(str(path), "")])}))


class Numbers:
    """Where metrics are added: the values of each, by its name."""

    def __init__(self) -> None:
        self.told: dict[str, list[float]] = {}

    def add_all(self, _scope: Scope, numbers: Sequence[tuple[Metric, float, str]]) -> None:
        for metric, value, _ in numbers:
            self.told.setdefault(metric.name, []).append(value)


def calls_to(routes: Routes, numbers: Numbers | None = None, restart_seconds: float = 10.0) -> Invocations:
    measures = CallMeasures(cast(Metrics, numbers or Numbers()))
    return Invocations(routes, measures, lambda *_: None, None, restart_seconds)


async def ask(invocations: Invocations) -> str:
    return (await invocations.call(SCOPE, "e", Request(b"1", {}), time.perf_counter())).body.decode()


def said(words: str) -> Callable[[], Awaitable[str]]:
    async def answer() -> str:
        return words

    return answer


def test_calls_share_a_kept_connection(tmp_path: Path) -> None:
    async def run() -> None:
        routes = Routes()
        invocations = calls_to(routes)
        async with served(tmp_path / "s", said("one")) as connections:
            lead(routes, tmp_path / "s")
            assert [await ask(invocations) for _ in range(5)] == ["one"] * 5
            assert len(connections) == 1
            await invocations.close()

    asyncio.run(run())


def test_a_call_that_is_under_way_outlives_the_route_to_its_model(tmp_path: Path) -> None:
    async def run() -> None:
        routes, go, begun = Routes(), asyncio.Event(), asyncio.Event()
        invocations = calls_to(routes)

        async def slow() -> str:
            begun.set()
            await go.wait()
            return "old"

        async with served(tmp_path / "old", slow), served(tmp_path / "new", said("new")):
            lead(routes, tmp_path / "old")
            under_way = asyncio.create_task(ask(invocations))
            await begun.wait()
            lead(routes, tmp_path / "new")
            assert await ask(invocations) == "new"
            go.set()
            assert await under_way == "old"
            await invocations.close()

    asyncio.run(run())


def test_a_model_that_is_away_is_unavailable(tmp_path: Path) -> None:
    async def run() -> None:
        routes, numbers = Routes(), Numbers()
        invocations = calls_to(routes, numbers, restart_seconds=0.0)
        for place in (None, tmp_path / "gone"):
            lead(routes, place)
            with pytest.raises(Unavailable):
                await ask(invocations)
        await invocations.close()
        assert numbers.told["InvocationModelErrors"] == [1.0, 1.0]
        assert "ModelLatency" not in numbers.told

    asyncio.run(run())


@pytest.mark.parametrize("left", [None, "gone"], ids=["told", "not yet told"])
def test_a_call_waits_for_a_process_that_is_started_again(tmp_path: Path, left: str | None) -> None:
    async def run() -> None:
        routes = Routes()
        invocations = calls_to(routes)
        lead(routes, None if left is None else tmp_path / left)
        waiting = asyncio.create_task(ask(invocations))
        async with served(tmp_path / "again", said("again")):
            await asyncio.sleep(0)  # it finds nobody
            lead(routes, tmp_path / "again")
            assert await waiting == "again"
            await invocations.close()

    asyncio.run(run())


def test_an_answer_without_an_end_is_not_held(tmp_path: Path) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1 << 20))

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/invocations", endless)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "s")).start()
        routes = Routes()
        lead(routes, tmp_path / "s")
        invocations = calls_to(routes)
        answer = await invocations.call(SCOPE, "e", Request(b"1", {}), time.perf_counter())
        assert (answer.status, b"more than" in answer.body) == (500, True)
        await invocations.close()
        await runner.cleanup()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_pipeline_s_containers_pass_a_call_on_from_one_to_the_next(tmp_path: Path) -> None:
    async def run() -> None:
        routes = Routes()
        invocations = calls_to(routes)
        async with served(tmp_path / "one", said("halfway")), served(tmp_path / "two", said("done")) as second:
            chain = Instance(str(tmp_path / "one"), "", (str(tmp_path / "two"),))
            routes.put(SCOPE, "e", Route({"a": Target("a", 1.0, [chain], hostnames=("one", "two"))}))
            assert await ask(invocations) == "done"
            assert len(second) == 1
            await invocations.close()

    asyncio.run(run())


def test_a_call_to_a_process_that_has_died_goes_to_another(tmp_path: Path) -> None:
    async def run() -> None:
        routes = Routes()
        invocations = calls_to(routes)
        async with served(tmp_path / "alive", said("alive")):
            both = [Instance(str(tmp_path / "gone"), ""), Instance(str(tmp_path / "alive"), "")]
            routes.put(SCOPE, "e", Route({"a": Target("a", 1.0, both)}))
            assert [await ask(invocations) for _ in range(4)] == ["alive"] * 4
            await invocations.close()

    asyncio.run(run())


def test_a_call_that_would_be_one_too_many_is_throttled(tmp_path: Path) -> None:
    async def run() -> None:
        routes, go = Routes(), asyncio.Event()
        invocations = calls_to(routes)

        async def slow() -> str:
            await go.wait()
            return "done"

        async with served(tmp_path / "s", slow) as connections:
            target = Target("a", 1.0, [Instance(str(tmp_path / "s"), "")], on_demand=True, most=1)
            routes.put(SCOPE, "e", Route({"a": target}))
            under_way = asyncio.create_task(ask(invocations))
            while not connections:
                await asyncio.sleep(0)
            with pytest.raises(Throttled):
                await ask(invocations)
            go.set()
            assert await under_way == "done"
            await invocations.close()

    asyncio.run(run())


def test_a_session_stays_with_the_process_that_opened_it_until_that_closes_it_or_it_expires(tmp_path: Path) -> None:
    opened: list[str] = []

    @asynccontextmanager
    async def stateful(path: Path) -> AsyncIterator[None]:
        """A model at a socket, which answers its name; its sessions are closed by the word, and expired by another."""

        async def invocations(request: web.Request) -> web.Response:
            session, body, headers = request.headers.get(ASKED), await request.text(), {}
            if session == NEW:
                opened.append(f"s{len(opened)}")
                year = 2001 if body == "brief" else 2101
                headers[OPENED] = f"{opened[-1]}; Expires={year}-01-01T00:00:00Z"
            elif body == "close":
                headers[CLOSED] = str(session)
            return web.Response(text=path.name, headers=headers)

        app = web.Application()
        app.router.add_post("/invocations", invocations)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, str(path)).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def run() -> None:
        routes = Routes()
        invocations = calls_to(routes)

        async def say(session: str | None, body: bytes = b"") -> str:
            headers = {} if session is None else {ASKED: session}
            request = Request(body, headers, session=session)
            return (await invocations.call(SCOPE, "e", request, time.perf_counter())).body.decode()

        one, two = tmp_path / "one", tmp_path / "two"
        both = [Instance(str(one), ""), Instance(str(two), "")]
        async with stateful(one), stateful(two):
            routes.put(SCOPE, "e", Route({"a": Target("a", 1.0, both)}))
            first, second = await say(NEW), await say(NEW)
            assert {first, second} == {"one", "two"}
            assert [await say("s0") for _ in range(4)] == [first] * 4
            assert await say("s1") == second
            await say("s0", b"close")
            await say(NEW, b"brief")
            for gone in ("s0", "s2", "never"):
                with pytest.raises(Invalid, match=f"Session {gone} is not open"):
                    await say(gone)
            routes.put(
                SCOPE, "e", Route({"a": Target("a", 1.0, [each for each in both if not each.socket.endswith(second)])})
            )
            with pytest.raises(Invalid, match="its process has ended"):
                await say("s1")
            await invocations.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\non\r\n1\r\ne\r\n0\r\n\r\n",
            "one",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil its end", "until its end"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\ncut off", None),
        (b"no HTTP at all\r\n\r\n", None),
    ],
    ids=["in chunks", "until the end", "cut off", "garbage"],
)
def test_an_answer_is_whole_however_the_program_says_its_length_else_it_is_none(
    tmp_path: Path, answer: bytes, told: str | None
) -> None:
    calls = []

    async def model(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(await reader.readuntil(b"\r\n\r\n1"))
        writer.write(answer)
        writer.close()

    async def run() -> None:
        routes = Routes()
        lead(routes, tmp_path / "s")
        invocations = calls_to(routes, restart_seconds=0.0)
        async with await asyncio.start_unix_server(model, str(tmp_path / "s")):
            if told is None:
                with pytest.raises(Unavailable):
                    await ask(invocations)
            else:
                assert [await ask(invocations), await ask(invocations)] == [told, told]
            await invocations.close()

    asyncio.run(asyncio.wait_for(run(), 20))
    # What has begun to answer is not asked again.
    assert len(calls) == (1 if told is None else 2)


def test_a_file_is_sent_as_it_is_and_a_header_cannot_begin_another_call(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000

    async def model(request: web.Request) -> web.Response:
        return web.Response(body=(await request.read())[::-1])

    async def run() -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/invocations", model)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "s")).start()
        routes = Routes()
        lead(routes, tmp_path / "s")
        invocations = calls_to(routes)
        (tmp_path / "body").write_bytes(content)
        request = Request(tmp_path / "body", {})
        answers = [await invocations.call(SCOPE, "e", request, time.perf_counter()) for _ in range(2)]
        assert [answer.body == content[::-1] for answer in answers] == [True, True]
        with pytest.raises(Invalid, match="line break"):
            await invocations.call(SCOPE, "e", Request(b"1", {"Accept": "a\r\nX: y"}), time.perf_counter())
        await invocations.close()
        await runner.cleanup()

    asyncio.run(asyncio.wait_for(run(), 20))
