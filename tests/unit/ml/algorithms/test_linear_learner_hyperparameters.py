"""The hyperparameters of linear-learner: what is accepted, and what a refusal says."""

from __future__ import annotations

from pathlib import Path

import pytest

from studiolo.domain import Invalid
from studiolo.ml.algorithms.linear_learner.hyperparameters import TABLE, settings, validate_hyperparameters

REGRESSOR = {"predictor_type": "regressor"}
DOCUMENTATION = Path(__file__).parents[4] / "docs" / "algorithms" / "linear-learner.md"


def test_what_the_sdk_sends_is_accepted() -> None:
    validate_hyperparameters(
        {
            "feature_dim": "20",
            "mini_batch_size": "1000",
            "predictor_type": "regressor",
            "use_bias": "True",
            "wd": "1e-05",
        }
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("epochs", "0", "a positive integer"),
        ("epochs", "1.5", "a positive integer"),
        ("feature_dim", "-1", "'auto' or a positive integer"),
        ("quantile", "1", "a number greater than 0 and less than 1"),
        ("wd", "-0.1", "'auto' or a number of at least 0"),
        ("learning_rate", "nan", "'auto' or a number greater than 0"),
        ("beta_1", "1.0", "'auto' or a number of at least 0 and less than 1"),
        ("use_bias", "yes", "'true' or 'false'"),
        ("optimizer", "adagrad", "one of 'auto', 'sgd', 'adam', 'rmsprop'"),
        ("positive_example_weight_mult", "0", "'balanced' or 'auto' or a number greater than 0"),
        ("loss", "logistic", "allowed for predictor_type 'regressor' is one of 'auto', 'squared_loss'"),
        ("accuracy_top_k", "1000001", "an integer from 1 to 1000000"),
    ],
)
def test_a_wrong_value_is_refused_by_name_value_and_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        validate_hyperparameters({**REGRESSOR, name: value})
    assert f"Hyperparameter '{name}' has the value '{value}'" in str(refusal.value)
    assert allowed in str(refusal.value)


def test_an_unknown_hyperparameter_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match=r"Hyperparameter 'epoch' \(value '3'\) is not known"):
        validate_hyperparameters({**REGRESSOR, "epoch": "3"})


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(Invalid, match=r"(?s)'epochs'.*'wd'"):
        validate_hyperparameters({**REGRESSOR, "epochs": "0", "wd": "-1"})


def test_the_predictor_type_is_required() -> None:
    with pytest.raises(Invalid, match="'predictor_type' is required: one of 'regressor'"):
        validate_hyperparameters({})


@pytest.mark.parametrize("classes", [{}, {"num_classes": "2"}])
def test_a_multiclass_classifier_needs_three_classes_or_more(classes: dict[str, str]) -> None:
    with pytest.raises(Invalid, match=r"'num_classes'.*an integer from 3 to 1000000"):
        validate_hyperparameters({"predictor_type": "multiclass_classifier", **classes})


def test_auto_is_decided_as_documented() -> None:
    regressor, classifier = settings(REGRESSOR), settings({"predictor_type": "binary_classifier"})
    assert (regressor.loss, regressor.normalize_label, regressor.unbias_label) == ("squared_loss", True, True)
    assert (classifier.loss, classifier.normalize_label, classifier.unbias_label) == ("logistic", False, False)


def test_the_documentation_has_each_hyperparameter_with_its_default_and_whether_it_applies() -> None:
    rows = [line for line in DOCUMENTATION.read_text().splitlines() if line.startswith("| `")]
    cells = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]
    documented = [row for row in cells if len(row) == 4]
    expected = [
        (f"`{row.name}`", row.rule.allowed, row.default or "required", row.unused or "yes")
        for row in TABLE
        if not row.name.startswith("_")
    ]
    assert documented == expected
