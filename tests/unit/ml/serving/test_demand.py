"""Models of a multi-model container come and go, with the processes left out."""

import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.ml.serving.demand import MOST_MODELS, OnDemand

BASE = SimpleNamespace(child_name="base")
AT_ONCE = 4


def model(number: int) -> Any:
    # Its number for its name: of two names whose hashes meet one waits for the other.
    return SimpleNamespace(child_name=number, target=f"{number}.tar.gz", base=BASE)


class Fleet:
    """What is up, and the most that ever was with what was being started."""

    def __init__(self) -> None:
        self.up: dict[int, Any] = {}
        self.starting = threading.Barrier(AT_ONCE)
        self.most = 0

    def socket(self, post: Any) -> str | None:
        return str(post.child_name) if post.child_name in self.up else None

    def models(self, _base: Any) -> Sequence[Any]:
        return list(self.up.values())

    def bring_up(self, posts: Sequence[Any]) -> None:
        self.starting.wait(30)
        self.most = max(self.most, len(self.up) + AT_ONCE)
        self.starting.wait(30)
        self.up |= {post.child_name: post for post in posts}

    def rest(self, post: Any, _after: Callable[..., None]) -> None:
        del self.up[post.child_name]


def test_models_that_are_asked_for_at_once_make_room_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(percent=50.0))
    fleet: Any = Fleet()
    idle: Any = SimpleNamespace(idle=lambda socket: 100.0 - int(socket))
    on_demand = OnDemand(fleet, idle, idle_seconds=60)
    for first in range(0, MOST_MODELS + 2 * AT_ONCE, AT_ONCE):
        callers = [threading.Thread(target=on_demand.wake, args=[model(first + each)]) for each in range(AT_ONCE)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert fleet.most == MOST_MODELS
    assert set(fleet.up) == set(range(2 * AT_ONCE, MOST_MODELS + 2 * AT_ONCE))
