"""Finding the weights: exactly where there is a formula, else by L-BFGS-B from SciPy.

Minimized is the mean loss + wd / 2 * |weights|^2 + l1 * |weights|_1, on normalized data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studiolo.ml.algorithms.linear_learner.losses import Loss

Vector = NDArray[np.float64]
Progress = Callable[[Vector, bool], bool]
"""Told the parameters after each epoch, and whether they are the optimum; answers whether to go on."""

ITERATIONS_PER_EPOCH = 20
_KINK_WIDTHS = (1.0, 0.1, 0.01, 0.001)
_LARGEST_GRAM = 4096


@dataclass(frozen=True, slots=True)
class Problem:
    """What to minimize. `features` is a matrix (rows, width), dense or SciPy-sparse; `example_weights` one a row.

    Parameters are a matrix (width + 1, outputs): the weights, then the bias (which stays 0 without `use_bias`).
    `unit` is the size of a typical label, by which the kinks of a loss are rounded at first.
    """

    features: Any
    labels: Vector
    example_weights: Vector | None
    loss: Loss
    outputs: int
    wd: float
    l1: float
    bias_wd: float
    use_bias: bool
    unit: float

    def start(self) -> Vector:
        """The parameters to begin with: zeros."""
        return np.zeros((self.features.shape[1] + 1, self.outputs))

    def predictions(self, parameters: Vector) -> Vector:
        """Linear scores: of shape (rows,) for one output, else (rows, outputs)."""
        scores: Vector = self.features @ parameters[:-1] + parameters[-1]
        return scores[:, 0] if self.outputs == 1 else scores

    def value_and_gradient(self, parameters: Vector, kink_width: float) -> tuple[float, Vector]:
        """The objective without its l1 term, and its gradient."""
        losses, slopes = self.loss.evaluate(self.predictions(parameters), self.labels, kink_width)
        if self.example_weights is not None:
            losses = losses * self.example_weights
            slopes = (slopes.T * self.example_weights).T
        slopes = slopes.reshape(len(losses), self.outputs) / len(losses)
        penalty = np.full_like(parameters, self.wd)
        penalty[-1] = self.bias_wd
        gradient = penalty * parameters
        gradient[:-1] += self.features.T @ slopes
        gradient[-1] += slopes.sum(axis=0)
        if not self.use_bias:
            gradient[-1] = 0
        return float(losses.mean() + 0.5 * (penalty * parameters**2).sum()), gradient


def solve(problem: Problem, epochs: int, progress: Progress) -> None:
    """Minimize, telling `progress` of each epoch until it answers False, the optimum is found, or epochs are over."""
    if problem.loss.log_name == "mse_objective" and problem.l1 == 0 and problem.features.shape[1] <= _LARGEST_GRAM:
        progress(_least_squares(problem), True)
        return
    _descend(problem, epochs, progress)


def _least_squares(problem: Problem) -> Vector:
    """The exact minimum by the normal equations, of least norm where features depend on each other."""
    rows, width = problem.features.shape
    gram = np.empty((width + 1, width + 1))
    inner = problem.features.T @ problem.features
    gram[:width, :width] = inner if isinstance(inner, np.ndarray) else inner.toarray()
    gram[width, :width] = gram[:width, width] = np.asarray(problem.features.sum(axis=0)).ravel()
    gram[width, width] = rows
    moments = np.append(problem.features.T @ problem.labels, problem.labels.sum())
    # The mean squared error has the second derivative 2 * gram / rows.
    ridge = np.full(width + 1, 0.5 * rows * problem.wd)
    ridge[-1] = 0.5 * rows * problem.bias_wd
    gram[np.diag_indices_from(gram)] += ridge
    used = width + 1 if problem.use_bias else width
    parameters = problem.start()
    parameters[:used, 0] = np.linalg.pinv(gram[:used, :used], rcond=1e-12, hermitian=True) @ moments[:used]
    return parameters


class _Over(Exception):  # noqa: N818
    """The search ends before SciPy would end it."""


def _descend(problem: Problem, epochs: int, progress: Progress) -> None:
    from scipy.optimize import minimize

    shape = problem.start().shape
    halves = 2 if problem.l1 else 1
    # With l1 each weight is the difference of two that are not negative, which makes the penalty smooth.
    free = shape[0] * shape[1]
    bounds = [(0.0, None)] * (free * 2) if problem.l1 else None
    if bounds:
        for index in range(free - shape[1], free):
            bounds[index] = (None, None)
            bounds[index + free] = (0.0, 0.0)
    left = epochs * ITERATIONS_PER_EPOCH

    def parameters_of(point: Vector) -> Vector:
        return (point[:free] - point[free:] if problem.l1 else point).reshape(shape)

    def objective(point: Vector, kink_width: float) -> tuple[float, Vector]:
        value, gradient = problem.value_and_gradient(parameters_of(point), kink_width)
        flat = gradient.ravel()
        if not problem.l1:
            return value, flat
        penalty = np.full(free, problem.l1)
        penalty[free - shape[1] :] = 0
        return value + float((penalty * (point[:free] + point[free:])).sum()), np.concatenate(
            [flat + penalty, penalty - flat]
        )

    def after_iteration(intermediate_result: Any) -> None:
        nonlocal left
        left -= 1
        if left % ITERATIONS_PER_EPOCH == 0 and not progress(parameters_of(intermediate_result.x), False):
            raise _Over

    point = np.zeros(free * halves)
    try:
        for kink_width in (0.0,) if problem.loss.smooth else _KINK_WIDTHS:
            if left:
                point = minimize(
                    objective,
                    point,
                    args=(kink_width * problem.unit,),
                    jac=True,
                    method="L-BFGS-B",
                    bounds=bounds,
                    callback=after_iteration,
                    options={"maxiter": left, "maxfun": 20 * left, "ftol": 1e-13, "gtol": 1e-7, "maxcor": 20},
                ).x
    except _Over:
        return
    if left:
        progress(parameters_of(point), True)
