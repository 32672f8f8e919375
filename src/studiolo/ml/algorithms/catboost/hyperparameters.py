"""The hyperparameters of CatBoost, as AWS documents them under "CatBoost hyperparameters"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.containers.algorithm import MetricDefinition
from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    choice,
    integer,
    number,
    or_word,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_METRICS = ("RMSE", "MAE", "R2", "AUC", "Logloss", "MultiClass", "Accuracy", "F1", "BalancedAccuracy")

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("iterations", integer(), "500"),
    Hyperparameter("early_stopping_rounds", integer(), "5"),
    Hyperparameter("eval_metric", choice("auto", *_METRICS), "auto"),
    Hyperparameter("learning_rate", number(above=0, below=1), "0.009"),
    Hyperparameter("depth", integer(most=16), "6"),
    Hyperparameter("l2_leaf_reg", integer(), "3"),
    Hyperparameter("random_strength", number(least=0), "1.0"),
    Hyperparameter("max_leaves", integer(2), "31"),
    Hyperparameter("rsm", number(above=0, most=1), "1.0"),
    Hyperparameter("sampling_frequency", choice("PerTreeLevel", "PerTree"), "PerTreeLevel"),
    Hyperparameter("min_data_in_leaf", integer(), "1"),
    Hyperparameter("bagging_temperature", number(least=0), "1.0"),
    Hyperparameter("boosting_type", choice("Auto", "Ordered", "Plain"), "Auto"),
    Hyperparameter("scale_pos_weight", number(above=0), "1.0"),
    Hyperparameter("max_bin", or_word("Auto", integer(most=65535)), "Auto"),
    Hyperparameter("grow_policy", choice("SymmetricTree", "Depthwise", "Lossguide"), "SymmetricTree"),
    Hyperparameter("random_seed", integer(0), "1"),
    Hyperparameter("thread_count", or_word("-1", integer()), "-1"),
    Hyperparameter("verbose", integer(), "1"),
    *SERVICE,
)

METRICS = tuple(MetricDefinition(name, rf"validation {name}: (\S+)") for name in _METRICS)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
