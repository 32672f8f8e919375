"""The hyperparameters of LightGBM, as AWS documents them under "LightGBM hyperparameters"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.containers.algorithm import MetricDefinition
from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    boolean,
    choice,
    integer,
    number,
    optional,
    or_word,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_METRICS = ("rmse", "mae", "mse", "l1", "l2", "auc", "binary_logloss", "binary_error", "multi_logloss", "multi_error")
_SHARE, _NOT_NEGATIVE = number(above=0, most=1), number(least=0)

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("num_boost_round", integer(), "100"),
    Hyperparameter("early_stopping_rounds", integer(), "10"),
    Hyperparameter("metric", choice("auto", *_METRICS), "auto"),
    Hyperparameter("learning_rate", number(above=0, below=1), "0.1"),
    Hyperparameter("num_leaves", integer(2), "64"),
    Hyperparameter("feature_fraction", _SHARE, "0.9"),
    Hyperparameter("bagging_fraction", _SHARE, "0.9"),
    Hyperparameter("bagging_freq", integer(0), "1"),
    Hyperparameter("max_depth", or_word("-1", integer()), "6"),
    Hyperparameter("min_data_in_leaf", integer(0), "3"),
    Hyperparameter("max_delta_step", _NOT_NEGATIVE, "0.0"),
    Hyperparameter("lambda_l1", _NOT_NEGATIVE, "0.0"),
    Hyperparameter("lambda_l2", _NOT_NEGATIVE, "0.0"),
    Hyperparameter("boosting", choice("gbdt", "rf", "dart", "goss"), "gbdt"),
    Hyperparameter("min_gain_to_split", _NOT_NEGATIVE, "0.0"),
    Hyperparameter("scale_pos_weight", number(above=0), "1.0"),
    Hyperparameter("tree_learner", choice("serial", "feature", "data", "voting"), "serial", "One machine trains."),
    Hyperparameter("feature_fraction_bynode", _SHARE, "1.0"),
    Hyperparameter("is_unbalance", boolean(), "false"),
    Hyperparameter("max_bin", integer(2), "255"),
    Hyperparameter("tweedie_variance_power", number(least=1, below=2), "1.5"),
    Hyperparameter("num_threads", integer(0), "0"),
    Hyperparameter("verbosity", optional(integer(-1)), ""),
    Hyperparameter("use_dask", boolean(), "false", "One machine trains."),
    *SERVICE,
)

METRICS = tuple(MetricDefinition(name, rf"validation's {name}: (\S+)") for name in _METRICS)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
