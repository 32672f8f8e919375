"""The hyperparameters of factorization machines, as AWS documents them under "Factorization Machines Hyperparameters"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    choice,
    integer,
    number,
    optional,
    resolve,
)
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_NEGATIVE = number(least=0)
_METHOD = choice("normal", "uniform", "constant")

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("feature_dim", integer()),
    Hyperparameter("num_factors", integer()),
    Hyperparameter("predictor_type", choice("regressor", "binary_classifier")),
    Hyperparameter("bias_init_method", _METHOD, "normal"),
    Hyperparameter("bias_init_scale", _NOT_NEGATIVE, "0.01"),
    Hyperparameter("bias_init_sigma", _NOT_NEGATIVE, "0.01"),
    Hyperparameter("bias_init_value", number(), "0.0"),
    Hyperparameter("bias_lr", _NOT_NEGATIVE, "0.1"),
    Hyperparameter("bias_wd", _NOT_NEGATIVE, "0.01"),
    Hyperparameter("clip_gradient", optional(number(above=0)), ""),
    Hyperparameter("epochs", integer(), "1"),
    Hyperparameter("eps", optional(number(above=0)), ""),
    Hyperparameter("factors_init_method", _METHOD, "normal"),
    Hyperparameter("factors_init_scale", _NOT_NEGATIVE, "0.001"),
    Hyperparameter("factors_init_sigma", _NOT_NEGATIVE, "0.001"),
    Hyperparameter("factors_init_value", number(), "0.0"),
    Hyperparameter("factors_lr", _NOT_NEGATIVE, "0.0001"),
    Hyperparameter("factors_wd", _NOT_NEGATIVE, "0.00001"),
    Hyperparameter("linear_init_method", _METHOD, "normal"),
    Hyperparameter("linear_init_scale", _NOT_NEGATIVE, "0.01"),
    Hyperparameter("linear_init_sigma", _NOT_NEGATIVE, "0.01"),
    Hyperparameter("linear_init_value", number(), "0.0"),
    Hyperparameter("linear_lr", _NOT_NEGATIVE, "0.001"),
    Hyperparameter("linear_wd", _NOT_NEGATIVE, "0.001"),
    Hyperparameter("mini_batch_size", integer(), "1000"),
    Hyperparameter("rescale_grad", optional(number(above=0)), ""),
    *SERVICE,
)

REGRESSION = ("rmse", "mse", "absolute_loss")
METRICS = (
    *PROGRESS,
    *(quality_metric(channel, name) for channel in ("train", "test") for name in REGRESSION),
    *(
        quality_metric(channel, f"binary_{name}", f"binary_{said}")
        for channel in ("train", "test")
        for name, said in (
            ("classification_accuracy", "classification_accuracy"),
            ("classification_cross_entropy", "classification_cross_entropy"),
            ("f_beta", r"f_\S+"),
        )
    ),
)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
