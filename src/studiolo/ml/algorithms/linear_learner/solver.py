"""Finding the weights: exactly where there is a formula, else by L-BFGS-B from SciPy.

Minimized is the mean loss + wd / 2 * |weights|^2 + l1 * |weights|_1, on normalized data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from studiolo.ml.algorithms.linear_learner.losses import Loss

Vector = NDArray[np.float64]
Progress = Callable[[Vector, bool], bool]
"""Told the parameters after each epoch, and whether they are the optimum; answers whether to go on."""

ITERATIONS_PER_EPOCH = 10
_KINK_WIDTHS = (1.0, 0.1, 0.01, 0.0)
"""Rounded first, so that the search does not stall at a kink far from the optimum; exact in the end."""

_LARGEST_GRAM = 2048


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
    """The exact minimum by the normal equations, also where features depend on each other."""
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
    # Of equal diagonal, so that what counts as dependent does not hang on the units of the features.
    diagonal = np.sqrt(np.diag(gram)[:used])
    diagonal[diagonal == 0] = 1
    inverse = np.linalg.pinv(gram[:used, :used] / np.outer(diagonal, diagonal), rcond=2e-15 * used, hermitian=True)
    parameters = problem.start()
    parameters[:used, 0] = inverse @ (moments[:used] / diagonal) / diagonal
    return parameters


class _Over(Exception):
    """The search ends before SciPy would end it."""


@dataclass(frozen=True, slots=True)
class _Point:
    """How parameters are told to SciPy: as a flat vector.

    With l1 each weight is the difference of two numbers that are not negative, which makes the penalty smooth: the
    vector holds all first numbers, then all second ones. Biases stay single; their second number is held at 0.
    """

    problem: Problem

    @property
    def shape(self) -> tuple[int, int]:
        return self.problem.features.shape[1] + 1, self.problem.outputs

    @property
    def start(self) -> Vector:
        return np.zeros(self.shape[0] * self.shape[1] * (2 if self.problem.l1 else 1))

    @property
    def bounds(self) -> NDArray[np.float64] | None:
        if not self.problem.l1:
            return None
        bounds = np.empty((2, *self.shape, 2))
        bounds[...] = 0.0, np.inf
        bounds[0, -1] = -np.inf, np.inf
        bounds[1, -1] = 0.0
        return bounds.reshape(-1, 2)

    def parameters(self, point: Vector) -> Vector:
        if not self.problem.l1:
            return point.reshape(self.shape)
        first, second = point.reshape(2, *self.shape)
        return np.asarray(first - second)

    def objective(self, point: Vector, kink_width: float) -> tuple[float, Vector]:
        """The whole objective at the point, and its gradient."""
        value, gradient = self.problem.value_and_gradient(self.parameters(point), kink_width)
        if not self.problem.l1:
            return value, gradient.ravel()
        penalty = np.full(self.shape, self.problem.l1)
        penalty[-1] = 0
        both = point.reshape(2, *self.shape).sum(axis=0)
        return value + float((penalty * both).sum()), np.stack([penalty + gradient, penalty - gradient]).ravel()


def _descend(problem: Problem, epochs: int, progress: Progress) -> None:
    from scipy.optimize import minimize

    layout = _Point(problem)
    point, left = layout.start, epochs * ITERATIONS_PER_EPOCH

    def after_iteration(intermediate_result: Any) -> None:
        nonlocal left
        left -= 1
        if left % ITERATIONS_PER_EPOCH == 0 and not progress(layout.parameters(intermediate_result.x), False):
            raise _Over

    try:
        for kink_width in (0.0,) if problem.loss.smooth else _KINK_WIDTHS:
            if left:
                point = minimize(
                    layout.objective,
                    point,
                    args=(kink_width * problem.unit,),
                    jac=True,
                    method="L-BFGS-B",
                    bounds=layout.bounds,
                    callback=after_iteration,
                    options={"maxiter": left, "maxfun": 20 * left, "ftol": 1e-13, "gtol": 1e-7, "maxcor": 20},
                ).x
    except _Over:
        return
    if left:
        progress(layout.parameters(point), True)
