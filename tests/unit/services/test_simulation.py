"""Simulations of policies, as IAM's operations answer them."""

from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.services.iam import simulation


def test_no_more_is_simulated_than_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a request can name would keep a processor busy for many seconds, for every page of it."""
    simulated: list[str] = []

    def simulate(_scenario: Any, actions: list[str], _resources: Any) -> list[Any]:
        simulated.extend(actions)
        return []

    monkeypatch.setattr(simulation, "simulate", simulate)
    caller_of = SimpleNamespace(caller_of=lambda arn: SimpleNamespace(arn=arn))
    call: Any = SimpleNamespace(scope=SimpleNamespace(account="1"), identity=caller_of)
    request: Any = {"PolicyInputList": ["{}"], "ActionNames": [f"s3:A{i}" for i in range(500)], "MaxItems": 3}
    answer = simulation.simulate_custom_policy(call, request)
    simulation.simulate_custom_policy(call, {**request, "Marker": answer["Marker"]})
    assert simulated == [f"s3:A{i}" for i in range(6)]
