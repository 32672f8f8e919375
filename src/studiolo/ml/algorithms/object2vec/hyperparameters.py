"""The hyperparameters of Object2Vec, as AWS documents them under "Object2Vec Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studiolo.domain import Invalid
from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    Rule,
    boolean,
    choice,
    integer,
    number,
    optional,
    or_word,
    resolve,
    text,
    words,
)
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPARATORS = ("hadamard", "concat", "abs_diff")
NETWORKS = ("hcnn", "bilstm", "pooled_embedding")
_LINES_ARE_PADDED = "Batches are padded to their own longest sequence."
_NO_FILES = "Pretrained embeddings are not read."


def _comparators() -> Rule:
    rule = words(*COMPARATORS)

    def parse(text: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(rule.parse(text)))
        if not found:
            raise ValueError
        return found

    return Rule(rule.allowed, parse)


TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("enc0_max_seq_len", integer(1, 5000)),
    Hyperparameter("enc0_vocab_size", integer(2, 3_000_000)),
    Hyperparameter("bucket_width", integer(0, 100), "0", _LINES_ARE_PADDED),
    Hyperparameter("comparator_list", _comparators(), ",".join(COMPARATORS)),
    Hyperparameter("dropout", number(least=0, most=1), "0"),
    Hyperparameter("early_stopping_patience", integer(1, 5), "3"),
    Hyperparameter("early_stopping_tolerance", number(least=1e-6, most=0.1), "0.01"),
    Hyperparameter("enc_dim", integer(4, 10_000), "4096"),
    Hyperparameter("enc0_network", choice(*NETWORKS), "hcnn"),
    Hyperparameter("enc0_cnn_filter_width", integer(1, 9), "3"),
    Hyperparameter("enc0_freeze_pretrained_embedding", boolean(), "true", _NO_FILES),
    Hyperparameter("enc0_layers", or_word("auto", integer(1, 4)), "auto"),
    Hyperparameter("enc0_pretrained_embedding_file", text(), ""),
    Hyperparameter("enc0_token_embedding_dim", integer(2, 1000), "300"),
    Hyperparameter("enc0_vocab_file", text(), ""),
    Hyperparameter("enc1_network", choice("enc0", *NETWORKS), "enc0"),
    Hyperparameter("enc1_cnn_filter_width", integer(1, 9), "3"),
    Hyperparameter("enc1_freeze_pretrained_embedding", boolean(), "true", _NO_FILES),
    Hyperparameter("enc1_layers", or_word("auto", integer(1, 4)), "auto"),
    Hyperparameter("enc1_max_seq_len", optional(integer(1, 5000)), ""),
    Hyperparameter("enc1_pretrained_embedding_file", text(), ""),
    Hyperparameter("enc1_token_embedding_dim", integer(2, 1000), "300"),
    Hyperparameter("enc1_vocab_file", text(), ""),
    Hyperparameter("enc1_vocab_size", optional(integer(2, 3_000_000)), ""),
    Hyperparameter("epochs", integer(1, 100), "30"),
    Hyperparameter("learning_rate", number(least=1e-6, most=1), "0.0004"),
    Hyperparameter("mini_batch_size", integer(1, 10_000), "32"),
    Hyperparameter("mlp_activation", choice("tanh", "relu", "linear"), "linear"),
    Hyperparameter("mlp_dim", integer(2, 10_000), "512"),
    Hyperparameter("mlp_layers", integer(0, 10), "2"),
    Hyperparameter("negative_sampling_rate", integer(0), "0"),
    Hyperparameter("num_classes", integer(2, 30), "2"),
    Hyperparameter("optimizer", choice("adadelta", "adagrad", "adam", "sgd", "rmsprop"), "adam"),
    Hyperparameter("output_layer", choice("softmax", "mean_squared_error"), "softmax"),
    Hyperparameter("tied_token_embedding_weight", boolean(), "false"),
    Hyperparameter(
        "token_embedding_storage_type",
        choice("dense", "row_sparse"),
        "dense",
        "Gradients are kept in the one way that the optimizers know.",
    ),
    Hyperparameter("weight_decay", number(least=0, most=10_000), "0"),
    *SERVICE,
)

LINES = "application/jsonlines"
MEASURES = ("accuracy", "cross_entropy", "mean_squared_error")
METRICS = (
    *PROGRESS,
    *(quality_metric(channel, name, epochs=True) for channel in ("train", "validation") for name in MEASURES),
    *(quality_metric("test", name) for name in MEASURES),
)


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid, naming hyperparameter, value and what is allowed, where a training job would refuse them."""
    chosen = resolve(TABLE, values)
    for name in ("pretrained_embedding_file", "vocab_file"):
        for side in ("enc0", "enc1"):
            if chosen[f"{side}_{name}"]:
                raise Invalid(
                    f"Hyperparameter '{side}_{name}' is not supported here: tokens are learned from the data."
                )
    if chosen["enc1_network"] != "enc0":
        for name in ("max_seq_len", "vocab_size"):
            if chosen[f"enc1_{name}"] is None:
                raise Invalid(f"Hyperparameter 'enc1_{name}' is required where 'enc1_network' is not 'enc0'.")
    if (
        chosen["tied_token_embedding_weight"]
        and chosen["enc1_network"] != "enc0"
        and (
            chosen["enc0_vocab_size"] != chosen["enc1_vocab_size"]
            or chosen["enc0_token_embedding_dim"] != chosen["enc1_token_embedding_dim"]
        )
    ):
        raise Invalid("With 'tied_token_embedding_weight' both encoders must have one vocabulary and one dimension.")
