"""The hyperparameters of LDA, as AWS documents them under "LDA Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.ml.algorithms.hyperparameter import SERVICE, Hyperparameter, boolean, integer, number, resolve
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("num_topics", integer()),
    Hyperparameter("feature_dim", integer()),
    Hyperparameter("mini_batch_size", integer(), "1", "All documents are counted in each step."),
    Hyperparameter("alpha0", number(above=0), "1.0"),
    Hyperparameter("max_restarts", integer(), "10"),
    Hyperparameter("max_iterations", integer(), "1000"),
    Hyperparameter("tol", number(above=0), "0.00000001", "A step that gains nothing that counts ends the search."),
    Hyperparameter("force_dense", boolean(), "true", "Sparse and dense rows give the same topics."),
    *SERVICE,
)

METRICS = (*PROGRESS, quality_metric("test", "pwll"))


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
