"""The trained model: what it predicts, and how it is kept: arrays `weights` and `bias`, float64, and their kind."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms import artifact

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Kind:
    """What turns a linear score into a prediction.

    `threshold` is compared with a binary classifier's score: its probability, or its margin under hinge loss.
    """

    predictor_type: str
    loss: str
    threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model in the units of the data: scores are `features @ weights + bias`.

    Weights have shape (features,), or (features, classes) for a multiclass classifier, whose bias has shape (classes,).
    """

    kind: Kind
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    @property
    def feature_dim(self) -> int:
        return len(self.weights)

    def predict(self, features: Any) -> dict[str, NDArray[Any]]:
        """`score` and, for classifiers, `predicted_label` of each row of a matrix (rows, features)."""
        return outcome(self.kind, features @ self.weights + self.bias)


def outcome(kind: Kind, linear: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """What linear scores mean: `score` and, for classifiers, `predicted_label`."""
    if kind.predictor_type == "regressor":
        return {"score": linear}
    if kind.predictor_type == "binary_classifier":
        score = linear if kind.loss == "hinge_loss" else logistic(linear)
        return {"score": score, "predicted_label": (score >= kind.threshold).astype(np.int64)}
    return {"score": softmax(linear), "predicted_label": linear.argmax(axis=1)}


def logistic(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-score)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * linear)))


def softmax(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of shape (rows, classes), without overflow."""
    exponentials = np.exp(linear - linear.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def save(model: Model, folder: Path) -> None:
    """Write the model into the folder."""
    arrays = {"weights": model.weights, "bias": model.bias}
    artifact.save(folder, "linear-learner", arrays, asdict(model.kind))


def load(folder: Path) -> Model:
    """Read a model that `save` wrote. Raises Invalid where there is none, or not one of this algorithm."""
    arrays, description = artifact.load(folder, "linear-learner")
    try:
        return Model(Kind(**description), arrays["weights"], arrays["bias"])
    except (KeyError, TypeError) as error:
        raise Invalid(f"The linear-learner model in {folder} cannot be read: {error}.") from error
