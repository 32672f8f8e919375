"""How trials of a tuning job are drawn."""

import json
from typing import Any

from studiolo.console.pages.tuning import drawn_by_number, drawn_by_parameter

SMALL = {"Type": "Minimize", "MetricName": "loss"}


def trial(value: float | None, **parameters: str) -> dict[str, Any]:
    ended = {} if value is None else {"FinalHyperParameterTuningJobObjectiveMetric": {"Value": value}}
    return {"TunedHyperParameters": parameters, **ended}


def test_trials_are_drawn_by_their_number_beside_the_best_so_far() -> None:
    drawn = json.loads(drawn_by_number([trial(3.0), trial(None), trial(1.0), trial(2.0)], SMALL))
    assert drawn["data"] == [[1, 3, 4], [3.0, 1.0, 2.0], [3.0, 1.0, 1.0]]


def test_trials_are_drawn_by_a_number_in_its_order_and_by_a_word_at_its_name() -> None:
    trials = [trial(3.0, wd="0.1", kind="b"), trial(1.0, wd="0.001", kind="a"), trial(None, wd="1", kind="c")]
    numbers = json.loads(drawn_by_parameter(trials, SMALL, "wd", logarithmic=True))
    assert (numbers["data"], numbers["log"]) == ([[0.001, 0.1], [1.0, 3.0]], True)
    words = json.loads(drawn_by_parameter(trials, SMALL, "kind", logarithmic=False))
    assert (words["data"], words["words"]) == ([[0.0, 1.0], [1.0, 3.0]], ["a", "b"])
