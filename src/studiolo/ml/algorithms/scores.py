"""How good predictions are: the measures that several algorithms print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Vector = NDArray[Any]


def accuracy(predicted: Vector, labels: Vector) -> float:
    """The share of labels that are right."""
    return float(np.mean(predicted == labels))


def precision_recall_f1(predicted: Vector, labels: Vector) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean of the positive class; 0 where there is nothing to divide by."""
    said, true = predicted > 0, labels > 0
    hits = float((said & true).sum())
    precision = hits / float(said.sum()) if said.any() else 0.0
    recall = hits / float(true.sum()) if true.any() else 0.0
    return precision, recall, 2 * hits / float(said.sum() + true.sum()) if hits else 0.0


def macro_f1(predicted: Vector, labels: Vector) -> float:
    """The mean over the classes (those predicted or true) of F1."""
    classes = np.union1d(predicted, labels)
    return float(np.mean([precision_recall_f1(predicted == one, labels == one)[2] for one in classes]))


def cross_entropy(scores: Vector, labels: Vector) -> float:
    """The mean negative logarithm of the probability of the true label; `scores` are probabilities of class 1."""
    of_label = np.where(labels > 0, scores, 1 - scores)
    return float(-np.mean(np.log(np.maximum(of_label, 1e-15))))
