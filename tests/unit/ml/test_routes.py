"""Calls are shared by weight, or go to the variant asked for."""

import random
import threading
from collections import Counter

import pytest

from studiolo.domain import NotFound, Scope
from studiolo.ml.serving.routes import Instance, Route, Routes, Target

SCOPE = Scope("000000000000", "eu-central-1")


def seeded() -> random.Random:
    return random.Random(7)  # noqa: S311 - it shares calls, and keeps no secret


def route(**weights: float) -> Route:
    return Route({name: Target(name, weight, [Instance(f"/run/{name}", "")]) for name, weight in weights.items()})


def of_instances(*sockets: str) -> Route:
    return Route({"a": Target("a", 1.0, [Instance(socket, "") for socket in sockets])})


def taken(routes: Routes) -> str | None:
    _, instance = routes.take(SCOPE, "e", None, seeded())
    return instance and instance.socket


def test_calls_are_shared_by_weight() -> None:
    draw, shared = seeded(), route(a=1.0, b=3.0)
    counts = Counter(shared.choose(None, draw).variant for _ in range(4000))
    assert counts["b"] / counts["a"] == pytest.approx(3, rel=0.1)


def test_a_variant_of_weight_zero_gets_only_calls_that_name_it() -> None:
    draw, shared = seeded(), route(a=1.0, shadow=0.0)
    assert {shared.choose(None, draw).variant for _ in range(200)} == {"a"}
    assert shared.choose("shadow", draw).variant == "shadow"


def test_variants_that_all_have_weight_zero_share_evenly() -> None:
    draw, shared = seeded(), route(a=0.0, b=0.0)
    assert {shared.choose(None, draw).variant for _ in range(200)} == {"a", "b"}


def test_a_variant_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="Variant c"):
        route(a=1.0).choose("c", seeded())


def test_a_call_goes_to_the_process_with_the_fewest_under_way() -> None:
    routes = Routes()
    routes.put(SCOPE, "e", of_instances("one", "two"))
    assert {taken(routes), taken(routes)} == {"one", "two"}
    routes.leave("two")
    assert taken(routes) == "two"
    routes.put(SCOPE, "e", of_instances("one", "two", "three"))
    assert taken(routes) == "three"


def test_idle_processes_take_turns() -> None:
    routes, seen = Routes(), []
    routes.put(SCOPE, "e", of_instances("one", "two"))
    for _ in range(4):
        seen.append(taken(routes))
        routes.leave(str(seen[-1]))
    assert seen == ["one", "two", "one", "two"]


def test_a_process_is_idle_once_its_last_call_has_its_answer() -> None:
    routes, ended = Routes(), threading.Event()
    routes.put(SCOPE, "e", of_instances("one"))
    taken(routes)
    routes.put(SCOPE, "e", of_instances("two"))

    def wait() -> None:
        routes.await_end_of_calls(["one"], 60)
        ended.set()

    threading.Thread(target=wait).start()
    assert taken(routes) == "two"
    assert not ended.is_set()
    routes.leave("one")
    assert ended.wait(10)


def test_endpoints_of_one_name_in_two_regions_are_two() -> None:
    routes = Routes()
    routes.put(SCOPE, "e", route(a=1.0))
    assert taken(routes) == "/run/a"
    with pytest.raises(NotFound, match="Endpoint e"):
        routes.take(Scope(SCOPE.account, "us-east-1"), "e", None, seeded())


def test_what_takes_over_has_its_share_of_the_calls() -> None:
    new = route(new=1.0)
    old = Route({"old": Target("old", 1.0, [])}, other=new, share=0.25)
    draw = seeded()
    counts = Counter(old.choose(None, draw).variant for _ in range(4000))
    assert counts["new"] / 4000 == pytest.approx(0.25, rel=0.1)
    assert (old.choose("new", draw).variant, old.choose("old", draw).variant) == ("new", "old")
    assert old.sockets == {"/run/new"}
