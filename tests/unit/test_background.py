"""What is looked after in the background: again after a pause, when woken, and after a look that failed."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from studiolo.background import UNTIL_WOKEN, Background

LONG = 600.0


@contextmanager
def looking(look: Callable[[], float | None], pause: float) -> Iterator[Background]:
    background = Background("test", look, pause)
    background.start()
    yield background
    background.close()


def test_it_looks_after_its_pause_and_again_when_the_look_says() -> None:
    looks: queue.Queue[None] = queue.Queue()

    def look() -> float:
        looks.put(None)
        return 0.01

    with looking(look, 0.01):
        for _ in range(3):
            looks.get(timeout=30)


def test_it_looks_when_it_is_woken_and_once_more_where_it_was_looking() -> None:
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def look() -> float:
        begun.release()
        assert go_on.acquire(timeout=30)
        return UNTIL_WOKEN

    with looking(look, LONG) as background:
        background.wake()
        assert begun.acquire(timeout=30)
        background.wake()
        go_on.release(2)
        assert begun.acquire(timeout=30)


def test_a_look_that_fails_is_logged_and_made_again(caplog: pytest.LogCaptureFixture) -> None:
    outcomes: Iterator[Exception | None] = iter([ValueError("no"), None])
    done = threading.Event()

    def look() -> float:
        if (error := next(outcomes)) is not None:
            raise error
        done.set()
        return UNTIL_WOKEN

    with looking(look, 0.01):
        assert done.wait(30)
    assert "test: this look failed" in caplog.text


def test_a_closed_one_looks_no_more_and_starts_again() -> None:
    looks: queue.Queue[None] = queue.Queue()
    background = Background("test", lambda: looks.put(None), LONG)
    for _ in range(2):
        background.wake()
        background.start()
        looks.get(timeout=30)
        background.close()
        assert background.ended
    assert looks.empty()
