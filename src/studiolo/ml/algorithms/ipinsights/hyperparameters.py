"""The hyperparameters of IP Insights, as AWS documents them under "IP Insights Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.ml.algorithms.hyperparameter import SERVICE, Hyperparameter, integer, number, resolve
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("num_entity_vectors", integer(1, 250_000_000)),
    Hyperparameter("vector_dim", integer(4, 4096)),
    Hyperparameter("batch_metrics_publish_interval", integer(), "1000", "Metrics are told of each epoch."),
    Hyperparameter("epochs", integer(), "10"),
    Hyperparameter("learning_rate", number(least=1e-6, most=10), "0.001"),
    Hyperparameter("mini_batch_size", integer(1, 500_000), "10000"),
    Hyperparameter("num_ip_encoder_layers", integer(0, 100), "1"),
    Hyperparameter("random_negative_sampling_rate", integer(0, 500), "1"),
    Hyperparameter("shuffled_negative_sampling_rate", integer(0, 500), "1"),
    Hyperparameter("weight_decay", number(least=0, most=10), "0.00001"),
    *SERVICE,
)

METRICS = (
    *PROGRESS,
    quality_metric("train", "cross_entropy", epochs=True),
    quality_metric("validation", "discriminator_auc", epochs=True),
)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
