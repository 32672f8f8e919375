"""Metrics are picked from what a job prints."""

import pytest

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.metrics import Metrics
from studiolo.domain import Invalid


def test_the_last_value_of_a_metric_is_its_final_one() -> None:
    metrics = Metrics([MetricDefinition("loss", r"loss=(\S+)"), MetricDefinition("never", r"never=(\S+)")])
    for line in ("epoch 1 loss=3.5", "nothing", "epoch 2 loss=-1e-3"):
        metrics.read(line)
    assert [(metric.name, metric.value) for metric in metrics.final] == [("loss", -0.001)]


def test_a_line_tells_whether_it_held_a_metric() -> None:
    metrics = Metrics([MetricDefinition("loss", r"loss=(\S+)")])
    assert metrics.read("loss=1")
    assert not metrics.read("loss=unknown")
    assert not metrics.read("loss=nan")
    assert not metrics.read("")


def test_an_expression_without_a_group_is_the_value_itself() -> None:
    metrics = Metrics([MetricDefinition("percent", r"\d+(?=%)")])
    metrics.read("at 40%")
    assert metrics.final[0].value == 40


def test_an_expression_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="metric 'loss'"):
        MetricDefinition("loss", "(").check()


def test_an_expression_that_could_be_tried_for_years_is_done_with_at_once() -> None:
    metrics = Metrics([MetricDefinition("slow", r"(a+)+$")])
    assert metrics.read("a" * 60 + "b") == []


def test_one_that_only_python_takes_is_given_up_where_it_is_tried_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studiolo.containers.metrics.LONGEST_SECONDS", 1.0)
    said: list[str] = []
    metrics = Metrics(
        [MetricDefinition("slow", r"(?=(a+)+$)x"), MetricDefinition("loss", r"(?<=loss=)\d")], said.append
    )
    [loss] = metrics.read("a" * 60 + "b loss=3")
    assert (loss.name, loss.value) == ("loss", 3)
    assert "The metric slow is not read any more" in said[0]
    assert len(metrics.read("loss=4")) == len(said) == 1


def test_a_line_shows_several_metrics_and_two_of_one_regular_expression() -> None:
    regexes = {"loss": r"loss=(\S+)", "after": r"(?<=y)(\d+)", "same": r"loss=(\S+)", "none": r"none=(\S+)"}
    metrics = Metrics([MetricDefinition(name, regex) for name, regex in regexes.items()])
    found = [(each.name, each.value) for each in metrics.read("loss=3 loss=4 y7")]
    assert found == [("loss", 3), ("loss", 4), ("after", 7), ("same", 3), ("same", 4)]
    assert metrics.read("nothing of all this") == []
