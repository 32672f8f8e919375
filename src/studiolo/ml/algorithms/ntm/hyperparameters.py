"""The hyperparameters of NTM, as AWS documents them under "NTM Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    Rule,
    boolean,
    choice,
    integer,
    number,
    or_word,
    resolve,
)
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping


def _widths(text: str) -> tuple[int, ...]:
    # The SDK sends a list of Python's.
    found = text.strip().removeprefix("[").removesuffix("]")
    return tuple(integer().parse(width.strip()) for width in found.split(","))


TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("feature_dim", integer(1, 1_000_000)),
    Hyperparameter("num_topics", integer(2, 1000)),
    Hyperparameter("batch_norm", boolean(), "false"),
    Hyperparameter("clip_gradient", number(least=1e-3), "1e10"),
    Hyperparameter("encoder_layers", or_word("auto", Rule("positive integers joined by commas", _widths)), "auto"),
    Hyperparameter("encoder_layers_activation", choice("sigmoid", "tanh", "relu"), "sigmoid"),
    Hyperparameter("epochs", integer(1, 100), "50"),
    Hyperparameter("learning_rate", number(least=1e-6, most=1), "0.001"),
    Hyperparameter("mini_batch_size", integer(1, 10_000), "256"),
    Hyperparameter("num_patience_epochs", integer(1, 10), "3"),
    Hyperparameter("optimizer", choice("sgd", "adam", "adagrad", "adadelta", "rmsprop"), "adadelta"),
    Hyperparameter("rescale_gradient", number(least=1e-3, most=1), "1.0"),
    Hyperparameter("sub_sample", number(above=0, most=1), "1.0"),
    Hyperparameter("tolerance", number(least=1e-6, most=0.1), "0.001"),
    Hyperparameter("weight_decay", number(least=0, most=1), "0.0"),
    *SERVICE,
)

LOSSES = ("total_loss", "reconstruction_loss", "kld")
METRICS = (
    *PROGRESS,
    *(quality_metric(channel, name, epochs=True) for channel in ("train", "validation") for name in LOSSES),
    *(quality_metric("test", name) for name in LOSSES),
)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
