"""Factorization machines: what they predict, and how they are fitted.

y = w0 + sum_i w_i x_i + sum_(i<j) <v_i, v_j> x_i x_j (Rendle, "Factorization Machines", 2010; the sum over pairs by its
formula 5). Fitted by Adam in mini-batches; only the features that a batch has are moved by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact

if TYPE_CHECKING:
    from pathlib import Path

Array = NDArray[np.float64]
_FIRST_DECAY, _SECOND_DECAY = 0.9, 0.999
_EPSILON = 1e-8


@dataclass(frozen=True)
class Model:
    """`bias` (1,), `weights` (features,) and `factors` (features, num_factors)."""

    predictor_type: str
    bias: Array
    weights: Array
    factors: Array

    def linear(self, rows: Any) -> Array:
        """The sum above for each row of a matrix (rows, features), dense or SciPy-sparse."""
        squares = rows.multiply(rows) if hasattr(rows, "multiply") else np.square(rows)
        pairs = np.square(rows @ self.factors) - squares @ np.square(self.factors)
        return np.asarray(self.bias[0] + rows @ self.weights + 0.5 * pairs.sum(axis=1))

    def predict(self, rows: Any) -> dict[str, Any]:
        """`score` of each row; of a binary classifier the probability of 1, and the `predicted_label`."""
        linear = self.linear(rows)
        if self.predictor_type == "regressor":
            return {"score": linear}
        score = 0.5 * (1.0 + np.tanh(0.5 * linear))
        return {"score": score, "predicted_label": (score >= 0.5).astype(np.float64)}


def initial(chosen: dict[str, Any], random: np.random.Generator) -> Model:
    """The model to begin with."""
    width = chosen["feature_dim"]
    shapes = {"bias": (1,), "linear": (width,), "factors": (width, chosen["num_factors"])}
    bias, weights, factors = (_start(chosen, name, shape, random) for name, shape in shapes.items())
    return Model(chosen["predictor_type"], bias, weights, factors)


def _start(chosen: dict[str, Any], name: str, shape: tuple[int, ...], random: np.random.Generator) -> Array:
    method = chosen[f"{name}_init_method"]
    if method == "constant":
        return np.full(shape, float(chosen[f"{name}_init_value"]))
    if method == "uniform":
        scale = chosen[f"{name}_init_scale"]
        return random.uniform(-scale, scale, shape)
    return random.normal(0, chosen[f"{name}_init_sigma"], shape)


@dataclass
class _Adam:
    """Adam's memory of one array, with its rate and its penalty. The rows of a step alone are moved and remembered."""

    values: Array
    rate: float
    penalty: float
    clip: float | None
    epsilon: float
    first: Array = field(init=False)
    second: Array = field(init=False)
    steps: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.second = np.zeros_like(self.values), np.zeros_like(self.values)
        self.steps = np.zeros(len(self.values), np.int64)

    def step(self, rows: Any, gradient: Array) -> None:
        if self.clip is not None:
            gradient = np.clip(gradient, -self.clip, self.clip)
        gradient = gradient + self.penalty * self.values[rows]
        self.steps[rows] += 1
        self.first[rows] = _FIRST_DECAY * self.first[rows] + (1 - _FIRST_DECAY) * gradient
        self.second[rows] = _SECOND_DECAY * self.second[rows] + (1 - _SECOND_DECAY) * np.square(gradient)
        count = self.steps[rows].reshape(-1, *(1 for _ in self.values.shape[1:])).astype(np.float64)
        first = self.first[rows] / (1 - _FIRST_DECAY**count)
        second = self.second[rows] / (1 - _SECOND_DECAY**count)
        self.values[rows] -= self.rate * first / (np.sqrt(second) + self.epsilon)


class Fitting:
    """Fits the model, in its place, to mini-batches: a CSR matrix of rows, and their labels."""

    def __init__(self, model: Model, chosen: dict[str, Any]) -> None:
        self._model = model
        self._rescale = chosen["rescale_grad"]
        clip, epsilon = chosen["clip_gradient"], chosen["eps"] or _EPSILON

        def adam(values: Array, name: str) -> _Adam:
            return _Adam(values, chosen[f"{name}_lr"], chosen[f"{name}_wd"], clip, epsilon)

        self._bias = adam(model.bias, "bias")
        self._weights = adam(model.weights, "linear")
        self._factors = adam(model.factors, "factors")

    def batch(self, rows: Any, labels: Array) -> None:
        """One step. The loss is the squared error, or the cross entropy of a binary classifier."""
        error = self._model.predict(rows)["score"] - labels
        slope = error * (2.0 if self._model.predictor_type == "regressor" else 1.0)
        slope *= self._rescale or 1 / len(labels)
        present = np.unique(rows.indices)
        own = rows[:, present]
        factors = self._model.factors[present]
        weights = own.T @ slope
        squares = own.multiply(own).T @ slope
        pairs = own.T @ (slope[:, None] * (own @ factors)) - squares[:, None] * factors
        self._bias.step(slice(None), np.array([slope.sum()]))
        self._weights.step(present, weights)
        self._factors.step(present, pairs)


def save(model: Model, folder: Path) -> None:
    """Write the model into the folder."""
    arrays = {"bias": model.bias, "weights": model.weights, "factors": model.factors}
    artifact.save(folder, "factorization-machines", arrays, {"predictor_type": model.predictor_type})


def load(folder: Path) -> Model:
    """Read a model that `save` wrote. Raises Invalid."""
    arrays, words = artifact.load(folder, "factorization-machines")
    try:
        return Model(words["predictor_type"], arrays["bias"], arrays["weights"], arrays["factors"])
    except KeyError as error:
        raise Invalid(f"The factorization-machines model in {folder} cannot be read: {error}.") from error
