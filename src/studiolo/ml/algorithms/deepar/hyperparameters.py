"""The hyperparameters of DeepAR, as AWS documents them under "DeepAR Hyperparameters", and its metrics."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    Rule,
    choice,
    integer,
    number,
    optional,
    or_word,
    resolve,
)
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

LIKELIHOODS = ("gaussian", "beta", "negative-binomial", "student-t", "deterministic-l1")
_FREQUENCY = re.compile(r"(?:[1-9]\d*)?(?:M|W|D|H|min)")


def _frequency(text: str) -> str:
    if not _FREQUENCY.fullmatch(text):
        raise ValueError
    return text


def _numbers(allowed: str, *, fits: Rule) -> Rule:
    def parse(text: str) -> tuple[float, ...]:
        found = json.loads(text)
        if not isinstance(found, list) or not found:
            raise ValueError
        return tuple(fits.parse(str(value)) for value in found)

    return Rule(allowed, parse)


_LIKELIHOOD = choice("gaussian", "beta", "negative-binomial", "student-T", "deterministic-L1")

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("context_length", integer()),
    Hyperparameter("epochs", integer()),
    Hyperparameter("prediction_length", integer()),
    Hyperparameter("time_freq", Rule("an integer followed by 'M', 'W', 'D', 'H' or 'min', such as '5min'", _frequency)),
    Hyperparameter(
        "cardinality",
        or_word(
            "auto",
            or_word("ignore", optional(_numbers("a list of positive integers, such as '[2, 3]'", fits=integer()))),
        ),
        "auto",
    ),
    Hyperparameter("dropout_rate", number(least=0, below=1), "0.10"),
    Hyperparameter("early_stopping_patience", optional(integer()), ""),
    Hyperparameter("embedding_dimension", integer(), "10"),
    Hyperparameter("learning_rate", number(above=0), "0.001"),
    Hyperparameter(
        "likelihood",
        # The service's page writes student-T, its own default configuration student-t.
        Rule(_LIKELIHOOD.allowed, lambda text: choice(*LIKELIHOODS).parse(text.lower())),
        "student-t",
    ),
    Hyperparameter("mini_batch_size", integer(), "128"),
    Hyperparameter("num_cells", integer(), "40"),
    Hyperparameter("num_dynamic_feat", or_word("auto", or_word("ignore", optional(integer()))), "auto"),
    Hyperparameter("num_eval_samples", integer(), "100"),
    Hyperparameter("num_layers", integer(), "2"),
    Hyperparameter(
        "test_quantiles",
        _numbers("a list of numbers between 0 and 1, such as '[0.1, 0.5]'", fits=number(above=0, below=1)),
        "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]",
    ),
    *SERVICE,
)

JSON_TYPES = ("application/jsonlines", "application/json", "json")
"""Content types of its channels."""

METRICS = (
    *PROGRESS,
    quality_metric("train", "loss", epochs=True),
    quality_metric("train", "final_loss"),
    *(quality_metric("test", name) for name in ("RMSE", "mean_wQuantileLoss")),
)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    resolve(TABLE, values)
