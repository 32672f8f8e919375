"""The hyperparameters of PCA, as AWS documents them under "PCA Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.domain import Invalid
from studiolo.ml.algorithms.hyperparameter import SERVICE, Hyperparameter, boolean, choice, integer, or_word, resolve
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("feature_dim", integer()),
    Hyperparameter(
        "mini_batch_size", integer(), "500", "All rows are counted at once: the components do not hang on batches."
    ),
    Hyperparameter("num_components", integer()),
    Hyperparameter("algorithm_mode", choice("regular", "randomized"), "regular"),
    Hyperparameter("extra_components", or_word("-1", integer(0)), "-1"),
    Hyperparameter("subtract_mean", boolean(), "true"),
    Hyperparameter("force_dense", boolean(), "true", "Sparse and dense rows give the same components."),
    *SERVICE,
)

METRICS = (*PROGRESS, quality_metric("test", "reconstruction_error"))


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    chosen = resolve(TABLE, values)
    if chosen["num_components"] > chosen["feature_dim"]:
        raise Invalid(
            f"Hyperparameter 'num_components' has the value '{chosen['num_components']}'; "
            f"allowed is at most 'feature_dim', {chosen['feature_dim']}."
        )
