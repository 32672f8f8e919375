"""The hyperparameters of BlazingText, as AWS documents them under "BlazingText Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studiolo.containers.algorithm import MetricDefinition
from studiolo.domain import Invalid
from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    boolean,
    choice,
    integer,
    number,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

WORD_VECTORS = ("batch_skipgram", "skipgram", "cbow")
SUPERVISED = "supervised"
_EPOCHS = "FastText trains all epochs in one go and tells nothing between them."

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("mode", choice(*WORD_VECTORS, SUPERVISED)),
    Hyperparameter("batch_size", integer(), "11", "batch_skipgram trains as skipgram does, word by word."),
    Hyperparameter("buckets", integer(), "2000000"),
    Hyperparameter("early_stopping", boolean(), "false", _EPOCHS),
    Hyperparameter("epochs", integer(), "5"),
    Hyperparameter(
        "evaluation", boolean(), "true", "The words that the service compares vectors with (WS-353) are not here."
    ),
    Hyperparameter("learning_rate", number(above=0), "0.05"),
    Hyperparameter("max_char", integer(), "6"),
    Hyperparameter("min_char", integer(), "3"),
    Hyperparameter("min_count", integer(0), "5"),
    Hyperparameter("min_epochs", integer(), "5", _EPOCHS),
    Hyperparameter("negative_samples", integer(), "5"),
    Hyperparameter("patience", integer(), "4", _EPOCHS),
    Hyperparameter("sampling_threshold", number(above=0), "0.0001"),
    Hyperparameter("subwords", boolean(), "false"),
    Hyperparameter("vector_dim", integer(), "100"),
    Hyperparameter("window_size", integer(), "5"),
    Hyperparameter("word_ngrams", integer(), "2"),
    *SERVICE,
)

METRICS = tuple(
    MetricDefinition(f"{channel}:accuracy", rf"#{channel}_accuracy: (\S+)") for channel in ("train", "validation")
)


def settings(values: Mapping[str, str]) -> dict[str, Any]:
    """The hyperparameters, parsed. Raises Invalid, naming hyperparameter, value and what is allowed."""
    chosen = resolve(TABLE, values)
    if chosen["subwords"] and chosen["mode"] == "batch_skipgram":
        raise Invalid("Hyperparameter 'subwords' has the value 'true'; with mode 'batch_skipgram' it must be 'false'.")
    return chosen


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid where a training job would refuse them."""
    settings(values)
