"""How good predictions are: the metrics of linear-learner's log, and the threshold of a binary classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from studiolo.ml.algorithms.linear_learner.hyperparameters import Settings

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """One metric: the name in the log, its value, and whether the log calls it a loss (smaller is better)."""

    name: str
    value: float
    is_loss: bool = False

    def __str__(self) -> str:
        return f"{self.name} <{'loss' if self.is_loss else 'score'}>={self.value}"


def regression_scores(predictions: Vector, labels: Vector) -> list[Score]:
    """Mean squared and absolute errors, and the share of the label's variance explained, in the label's units."""
    errors = predictions - labels
    squared, absolute = float(np.mean(errors**2)), float(np.mean(np.abs(errors)))
    variance = float(np.var(labels))
    return [
        Score("mse", squared, is_loss=True),
        Score("absolute_loss", absolute, is_loss=True),
        Score("rmse", squared**0.5, is_loss=True),
        Score("r2", 1 - squared / variance if variance else 0.0),
        Score("mae", absolute, is_loss=True),
    ]


def binary_scores(scores: Vector, labels: Vector, threshold: float, beta: float) -> list[Score]:
    """Accuracy, F, precision and recall at the threshold, and the area under the ROC curve."""
    said, true = scores >= threshold, labels > 0
    hits = float(np.sum(said & true))
    precision, recall = _ratio(hits, float(said.sum())), _ratio(hits, float(true.sum()))
    return [
        Score("binary_classification_accuracy", float(np.mean(said == true))),
        Score(f"binary_f_{beta:.3f}", _f(precision, recall, beta)),
        Score("precision", precision),
        Score("recall", recall),
        Score("roc_auc_score", area_under_roc(scores, true)),
    ]


def multiclass_scores(probabilities: Vector, labels: Vector, top_k: int, beta: float) -> list[Score]:
    """Accuracies, discounted cumulative gain, averages over classes (those with examples), and log loss."""
    rows, chosen = np.arange(len(labels)), labels.astype(np.intp)
    of_label = probabilities[rows, chosen]
    # A tie with an earlier class counts against the label, as argmax would have it.
    tied_before = (probabilities == of_label[:, None]) & (np.arange(probabilities.shape[1]) < chosen[:, None])
    rank = (probabilities > of_label[:, None]).sum(axis=1) + tied_before.sum(axis=1)
    said = probabilities.argmax(axis=1)
    classes = np.unique(chosen)
    precisions, recalls = [], []
    for one in classes:
        hits = float(np.sum((said == one) & (chosen == one)))
        precisions.append(_ratio(hits, float(np.sum(said == one))))
        recalls.append(_ratio(hits, float(np.sum(chosen == one))))
    precision, recall = float(np.mean(precisions)), float(np.mean(recalls))
    return [
        Score("multiclass_accuracy", float(np.mean(rank == 0))),
        Score(f"multiclass_top_k_accuracy_{top_k}", float(np.mean(rank < top_k))),
        Score("dcg", float(np.mean(1 / np.log2(rank + 2)))),
        Score("macro_recall", recall),
        Score("macro_precision", precision),
        Score(f"macro_f_{beta:.3f}", _f(precision, recall, beta)),
        Score("multiclass_balanced_accuracy", recall),
        Score("multiclass_log_loss", float(-np.mean(np.log(np.maximum(of_label, 1e-15))))),
    ]


def area_under_roc(scores: Vector, true: NDArray[np.bool_]) -> float:
    """The chance that a positive example scores above a negative one, ties counting half; 0.5 if one kind lacks."""
    positives, negatives = int(true.sum()), int((~true).sum())
    if not positives or not negatives:
        return 0.5
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    return float((mean_rank[inverse.ravel()][true].sum() - positives * (positives + 1) / 2) / (positives * negatives))


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold, the value of the selection criterion there, and whether its target was met."""

    threshold: float
    value: float
    met: bool = True


def best_threshold(scores: Vector, labels: Vector, settings: Settings) -> Threshold:
    """The threshold at which these scores are best by `binary_classifier_model_selection_criteria`.

    Of thresholds that are equally good it is the natural one (0.5, or 0 under hinge loss) where that is among them,
    else the nearest to it. Where no threshold reaches the target recall or precision, the one that comes nearest.
    """
    natural = 0.0 if settings.loss == "hinge_loss" else 0.5
    cuts = _cuts(scores, natural)
    order = np.argsort(scores)
    true = labels[order] > 0
    first = np.searchsorted(scores[order], cuts, side="left")
    positives_from = np.append(np.cumsum(true[::-1])[::-1], 0)
    hits = positives_from[first].astype(np.float64)
    said, positives = (len(scores) - first).astype(np.float64), float(true.sum())
    precision = np.divide(hits, said, out=np.zeros_like(hits), where=said > 0)
    recall = hits / positives if positives else np.zeros_like(hits)
    met = True
    criterion = settings.binary_classifier_model_selection_criteria
    if criterion in ("f1", "f_beta"):
        beta = 1.0 if criterion == "f1" else settings.f_beta
        weighted = beta**2 * precision + recall
        values = np.divide((1 + beta**2) * precision * recall, weighted, out=np.zeros_like(hits), where=weighted > 0)
    elif criterion == "precision_at_target_recall":
        values, met = _at_target(precision, recall, settings.target_recall)
    elif criterion == "recall_at_target_precision":
        values, met = _at_target(recall, precision, settings.target_precision)
    else:
        values = (hits + (len(scores) - said) - (positives - hits)) / len(scores)
        if criterion != "accuracy":
            at = int(np.flatnonzero(cuts == natural)[0])
            return Threshold(natural, float(values[at]))
    best = np.flatnonzero(values >= values.max() - 1e-12)
    chosen = best[np.abs(cuts[best] - natural).argmin()]
    return Threshold(float(cuts[chosen]), float(values[chosen]), met)


def _cuts(scores: Vector, natural: float) -> Vector:
    """The thresholds that tell scores apart: between neighbors, below and above all, and the natural one."""
    distinct = np.unique(scores)
    lower, upper = distinct[:-1], distinct[1:]
    between = lower + (upper - lower) / 2
    between = np.where(between > lower, between, upper)
    ends = [distinct[0], np.nextafter(distinct[-1], np.inf), natural]
    return np.asarray(np.unique(np.concatenate([between, ends])))


def _at_target(wanted: Vector, held: Vector, target: float) -> tuple[Vector, bool]:
    reached = held >= target - 1e-12
    if not reached.any():
        reached = held == held.max()
        return np.where(reached, wanted, -1.0), False
    return np.where(reached, wanted, -1.0), True


def _f(precision: float, recall: float, beta: float) -> float:
    return _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
