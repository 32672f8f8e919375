"""The hyperparameters of k-means, as AWS documents them under "K-Means Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    boolean,
    choice,
    integer,
    number,
    or_word,
    resolve,
    words,
)
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("feature_dim", integer()),
    Hyperparameter("k", integer()),
    Hyperparameter("epochs", integer(), "1"),
    Hyperparameter("eval_metrics", words("msd", "ssd"), '["msd"]'),
    Hyperparameter("extra_center_factor", or_word("auto", integer()), "auto"),
    Hyperparameter(
        "half_life_time_size", integer(0), "0", "Rows count alike: the order in which they lie tells no age."
    ),
    Hyperparameter("init_method", choice("random", "kmeans++"), "random"),
    Hyperparameter("local_lloyd_init_method", choice("random", "kmeans++"), "kmeans++"),
    Hyperparameter("local_lloyd_max_iter", integer(), "300"),
    Hyperparameter("local_lloyd_num_trials", or_word("auto", integer()), "auto"),
    Hyperparameter("local_lloyd_tol", number(least=0, most=1), "0.0001"),
    Hyperparameter("mini_batch_size", integer(), "5000"),
    Hyperparameter("force_dense", boolean(), "true", "Sparse and dense rows give the same clusters."),
    *SERVICE,
)

METRICS = (*PROGRESS, *(quality_metric(channel, name) for channel in ("train", "test") for name in ("msd", "ssd")))


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
