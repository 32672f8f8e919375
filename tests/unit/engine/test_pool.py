"""Sessions and drivers kept ready."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from studiolo.domain import Conflict
from studiolo.engine import pool as pool_module
from studiolo.engine.memory import Memory
from studiolo.engine.plan import Plan
from studiolo.engine.pool import Pool
from studiolo.engine.reserves import Reserve, Reserves
from tests.waiting import until


class FakeKernels:
    """Kernels that start at once."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.removed: list[str] = []
        self.dead: list[str] = []
        self.failing = False
        self.may_start = threading.Event()
        self.may_start.set()

    def new(self) -> str:
        return f"kernel-{len(self.started)}"

    def start(self, kernel: str, plan: Plan, **_: Any) -> None:
        if self.failing:
            raise Conflict("no jars")
        self.may_start.wait(10)
        self.started.append(kernel)

    def alive(self, kernel: str) -> bool:
        return kernel in self.started and kernel not in self.dead

    def is_up(self, kernel: str) -> bool:
        return self.alive(kernel)

    def end(self, kernel: str, grace: float = 5.0) -> None:
        pass

    def remove(self, kernel: str) -> None:
        self.removed.append(kernel)

    discard = remove

    def reason(self, kernel: str, status: int | None) -> str:
        return "it was killed"


def plan(**conf: str) -> Plan:
    runtime = SimpleNamespace(name="spark", python=Path("python"), java_home=Path("java"))
    return Plan(runtime, conf)  # type: ignore[arg-type]


@pytest.fixture
def kernels() -> FakeKernels:
    return FakeKernels()


@pytest.fixture
def busy() -> list[bool]:
    return [False]


@pytest.fixture
def pool(kernels: FakeKernels, busy: list[bool], monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setattr(pool_module, "LOOK_AGAIN", 0.01)
    pool = Pool(kernels, Memory(lambda: 0), 1, plan, lambda: busy[0], lambda *_: None)  # type: ignore[arg-type]
    yield pool
    pool.close()


@pytest.fixture
def reserves(kernels: FakeKernels) -> Iterator[Reserves]:
    reserves = Reserves(kernels, Memory(lambda: 0))  # type: ignore[arg-type]
    reserves.start()
    yield reserves
    reserves.close()


def reserve(kernels: FakeKernels, count: int) -> Reserve:
    return Reserve("small", count, lambda driver: kernels.start(driver, plan()))


def test_one_that_was_taken_is_replaced(pool: Pool, kernels: FakeKernels) -> None:
    pool.start({})
    assert until(lambda: pool.take(plan())) == "kernel-0"
    assert until(lambda: pool.take(plan())) == "kernel-1"


def test_none_is_given_before_it_has_a_process(pool: Pool, kernels: FakeKernels) -> None:
    kernels.may_start.clear()
    pool.start({})
    assert pool.take(plan()) is None
    kernels.may_start.set()
    assert until(lambda: pool.take(plan())) == "kernel-0"


def test_one_of_another_plan_is_not_given(pool: Pool, kernels: FakeKernels) -> None:
    pool.start({})
    until(lambda: kernels.started)
    assert pool.take(plan(extra="setting")) is None


def test_what_was_asked_for_last_is_kept_ready_in_the_place_of_what_was_before(
    pool: Pool, kernels: FakeKernels
) -> None:
    pool.start({})
    until(lambda: kernels.started)
    assert pool.take(plan(extra="setting")) is None
    assert until(lambda: pool.take(plan(extra="setting"))) == "kernel-1"
    assert kernels.removed == ["kernel-0"]


def test_one_that_an_earlier_server_left_is_taken_up(pool: Pool, kernels: FakeKernels) -> None:
    pool.start({"left": plan().fingerprint})
    assert pool.take(plan()) == "left"


def test_one_that_dies_is_replaced_only_when_another_is_asked_for(pool: Pool, kernels: FakeKernels) -> None:
    pool.start({})
    until(lambda: kernels.started)
    kernels.dead.append("kernel-0")
    pool.ended("kernel-0", -9)
    assert until(lambda: kernels.removed) == ["kernel-0"]
    assert pool.take(plan()) is None
    assert until(lambda: pool.take(plan())) == "kernel-1"


def test_a_kernel_that_cannot_start_is_not_tried_over_and_over(pool: Pool, kernels: FakeKernels) -> None:
    kernels.failing = True
    pool.start({})
    until(lambda: kernels.removed)
    kernels.failing = False
    assert pool.take(plan()) is None
    assert until(lambda: pool.take(plan())) == "kernel-0"


def test_none_is_started_while_sessions_are_at_work(pool: Pool, kernels: FakeKernels, busy: list[bool]) -> None:
    looked: list[None] = []
    busy[0] = True
    pool._busy = lambda: bool(looked.append(None) or busy[0])  # type: ignore[func-returns-value]
    pool.start({})
    until(lambda: len(looked) > 2)
    assert kernels.started == []
    busy[0] = False
    assert until(lambda: pool.take(plan())) == "kernel-0"


def test_none_is_started_when_memory_is_short(
    pool: Pool, kernels: FakeKernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[None] = []

    def short() -> Any:
        looks.append(None)
        return SimpleNamespace(available=2**30)

    monkeypatch.setattr(psutil, "virtual_memory", short)
    pool.start({})
    until(lambda: len(looks) > 20)
    assert kernels.started == []


def test_closing_gives_back_what_is_kept(pool: Pool, kernels: FakeKernels) -> None:
    pool.start({})
    until(lambda: kernels.started)
    assert pool.close() == ["kernel-0"]


def test_a_reserve_is_its_owner_s_and_what_was_taken_of_it_is_replaced(
    reserves: Reserves, kernels: FakeKernels
) -> None:
    reserves.keep("app", reserve(kernels, 2))
    assert until(lambda: reserves.kept("app")) == 2
    assert reserves.take("other", "small") is None
    assert reserves.take("app", "large") is None
    assert reserves.take("app", "small") == "kernel-0"
    until(lambda: reserves.kept("app") == 2 and len(kernels.started) == 3)
    reserves.keep("app", None)
    assert kernels.removed == ["kernel-1", "kernel-2"]


def test_a_reserve_for_which_there_is_no_memory_is_told(
    reserves: Reserves, kernels: FakeKernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1024))
    reserves.keep("app", reserve(kernels, 1))
    assert until(lambda: reserves.kept("app") is not None)
    assert (reserves.kept("app"), kernels.started) == (0, [])
