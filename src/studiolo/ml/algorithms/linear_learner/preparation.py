"""Before the solver: checking data against the settings, normalizing it, weighting classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from studiolo.ml.algorithms.channels import LabeledData
    from studiolo.ml.algorithms.linear_learner.hyperparameters import Settings

Vector = NDArray[np.float64]


def check(data: LabeledData, channel: str, settings: Settings, width: int) -> None:
    """Raise Invalid where features or labels are not what the settings, or the train channel's `width`, say."""
    found = data.features.shape[1]
    if settings.feature_dim and found != settings.feature_dim:
        raise Invalid(
            f"The {channel} channel has {found} features, but hyperparameter 'feature_dim' is {settings.feature_dim}."
        )
    if found != width:
        raise Invalid(f"The {channel} channel has {found} features, but the train channel has {width}.")
    if settings.predictor_type == "regressor":
        return
    classes = settings.num_classes or 2
    wrong = data.labels[(data.labels != np.floor(data.labels)) | (data.labels < 0) | (data.labels >= classes)]
    if len(wrong):
        raise Invalid(
            f"The {channel} channel has the label {wrong[0]:g}; the labels of a {settings.predictor_type} are the "
            f"integers from 0 to {classes - 1}."
        )
    if channel == "train" and len(np.unique(data.labels)) < 2:
        raise Invalid(
            f"All labels of the train channel are {data.labels[0]:g}; a classifier needs at least two classes."
        )


@dataclass(frozen=True, slots=True)
class Scaling:
    """How data is shifted and scaled for the solver, and its weights back again."""

    feature_mean: Vector
    feature_scale: Vector
    label_mean: float
    label_scale: float

    @classmethod
    def of(cls, data: LabeledData, settings: Settings) -> Scaling:
        """Means and standard deviations of the first `num_point_for_scaler` examples, where the settings ask for them.

        Sparse features are not shifted (they would not stay sparse) unless `unbias_data` demands it.
        """
        sample = data.features[: settings.num_point_for_scaler]
        labels = data.labels[: settings.num_point_for_scaler]
        width = data.features.shape[1]
        mean, scale = np.zeros(width), np.ones(width)
        if data.is_sparse:
            first = np.asarray(sample.mean(axis=0), np.float64).ravel()
            deviation = np.sqrt(np.maximum(np.asarray(sample.multiply(sample).mean(axis=0)).ravel() - first**2, 0))
        else:
            first, deviation = sample.mean(axis=0, dtype=np.float64), sample.std(axis=0, dtype=np.float64)
        if settings.normalize_data:
            # A column that does not vary has rounding noise for a deviation: leave its scale.
            scale = np.where(deviation > 1e-9 * np.maximum(np.abs(first), 1e-30), deviation, 1.0)
        if settings.unbias_data or (settings.unbias_data is None and not data.is_sparse):
            mean = first
        label_scale = float(labels.std()) if settings.normalize_label else 1.0
        return cls(mean, scale, float(labels.mean()) if settings.unbias_label else 0.0, label_scale or 1.0)

    def features(self, features: Any) -> Any:
        """Shifted and scaled, in float64; sparse where they were and no shift is asked for."""
        if isinstance(features, np.ndarray):
            return (features.astype(np.float64) - self.feature_mean) / self.feature_scale
        if self.feature_mean.any():
            return (features.toarray().astype(np.float64) - self.feature_mean) / self.feature_scale
        return features.astype(np.float64).multiply(1 / self.feature_scale).tocsr()

    def labels(self, labels: Vector) -> Vector:
        """Shifted and scaled."""
        return (labels - self.label_mean) / self.label_scale

    def unscaled(self, parameters: Vector) -> tuple[Vector, Vector]:
        """Weights (width, outputs) and bias (outputs,) in the data's units, from the solver's (width + 1, outputs)."""
        weights = parameters[:-1] / self.feature_scale[:, None] * self.label_scale
        bias = parameters[-1] * self.label_scale + self.label_mean - self.feature_mean @ weights
        return weights, bias


def class_weights(labels: Vector, settings: Settings, positive_weight: float | str) -> Vector | None:
    """How much an example of each class counts in the loss, from the train channel's labels; None where all count 1."""
    if settings.predictor_type == "binary_classifier" and positive_weight != 1.0:
        positives = float(labels.sum())
        weight = (len(labels) - positives) / positives if positive_weight == "balanced" else positive_weight
        return np.array([1.0, float(weight)])
    if settings.predictor_type == "multiclass_classifier" and settings.balance_multiclass_weights:
        counts = np.bincount(labels.astype(np.intp), minlength=settings.num_classes)
        return np.asarray(len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)))
    return None
