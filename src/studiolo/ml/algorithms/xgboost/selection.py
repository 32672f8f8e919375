"""What SAGEMAKER_INFERENCE_OUTPUT selects of a prediction, by objective."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ALL = ("predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores")
_WITHOUT_PROBABILITY = ("predicted_label", "labels", "raw_score", "raw_scores")
_REGRESSION = ("predicted_score",)

KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "reg:squarederror": _REGRESSION,
    "reg:logistic": _REGRESSION,
    "reg:gamma": _REGRESSION,
    "reg:tweedie": _REGRESSION,
    "reg:absoluteerror": _REGRESSION,
    "binary:logistic": _ALL,
    "binary:logitraw": _WITHOUT_PROBABILITY,
    "binary:hinge": _WITHOUT_PROBABILITY,
    "multi:softmax": _WITHOUT_PROBABILITY,
    "multi:softprob": _ALL,
}
"""What can be selected of the predictions of each objective; NaN stands for the rest."""

OF_LABELS = ("binary:hinge", "multi:softmax")
"""Objectives whose predictions are labels."""


def keys(text: str | None) -> tuple[str, ...]:
    """The keys that the variable names."""
    return tuple(text.replace(" ", "").lower().split(",")) if text else ()


def select(predictions: Any, wanted: Sequence[str], objective: str, classes: int) -> list[dict[str, Any]]:
    """The wanted values of each prediction."""
    return [{key: _value(key, one, objective, classes) for key in wanted} for one in predictions]


def encode(chosen: Sequence[Mapping[str, Any]], wanted: Sequence[str], answer_type: bytes) -> bytes:
    """The values in JSON, JSON lines, RecordIO-protobuf or CSV (lists in quotes)."""
    if answer_type == b"application/json":
        return json.dumps({"predictions": chosen}).encode()
    if answer_type == b"application/jsonlines":
        return "".join(json.dumps(one) + "\n" for one in chosen).encode()
    if answer_type == b"application/x-recordio-protobuf":
        from studiolo.ml.formats.record_examples import encode_labels

        return encode_labels({key: np.array([one[key] for one in chosen], np.float64) for key in wanted})
    rows = (
        ",".join(f'"{one[key]}"' if isinstance(one[key], list) else str(one[key]) for key in wanted) for one in chosen
    )
    return "".join(f"{row}\n" for row in rows).encode()


def _value(key: str, prediction: Any, objective: str, classes: int) -> Any:
    if key not in KEYS_OF[objective]:
        return math.nan
    if key == "labels":
        return list(range(classes)) if objective.startswith("multi:") else [0, 1]
    if key == "predicted_label":
        return _label(prediction, objective)
    if objective == "multi:softprob":
        return float(prediction.max()) if key in ("probability", "raw_score") else prediction.tolist()
    value = float(prediction)
    return [1.0 - value, value] if key in ("probabilities", "raw_scores") else value


def _label(prediction: Any, objective: str) -> Any:
    if objective in OF_LABELS:
        return float(prediction)
    if objective == "multi:softprob":
        return int(prediction.argmax())
    return int(prediction > (0 if objective == "binary:logitraw" else 0.5))
