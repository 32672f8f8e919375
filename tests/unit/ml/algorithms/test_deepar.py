"""DeepAR: forecasts of series whose future is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from studiolo.domain import Invalid
from studiolo.ml.algorithms import BUILT_IN
from studiolo.ml.algorithms.container import Container
from studiolo.ml.algorithms.deepar.series import read_series
from tests.unit.ml.algorithms.training_container import TrainingContainer

if TYPE_CHECKING:
    from pathlib import Path

DEEPAR = BUILT_IN["forecasting-deepar"]
REQUIRED = {"context_length": "24", "prediction_length": "12", "epochs": "3", "time_freq": "H"}
RANDOM = np.random.default_rng(23)
DAY = 2 * np.pi * np.arange(252) / 24
WAVES = {0: 10 - 3 * np.sin(DAY), 1: 20 + 3 * np.sin(DAY)}
"""What series of either category are, but for a noise of 0.1: the last 12 hours are to be forecast."""


def series(hours: int) -> bytes:
    found = []
    for number in range(20):
        values = (WAVES[number % 2][:hours] + RANDOM.normal(0, 0.1, hours)).tolist()
        document = {"start": "2024-01-01 00:00:00", "target": [*values[:5], "NaN", *values[6:]], "cat": [number % 2]}
        found.append(json.dumps(document))
    return "\n".join(found).encode()


def job(base: Path, train: bytes, test: bytes | None = None, **hyperparameters: str) -> TrainingContainer:
    container = TrainingContainer(base)
    files = {"train": train, **({"test": test} if test else {})}
    container.configure({**REQUIRED, **hyperparameters}, {name: {"ContentType": "json"} for name in files})
    for name, content in files.items():
        container.put(name, content, "series.json")
    return container


def past(category: int, **more: Any) -> dict[str, Any]:
    return {"start": "2024-01-01", "target": WAVES[category][:240].tolist(), "cat": [category]} | more


@pytest.mark.heavy
@pytest.mark.parametrize("likelihood", ["student-T", "deterministic-L1"])
def test_waves_are_forecast_by_their_category(tmp_path: Path, likelihood: str) -> None:
    container = job(
        tmp_path,
        series(240),
        series(252),
        epochs="10",
        likelihood=likelihood,
        learning_rate="0.01",
        mini_batch_size="32",
    )
    printed = container.run_apart(DEEPAR)
    scores = {
        name: float(printed.rpartition(f"test {name} <loss>=")[2].split()[0]) for name in ("RMSE", "mean_wQuantileLoss")
    }
    assert scores["RMSE"] < 0.8
    assert scores["mean_wQuantileLoss"] < 0.05
    asked = {"num_samples": 40, "output_types": ["mean", "quantiles", "samples"], "quantiles": ["0.1", "0.9"]}
    body = json.dumps({"instances": [past(0), past(1)], "configuration": asked}).encode()
    wrong = json.dumps({"instances": [past(0, cat=[7])]}).encode()
    whole, line, refused = container.ask_apart(
        DEEPAR,
        ("application/json", "", body),
        ("application/jsonlines", "", json.dumps(past(1)).encode()),
        ("application/json", "", wrong),
        DEEPAR_INFERENCE_CONFIG='{"output_types": ["mean"]}',
    )
    forecasts = json.loads(whole[2])["predictions"]
    for category, forecast in enumerate(forecasts):
        truth = WAVES[category][240:]
        assert np.sqrt(np.mean((np.array(forecast["mean"]) - truth) ** 2)) < 0.8
        assert np.shape(forecast["samples"]) == (40, 12)
        low, high = (np.array(forecast["quantiles"][name]) for name in ("0.1", "0.9"))
        assert (low == high).all() if likelihood == "deterministic-L1" else (low < high).all()
    assert list(json.loads(line[2])) == ["mean"]
    assert (refused[0], b"'cat' has the category 7; there are 2" in refused[2]) == (400, True)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("time_freq", "1Y", "an integer followed by 'M', 'W', 'D', 'H' or 'min'"),
        ("likelihood", "cauchy", "'student-T'"),
        ("cardinality", "[0]", "'auto' or 'ignore' or a list of positive integers"),
        ("test_quantiles", "[0.5, 1.5]", "a list of numbers between 0 and 1"),
        ("dropout_rate", "1", "less than 1"),
    ],
)
def test_hyperparameters_are_refused_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(Invalid, match=f"'{name}' has the value") as refused:
        DEEPAR.validate_hyperparameters({**REQUIRED, name: value})
    assert allowed in str(refused.value)


def test_hyperparameters_are_taken_as_the_service_documents_them() -> None:
    DEEPAR.validate_hyperparameters({**REQUIRED, "likelihood": "student-T", "cardinality": "", "time_freq": "5min"})
    DEEPAR.validate_hyperparameters({**REQUIRED, "cardinality": "[2, 3]", "num_dynamic_feat": "ignore"})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"start": "2024-01-01"}', "Line 2: 'target' is not a list of numbers"),
        (b'{"start": "2024-01-01", "target": [1, "x"]}', 'the value "x", which is not a number'),
        (b'{"start": "2024-01-01", "target": [1], "dynamic_feat": [[1], [1, 2]]}', "are not of one length"),
        (b"{", "Line 2 is not JSON"),
    ],
)
def test_a_line_that_is_no_series_is_refused_by_its_number(tmp_path: Path, line: bytes, reason: str) -> None:
    job(tmp_path, b'{"start": "2024-01-01", "target": [1, null, 2]}\n' + line)
    with pytest.raises(Invalid, match="series.json") as refused:
        read_series(Container(tmp_path).channels("application/jsonlines")["train"])
    assert reason in str(refused.value)
