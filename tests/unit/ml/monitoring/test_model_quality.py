"""How good a model is: the documented metrics with known answers, and limits made of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from studiolo.ml.monitoring.analyzer import quality
from studiolo.ml.monitoring.analyzer.quality import Judged
from studiolo.ml.monitoring.analyzer.told import Told, Unusable

# The Developer Guide's example of binary classification: one true, two false positives, one true negative.
TRUTH, PREDICTED = ["0", "0", "0", "1"], ["0", "1", "1", "1"]


def rows(truth: list[str], predicted: list[str], scores: list[float] | None = None) -> Judged:
    texts = (np.array(each, dtype=object) for each in (truth, predicted))
    return Judged(*texts, None if scores is None else np.array(scores))


def test_binary_classification_gives_the_figures_of_the_guide_s_example() -> None:
    found = quality.metrics(quality.BINARY, rows(TRUTH, PREDICTED, [0.1, 0.2, 0.3, 0.9]))
    assert found["confusion_matrix"] == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    values = {name: told["value"] for name, told in found.items() if "value" in told}
    assert values == {
        "recall": 1.0,
        "precision": pytest.approx(1 / 3),
        "accuracy": 0.5,
        "f0_5": pytest.approx(0.3846153846153846),
        "f1": 0.5,
        "f2": pytest.approx(0.7142857142857143),
        "true_positive_rate": 1.0,
        "true_negative_rate": pytest.approx(1 / 3),
        "false_positive_rate": pytest.approx(2 / 3),
        "false_negative_rate": 0.0,
        "recall_best_constant_classifier": 1.0,
        "precision_best_constant_classifier": 0.25,
        "accuracy_best_constant_classifier": 0.25,
        "f0_5_best_constant_classifier": pytest.approx(0.29411764705882354),
        "f1_best_constant_classifier": 0.4,
        "f2_best_constant_classifier": 0.625,
        "auc": 1.0,
    }
    assert found["recall"]["standard_deviation"] == "NaN"


def test_multiclass_classification_gives_the_figures_of_the_guide_s_example() -> None:
    truth, predicted = ["0"] * 1690 + ["1"] * 406, ["0"] * 1180 + ["1"] * 510 + ["0"] * 268 + ["1"] * 138
    found = quality.metrics(quality.MULTICLASS, rows(truth, predicted))
    assert found["confusion_matrix"] == {"0": {"0": 1180, "1": 510}, "1": {"0": 268, "1": 138}}
    assert found["accuracy"]["value"] == pytest.approx(0.6288167938931297)
    assert found["weighted_precision"]["value"] == pytest.approx(0.6983172269629505)
    assert found["weighted_f2"]["value"] == pytest.approx(0.6384024354394601)
    assert found["weighted_f0_5_best_constant_classifier"]["value"] == pytest.approx(0.04473443104152011)
    assert 0 < found["accuracy"]["standard_deviation"] < 0.02


def test_regression_has_its_four_metrics_and_limits_on_the_worse_side_of_them() -> None:
    found = quality.metrics(quality.REGRESSION, rows(["1", "2", "3"], ["1", "2", "5"]))
    assert {name: told["value"] for name, told in found.items()} == {
        "mae": pytest.approx(2 / 3),
        "mse": pytest.approx(4 / 3),
        "rmse": pytest.approx((4 / 3) ** 0.5),
        "r2": pytest.approx(-1.0),
    }
    limits = quality.constraints(quality.REGRESSION, found)
    assert limits["regression_constraints"]["mae"]["comparison_operator"] == "GreaterThanThreshold"
    assert limits["regression_constraints"]["r2"]["comparison_operator"] == "LessThanThreshold"
    assert quality.violations(quality.REGRESSION, limits, found) == []
    worse = quality.metrics(quality.REGRESSION, rows(["1", "2", "3"], ["1", "2", "6"]))
    violated = quality.violations(quality.REGRESSION, limits, worse)
    assert [each["metric_name"] for each in violated] == ["mae", "mse", "rmse", "r2"]
    assert violated[0]["description"] == f"Metric mae with 1.0 +/- NaN was GreaterThanThreshold '{2 / 3}'"


def test_a_probability_at_the_threshold_is_a_positive_prediction() -> None:
    told = Told(
        Path(), Path(), {}, quality=True, problem=quality.BINARY,
        attributes={"probability": "0", "probability_threshold": "0.7", "ground_truth": "label"},
    )  # fmt: skip
    frame = pd.DataFrame({"_c0": ["0.7", "0.6", None], "label": ["1", "1", "0"]}, dtype=object)
    found = quality.judged(told, frame)
    assert (found.predicted.tolist(), found.truth.tolist()) == (["1", "0"], ["1", "1"])


def test_an_attribute_that_is_no_column_is_refused_by_its_name() -> None:
    told = Told(Path(), Path(), {}, quality=True, problem=quality.REGRESSION, attributes={"inference": "guess"})
    with pytest.raises(Unusable, match="inference_attribute 'guess' is none of the columns: groundTruthData, _c0"):
        quality.judged(told, pd.DataFrame({"groundTruthData": ["1"], "_c0": ["1"]}, dtype=object))
