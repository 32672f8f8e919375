"""The hyperparameters of k-NN, as AWS documents them under "k-NN Hyperparameters", and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid
from studiolo.ml.algorithms.hyperparameter import (
    SERVICE,
    Hyperparameter,
    choice,
    integer,
    optional,
    or_word,
    resolve,
)
from studiolo.ml.algorithms.job import PROGRESS, quality_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: tuple[Hyperparameter, ...] = (
    Hyperparameter("feature_dim", integer()),
    Hyperparameter("k", integer()),
    Hyperparameter("predictor_type", choice("classifier", "regressor")),
    Hyperparameter("sample_size", integer()),
    Hyperparameter("dimension_reduction_target", optional(integer()), ""),
    Hyperparameter("dimension_reduction_type", optional(choice("sign", "fjlt")), ""),
    Hyperparameter("faiss_index_ivf_nlists", or_word("auto", integer()), "auto"),
    Hyperparameter("faiss_index_pq_m", optional(integer()), ""),
    Hyperparameter("index_metric", choice("COSINE", "INNER_PRODUCT", "L2"), "L2"),
    Hyperparameter("index_type", choice("faiss.Flat", "faiss.IVFFlat", "faiss.IVFPQ"), "faiss.Flat"),
    Hyperparameter("mini_batch_size", integer(), "5000", "The index is made of all sampled rows at once."),
    *SERVICE,
)

METRICS = (
    *PROGRESS,
    quality_metric("test", "accuracy"),
    quality_metric("test", "mse"),
    quality_metric("test", "macro_f_beta", r"macro_f_\S+"),
)


def settings(values: Mapping[str, str]) -> dict[str, Any]:
    """The hyperparameters, parsed. Raises Invalid, naming hyperparameter, value and what is allowed."""
    chosen = resolve(TABLE, values)
    width, target = chosen["feature_dim"], chosen["dimension_reduction_target"]
    if chosen["dimension_reduction_type"] and (target is None or target >= width):
        raise Invalid(
            f"Hyperparameter 'dimension_reduction_target' has the value '{target or ''}'; with a "
            f"'dimension_reduction_type' it is required: a positive integer less than 'feature_dim', {width}."
        )
    if chosen["index_type"] == "faiss.IVFPQ":
        indexed, parts = target if chosen["dimension_reduction_type"] else width, chosen["faiss_index_pq_m"]
        if parts is None or indexed % parts:
            raise Invalid(
                f"Hyperparameter 'faiss_index_pq_m' has the value '{parts or ''}'; with the index_type 'faiss.IVFPQ' it "
                f"is required: a positive integer that divides the {indexed} dimensions of the index."
            )
    return chosen


def validate_hyperparameters(values: Mapping[str, str]) -> None:
    """Raise Invalid where a training job would refuse them."""
    settings(values)
