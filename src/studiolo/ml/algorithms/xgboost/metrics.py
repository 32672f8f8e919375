"""The measures that SageMaker's XGBoost has beside XGBoost's own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Measure = Callable[[Any, Any], float]


def _classes(predictions: Any) -> Any:
    """The class that a prediction says: the likeliest of several, or 1 above 0.5."""
    return predictions.argmax(axis=1) if predictions.ndim > 1 else (predictions > 0.5).astype(np.float64)


def _of_classes(measure: Callable[..., float], **options: Any) -> Measure:
    return lambda labels, predictions: float(measure(labels, _named(labels, predictions), **options))


def _named(labels: Any, predictions: Any) -> Any:
    # multi:softmax predicts classes themselves.
    if predictions.ndim == 1 and (labels.max(initial=0) > 1 or predictions.max(initial=0) > 1):
        return np.rint(predictions)
    return _classes(predictions)


MEASURES: dict[str, Measure] = {
    "accuracy": _of_classes(metrics.accuracy_score),
    "balanced_accuracy": _of_classes(metrics.balanced_accuracy_score),
    "f1": _of_classes(metrics.f1_score, average="macro"),
    "f1_binary": _of_classes(metrics.f1_score, average="binary"),
    "f1_macro": _of_classes(metrics.f1_score, average="macro"),
    "mse": lambda labels, predictions: float(metrics.mean_squared_error(labels, predictions)),
    "r2": lambda labels, predictions: float(metrics.r2_score(labels, predictions)),
    **{
        f"{name}{suffix}": _of_classes(measure, average=average, zero_division=0)
        for name, measure in (("precision", metrics.precision_score), ("recall", metrics.recall_score))
        for suffix, average in (("", "binary"), ("_macro", "macro"), ("_micro", "micro"))
    },
}


def evaluation(names: Sequence[str], objective: str | None) -> Callable[[Any, Any], list[tuple[str, float]]] | None:
    """What XGBoost calls after each round for those of the names that are not its own; None where all are.

    With an `objective` it is given margins, of which that makes predictions; with None predictions.
    """
    ours = [name for name in names if name in MEASURES]
    return partial(_evaluate, ours, objective) if ours else None


def _evaluate(names: Sequence[str], objective: str | None, predictions: Any, matrix: Any) -> list[tuple[str, float]]:
    labels = matrix.get_label()
    if objective is not None:
        predictions = predicted(predictions, objective)
    return [(name, MEASURES[name](labels, predictions)) for name in names]


def predicted(margins: Any, objective: str) -> Any:
    """What margins predict: the probability of 1 for a logistic objective, the exponential for one of counts."""
    if objective in ("binary:logistic", "reg:logistic"):
        return 1 / (1 + np.exp(-margins))
    if objective in ("binary:hinge", "binary:logitraw"):
        return (margins > 0).astype(np.float64)
    if objective in ("count:poisson", "reg:gamma", "reg:tweedie"):
        return np.exp(margins)
    return margins
