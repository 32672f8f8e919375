"""The hyperparameters of Random Cut Forest, as AWS documents them under "RCF Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.ml.algorithms.hyperparameter import SERVICE, Hyperparameter, boolean, integer, resolve, words
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("feature_dim", integer(most=10_000)),
    Hyperparameter(
        "eval_metrics",
        words("accuracy", "precision_recall_fscore"),
        '["accuracy", "precision_recall_fscore"]',
    ),
    Hyperparameter("num_samples_per_tree", integer(most=2048), "256"),
    Hyperparameter("num_trees", integer(least=50, most=1000), "100"),
    Hyperparameter("mini_batch_size", integer(), "1000", "Rows are sampled from all the data, not batch by batch."),
    Hyperparameter("force_dense", boolean(), "true", "Sparse rows are written in full."),
    *SERVICE,
)

METRICS = (
    *PROGRESS,
    *(quality_metric("test", name) for name in ("accuracy", "precision", "recall", "f1")),
)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
