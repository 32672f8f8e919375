"""Rows of features in the body of an inference request, as "Common Data Formats for Inference" describes them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from studiolo.domain import Invalid
from studiolo.ml.formats.documents import instances_of, lines_of
from studiolo.ml.formats.examples import SparseRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Rows = NDArray[np.float64]

MANY_LINES = 32
"""Lines of CSV from which on NumPy's parser is faster than a float() a cell."""
MOST_VALUES = 1 << 27
"""Values of a body's rows, written in full, that are worked on at once: a few bytes of sparse rows can be gigabytes."""


def from_csv(body: bytes, width: int) -> Rows:
    """Rows of numbers, no header, no label."""
    lines = body.split(b"\n") if b"\n" in body else [body]
    if len(lines) >= MANY_LINES and (parsed := _parsed_at_once(lines, width)) is not None:
        return parsed
    rows: list[Sequence[float]] = []
    for number, line in enumerate(lines, start=1):
        if line and not line.isspace():
            try:
                rows.append([float(cell) for cell in line.split(b",")])
            except ValueError:
                raise Invalid(f"Line {number} of the CSV body is not numbers separated by commas.") from None
    return _matrix(rows, width)


def _parsed_at_once(lines: Sequence[bytes], width: int) -> Rows | None:
    """Lines of plain numbers, by NumPy's parser; None where one is not: whoever reads them one by one can say which."""
    try:
        rows = np.loadtxt(lines, np.float64, comments=None, delimiter=",", ndmin=2, encoding="ascii")
    except ValueError:
        return None
    return rows if rows.shape[1] == width else None


def from_json(body: bytes, width: int) -> Rows:
    """`{"instances": [...]}`, each instance as `from_jsonlines` takes it."""
    return _instances(instances_of(body)[0], width)


def from_jsonlines(body: bytes, width: int) -> Rows:
    """One instance a line: a list of numbers, `{"features": [...]}`, or `{"data": {"features": {"values": [...]}}}`.

    Values may come with "keys" and "shape", for sparse features.
    """
    return _instances(lines_of(body), width)


def from_recordio(body: bytes, width: int) -> Rows:
    """RecordIO-protobuf records, dense or sparse; labels are ignored."""
    from studiolo.ml.formats.record_examples import read_examples

    blocks, count = [], 0
    for block in read_examples(BytesIO(body)):
        if block.width != width:
            raise Invalid(f"The records have {block.width} features; the model has {width}.")
        count += len(block)
        _check_size(count, width)
        blocks.append(block.features.dense() if isinstance(block.features, SparseRows) else block.features)
    return np.concatenate(blocks).astype(np.float64) if blocks else np.empty((0, width))


def _check_size(rows: int, width: int) -> None:
    if rows * width > MOST_VALUES:
        raise Invalid(f"{rows} rows of {width} features are too many at once; send {MOST_VALUES // width} at most.")


def _instances(instances: Sequence[Any], width: int) -> Rows:
    return _matrix([_instance(instance, number, width) for number, instance in enumerate(instances, 1)], width)


def _instance(instance: Any, number: int, width: int) -> Sequence[float]:
    features = instance
    if isinstance(features, dict) and isinstance(features.get("data"), dict):
        features = features["data"]
    if isinstance(features, dict):
        features = features.get("features")
    if isinstance(features, dict):
        if features.get("keys"):
            return _sparse(features, number, width)
        features = features.get("values")
    if not isinstance(features, list):
        raise Invalid(f'Instance {number} has no list of features, such as {{"features": [1.5, 2]}}.')
    return features


def _sparse(features: Mapping[str, Any], number: int, width: int) -> Sequence[float]:
    keys, values, shape = features["keys"], features.get("values"), features.get("shape") or [width]
    _check_size(number, width)
    if shape != [width] or not isinstance(keys, list) or not isinstance(values, list) or len(keys) != len(values):
        raise Invalid(
            f"Instance {number}: keys, values and shape do not fit each other and the model's {width} features."
        )
    row = [0.0] * width
    for key, value in zip(keys, values, strict=True):
        if not isinstance(key, int) or not 0 <= key < width:
            raise Invalid(f"Instance {number} has the key {key!r}; the model's features are 0 to {width - 1}.")
        row[key] = value
    return row


def _matrix(rows: list[Sequence[float]], width: int) -> Rows:
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise Invalid(f"Row {number} has {len(row)} features; the model has {width}.")
    try:
        return np.array(rows, np.float64).reshape(len(rows), width)
    except (ValueError, TypeError):
        raise Invalid("The features are not all numbers.") from None
