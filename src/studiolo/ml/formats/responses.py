"""Predictions as the body of an inference response."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]
"""Values by name, one row a prediction: of shape (rows,) or (rows, values)."""


def to_json(columns: Columns, plural: str = "predictions") -> bytes:
    """`{"predictions": [{name: value, ...}, ...]}`, or what `plural` calls the list."""
    return json.dumps({plural: _objects(columns)}).encode()


def to_jsonlines(columns: Columns) -> bytes:
    """`{name: value, ...}` a line."""
    return "".join(json.dumps(one) + "\n" for one in _objects(columns)).encode()


def to_csv(columns: Columns) -> bytes:
    """The values of a prediction a line, in the order of the columns, lists spread out."""
    cells = [map(repr, values) for column in columns.values() for values in np.atleast_2d(column.T).tolist()]
    return "\n".join([*map(",".join, zip(*cells, strict=True)), ""]).encode()


def to_recordio(columns: Columns) -> bytes:
    """A RecordIO-protobuf record a prediction, the values float32 tensors in its label map."""
    from studiolo.ml.formats.record_examples import encode_labels

    return encode_labels(columns)


def _objects(columns: Columns) -> list[dict[str, Any]]:
    names = list(columns)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]
