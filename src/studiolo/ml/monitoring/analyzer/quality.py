"""How good predictions are against labels, and what they must be. Source: "Model Quality Metrics" (Developer Guide)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from studiolo.ml.monitoring.analyzer.told import GROUND_TRUTH, Told, Unusable

LEAST_SAMPLES, SAMPLES, SAMPLED = 200, 5, 0.8
"""Standard deviations are of so many samples of that share of the rows, of no fewer rows than that."""
REGRESSION, BINARY, MULTICLASS = "Regression", "BinaryClassification", "MulticlassClassification"
SECTIONS = {REGRESSION: "regression", BINARY: "binary_classification", MULTICLASS: "multiclass_classification"}
"""What the problem types are called in the files."""
WORSE_ABOVE = ("mae", "mse", "rmse", "false_positive_rate", "false_negative_rate")
"""Metrics that are worse where they are greater: of the others less is worse."""
CONSTRAINED = (
    *WORSE_ABOVE, "r2", "recall", "precision", "accuracy", "true_positive_rate", "true_negative_rate", "auc", "f0_5",
    "f1", "f2", "weighted_recall", "weighted_precision", "weighted_f0_5", "weighted_f1", "weighted_f2",
)  # fmt: skip
BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"

Texts = NDArray[np.object_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Labels and predictions, row by row. scores: the probabilities of the positive class, where they are told."""

    truth: Texts
    predicted: Texts
    scores: Floats | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def part(self, rows: NDArray[np.int64]) -> "Judged":
        return Judged(self.truth[rows], self.predicted[rows], None if self.scores is None else self.scores[rows])


def judged(told: Told, frame: pd.DataFrame) -> Judged:
    """The columns of a dataset that its attributes name. Raises Unusable for what is not there, or is no number."""
    if told.problem not in SECTIONS:
        raise Unusable(f"The problem_type '{told.problem}' is not one of {', '.join(SECTIONS)}.")
    attributes = told.attributes
    truth = _column(frame, attributes.get("ground_truth", GROUND_TRUTH), "ground_truth_attribute")
    scores = None
    if (probability := attributes.get("probability")) and told.problem == BINARY:
        scores = _column(frame, probability, "probability_attribute")
    if inference := attributes.get("inference"):
        predicted = _column(frame, inference, "inference_attribute")
    elif scores is not None:
        predicted = None
    else:
        raise Unusable("An inference_attribute is needed, or for BinaryClassification a probability_attribute.")
    whole = pd.concat([each for each in (truth, predicted, scores) if each is not None], axis=1).notna().all(axis=1)
    if not whole.any():
        raise Unusable("There is no row with a prediction and a label.")
    numbers = None if scores is None else _numbers(scores[whole], "probability_attribute")
    if predicted is None:
        assert numbers is not None
        threshold = float(attributes.get("probability_threshold", 0.5))
        values = np.where(numbers >= threshold, "1", "0").astype(object)
    else:
        values = predicted[whole].to_numpy(dtype=object)
    return Judged(truth[whole].to_numpy(dtype=object), values, numbers)


def metrics(problem: str, rows: Judged, seed: int = 0) -> dict[str, Any]:
    """The metrics of the problem, each with its standard deviation; curves and the confusion matrix without."""
    compute = {REGRESSION: _regression, BINARY: _binary, MULTICLASS: _multiclass}[problem]
    values, others = compute(rows)
    deviations = _deviations(compute, rows, seed)
    scored = {
        name: {"value": value, "standard_deviation": deviations.get(name, "NaN")} for name, value in values.items()
    }
    return {**others, **scored}


def constraints(problem: str, measured: Mapping[str, Any]) -> dict[str, Any]:
    """The constraints document by which metrics must be no worse than these."""
    told = {
        name: {
            "threshold": measured[name]["value"],
            "comparison_operator": ABOVE if name in WORSE_ABOVE else BELOW,
        }
        for name in CONSTRAINED
        if name in measured
    }
    return {"version": 0.0, f"{SECTIONS[problem]}_constraints": told}


def violations(problem: str, limits: Mapping[str, Any], measured: Mapping[str, Any]) -> list[dict[str, str]]:
    """The constraints of a document that metrics do not satisfy."""
    found = []
    for name, limit in limits.get(f"{SECTIONS[problem]}_constraints", {}).items():
        if name not in measured:
            continue
        value, deviation = measured[name]["value"], measured[name]["standard_deviation"]
        threshold, operator = float(limit["threshold"]), limit["comparison_operator"]
        if value > threshold if operator == ABOVE else value < threshold:
            found.append(
                {
                    "constraint_check_type": operator,
                    "description": f"Metric {name} with {value} +/- {deviation} was {operator} '{threshold}'",
                    "metric_name": name,
                }
            )
    return found


Values = tuple[dict[str, float], dict[str, Any]]


def _regression(rows: Judged) -> Values:
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    truth = _numbers(pd.Series(rows.truth), "ground_truth_attribute")
    predicted = _numbers(pd.Series(rows.predicted), "inference_attribute")
    mse = float(mean_squared_error(truth, predicted))
    values = {"mae": float(mean_absolute_error(truth, predicted)), "mse": mse, "rmse": mse**0.5}
    # One row has no variance that could be explained.
    return values | ({"r2": float(r2_score(truth, predicted))} if len(truth) > 1 else {}), {}


def _binary(rows: Judged) -> Values:
    from sklearn import metrics as sk

    truth, predicted = _binary_labels(rows.truth), _binary_labels(rows.predicted)
    negative, false_positive, false_negative, positive = sk.confusion_matrix(truth, predicted, labels=[0, 1]).ravel()
    values = _scores(truth, predicted)
    values |= {
        "true_positive_rate": _share(positive, false_negative),
        "true_negative_rate": _share(negative, false_positive),
        "false_positive_rate": _share(false_positive, negative),
        "false_negative_rate": _share(false_negative, positive),
    }
    # As in the documented example, the constant classifier says 1.
    values |= {f"{name}_best_constant_classifier": v for name, v in _scores(truth, np.ones_like(truth)).items()}
    others: dict[str, Any] = {
        "confusion_matrix": {
            "0": {"0": int(negative), "1": int(false_positive)},
            "1": {"0": int(false_negative), "1": int(positive)},
        }
    }
    if rows.scores is not None and len(set(truth.tolist())) == 2:
        values["auc"] = float(sk.roc_auc_score(truth, rows.scores))
        false_rates, true_rates, _ = sk.roc_curve(truth, rows.scores)
        precisions, recalls, _ = sk.precision_recall_curve(truth, rows.scores)
        others["receiver_operating_characteristic_curve"] = {
            "false_positive_rates": false_rates.tolist(),
            "true_positive_rates": true_rates.tolist(),
        }
        others["precision_recall_curve"] = {"precisions": precisions.tolist(), "recalls": recalls.tolist()}
    return values, others


def _multiclass(rows: Judged) -> Values:
    from sklearn.metrics import confusion_matrix

    truth, predicted = _labels(rows.truth), _labels(rows.predicted)
    classes = sorted({*truth, *predicted})
    matrix = confusion_matrix(truth, predicted, labels=classes)
    table = {
        actual: dict(zip(classes, map(int, line), strict=True)) for actual, line in zip(classes, matrix, strict=True)
    }
    values = _scores(truth, predicted, weighted=True)
    # As in the documented example, the constant classifier says the last of the labels.
    constant = np.full(len(truth), max(truth), dtype=object)
    values |= {f"{name}_best_constant_classifier": v for name, v in _scores(truth, constant, weighted=True).items()}
    return values, {"confusion_matrix": table}


def _scores(truth: Any, predicted: Any, *, weighted: bool = False) -> dict[str, float]:
    from sklearn import metrics as sk

    how: dict[str, Any] = {"average": "weighted" if weighted else "binary", "zero_division": 0.0}
    prefix = "weighted_" if weighted else ""
    values = {
        f"{prefix}recall": sk.recall_score(truth, predicted, **how),
        f"{prefix}precision": sk.precision_score(truth, predicted, **how),
        "accuracy": sk.accuracy_score(truth, predicted),
        **{f"{prefix}{name}": sk.fbeta_score(truth, predicted, beta=beta, **how) for name, beta in BETAS.items()},
    }
    return {name: float(value) for name, value in values.items()}


def _deviations(compute: Callable[[Judged], Values], rows: Judged, seed: int) -> dict[str, float]:
    if len(rows) < LEAST_SAMPLES:
        return {}
    draw, size = np.random.default_rng(seed), int(len(rows) * SAMPLED)
    samples = [compute(rows.part(draw.choice(len(rows), size, replace=False)))[0] for _ in range(SAMPLES)]
    return {name: float(np.std([sample.get(name, np.nan) for sample in samples])) for name in samples[0]}


def _share(part: int, rest: int) -> float:
    return float(part / (part + rest)) if part + rest else 0.0


def _column(frame: pd.DataFrame, attribute: str, what: str) -> "pd.Series[Any]":
    """The column of that name, or number."""
    for name in (attribute, f"_c{attribute}"):
        if name in frame.columns:
            return frame[name]
    if attribute.isdecimal() and int(attribute) < len(frame.columns):
        return frame.iloc[:, int(attribute)]
    raise Unusable(f"The {what} '{attribute}' is none of the columns: {', '.join(map(str, frame.columns))}.")


def _numbers(values: "pd.Series[Any]", what: str) -> Floats:
    found = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(found).all():
        wrong = values[~np.isfinite(found)].iloc[0]
        raise Unusable(f"The {what} must be of numbers: '{wrong}' is none.")
    return found


def _labels(values: Texts) -> Texts:
    """Labels of which 1 and 1.0 are the same."""
    return np.array([_label(str(value)) for value in values], dtype=object)


def _label(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def _binary_labels(values: Texts) -> NDArray[np.int64]:
    known: Mapping[str, int] = {"0": 0, "1": 1, "false": 0, "true": 1}
    labels: Sequence[str] = [_label(str(value)).lower() for value in values]
    wrong = next((label for label in labels if label not in known), None)
    if wrong is not None:
        raise Unusable(f"Labels and predictions of BinaryClassification must be 0 or 1, and not '{wrong}'.")
    return np.array([known[label] for label in labels], dtype=np.int64)
