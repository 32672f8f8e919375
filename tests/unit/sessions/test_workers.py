"""Workers, as cores and memory of this machine."""

import pytest

from studiolo.domain import Invalid
from studiolo.engine import Machine, Size
from studiolo.sessions import SessionRequest
from studiolo.sessions.workers import GIB, settle, size

LAPTOP = Machine(cores=8, memory=32 * GIB)
SERVER = Machine(cores=128, memory=1024 * GIB)


def sized(machine: Machine, **asked: object) -> Size:
    return size(settle(SessionRequest("id", "role", **asked), "5.1"), machine)  # type: ignore[arg-type]


def test_workers_get_what_they_are_where_the_machine_has_it() -> None:
    got = sized(SERVER, worker_type="G.2X", workers=10)
    assert (got.cores, got.executor_cores, got.executors) == (80, 8, 10)
    assert got.executor_heap == int(32 * GIB * 0.6)


def test_a_laptop_gives_its_cores_and_a_quarter_of_its_memory() -> None:
    got = sized(LAPTOP, worker_type="G.8X", workers=50)
    assert (got.cores, got.heap) == (8, 8 * GIB)


def test_a_small_session_takes_less_than_the_machine_has() -> None:
    got = sized(LAPTOP, worker_type="G.025X", workers=2)
    assert (got.cores, got.heap) == (4, int(8 * GIB * 0.6))


def test_capacity_counts_workers_of_four_cores() -> None:
    assert sized(SERVER, max_capacity=3.0).cores == 12


def test_the_smallest_worker_is_a_quarter_of_a_unit() -> None:
    assert settle(SessionRequest("id", "role", worker_type="G.025X", workers=4), "5.1").max_capacity == 1.0


def test_what_was_not_asked_for_is_what_glue_s_kernel_asks_for() -> None:
    settled = settle(SessionRequest("id", "role"), "5.1")
    assert (settled.worker_type, settled.workers, settled.max_capacity) == ("G.1X", 5, 5.0)


@pytest.mark.parametrize(
    "asked",
    [
        {"max_capacity": 2.0, "workers": 2},
        {"max_capacity": 0.0},
        {"workers": 0},
        {"worker_type": "Z.2X", "workers": 2},
        {"worker_type": "X.1X", "workers": 2},
    ],
)
def test_what_glue_refuses_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        settle(SessionRequest("id", "role", **asked), "5.1")  # type: ignore[arg-type]
