"""The losses of linear-learner: the mean over examples and its derivative by the predictions.

Predictions and labels are in the units that the solver works in; a regression label may be normalized.
Piecewise linear losses have no derivative at their kinks: the solver rounds each kink over a width that it
lowers step by step (convolution smoothing, as in Fernandes, Guerre and Horta, "Smoothing Quantile Regressions").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from studiolo.ml.algorithms.linear_learner.model import logistic, softmax

if TYPE_CHECKING:
    from studiolo.ml.algorithms.linear_learner.hyperparameters import Settings

Vector = NDArray[np.float64]
Evaluate = Callable[[Vector, Vector, float], tuple[Vector, Vector]]
"""(predictions, labels, smoothing width) to (loss of each example, its derivative by the prediction)."""


@dataclass(frozen=True, slots=True)
class Loss:
    """`power` is how the loss grows with the label's unit: 1 linear, 2 squared, 0 not at all (classification).

    `log_name` is what the training log calls the objective.
    """

    log_name: str
    evaluate: Evaluate
    power: int
    smooth: bool


def loss_of(settings: Settings) -> Loss:
    """The loss that the settings name, with its parameters."""
    quantile, epsilon, margin = settings.quantile, settings.loss_insensitivity, settings.margin
    losses = {
        "squared_loss": lambda: Loss("mse_objective", _squared, 2, True),
        "huber_loss": lambda: Loss("huber_loss_objective", _huber(settings.huber_delta), 2, True),
        "eps_insensitive_squared_loss": lambda: Loss(
            "eps_insensitive_squared_loss_objective", _insensitive_squared(epsilon), 2, True
        ),
        "absolute_loss": lambda: Loss("absolute_loss_objective", _kinked(1.0, 1.0, 0.0), 1, False),
        "eps_insensitive_absolute_loss": lambda: Loss(
            "eps_insensitive_absolute_loss_objective", _kinked(1.0, 1.0, epsilon), 1, False
        ),
        "quantile_loss": lambda: Loss("quantile_loss_objective", _kinked(quantile, 1 - quantile, 0.0), 1, False),
        "logistic": lambda: Loss("binary_classification_cross_entropy_objective", _logistic, 0, True),
        "hinge_loss": lambda: Loss("hinge_loss_objective", _hinge(margin), 0, False),
        "softmax_loss": lambda: Loss("multiclass_cross_entropy_objective", _softmax, 0, True),
    }
    return losses[settings.loss]()


def _squared(predictions: Vector, labels: Vector, _: float) -> tuple[Vector, Vector]:
    error = predictions - labels
    return error * error, 2 * error


def _huber(delta: float) -> Evaluate:
    def evaluate(predictions: Vector, labels: Vector, _: float) -> tuple[Vector, Vector]:
        error = predictions - labels
        slope: Vector = np.clip(error, -delta, delta)
        return slope * (error - 0.5 * slope), slope

    return evaluate


def _insensitive_squared(epsilon: float) -> Evaluate:
    def evaluate(predictions: Vector, labels: Vector, _: float) -> tuple[Vector, Vector]:
        error = predictions - labels
        beyond = error - np.clip(error, -epsilon, epsilon)
        return beyond * beyond, 2 * beyond

    return evaluate


def _kinked(under: float, over: float, epsilon: float) -> Evaluate:
    """`under` a unit of prediction below the label, `over` a unit above it, nothing within epsilon."""

    def evaluate(predictions: Vector, labels: Vector, width: float) -> tuple[Vector, Vector]:
        error = labels - predictions
        below, below_slope = _ramp(error - epsilon, width)
        above, above_slope = _ramp(-error - epsilon, width)
        return under * below + over * above, over * above_slope - under * below_slope

    return evaluate


def _hinge(margin: float) -> Evaluate:
    def evaluate(predictions: Vector, labels: Vector, width: float) -> tuple[Vector, Vector]:
        sign = 2 * labels - 1
        value, slope = _ramp(margin - sign * predictions, width)
        return value, -sign * slope

    return evaluate


def _ramp(values: Vector, width: float) -> tuple[Vector, Vector]:
    """max(0, value) and its slope, the kink rounded to a parabola between -width/2 and width/2."""
    if width == 0:
        return np.maximum(values, 0), (values > 0).astype(np.float64)
    slope: Vector = np.clip(values / width + 0.5, 0, 1)
    return np.where(slope < 1, 0.5 * width * slope * slope, values), slope


def _logistic(predictions: Vector, labels: Vector, _: float) -> tuple[Vector, Vector]:
    return np.logaddexp(0, predictions) - labels * predictions, logistic(predictions) - labels


def _softmax(predictions: Vector, labels: Vector, _: float) -> tuple[Vector, Vector]:
    rows, chosen = np.arange(len(labels)), labels.astype(np.intp)
    probabilities = softmax(predictions)
    highest = predictions.max(axis=1)
    log_sum = highest + np.log(np.exp(predictions - highest[:, None]).sum(axis=1))
    loss = log_sum - predictions[rows, chosen]
    probabilities[rows, chosen] -= 1
    return loss, probabilities
