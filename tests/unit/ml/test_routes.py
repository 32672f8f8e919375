"""Calls are shared by weight, or go to the variant asked for."""

import random
from collections import Counter

import pytest

from studiolo.domain import NotFound, Scope
from studiolo.ml.serving.routes import Route, Routes, Target

SCOPE = Scope("000000000000", "eu-central-1")


def seeded() -> random.Random:
    return random.Random(7)  # noqa: S311 - it shares calls, and keeps no secret


def route(**weights: float) -> Route:
    return Route({name: Target(name, weight, f"/run/{name}", "") for name, weight in weights.items()})


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


def test_endpoints_of_one_name_in_two_regions_are_two() -> None:
    routes = Routes()
    routes.put(SCOPE, "e", route(a=1.0))
    assert routes.find(Scope(SCOPE.account, "us-east-1"), "e") is None
    assert routes.find(SCOPE, "e") is not None
