"""The data of XGBoost: CSV, libsvm, Parquet and RecordIO, as matrices of its own."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import opened

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from studiolo.ml.algorithms.container import Channel

KINDS = {
    "text/csv": "csv",
    "csv": "csv",
    "text/libsvm": "libsvm",
    "text/x-libsvm": "libsvm",
    "libsvm": "libsvm",
    "application/x-parquet": "parquet",
    "parquet": "parquet",
    "application/x-recordio-protobuf": "recordio",
    "recordio-protobuf": "recordio",
}
"""What each content type means."""

_MISSING = ["", "nan", "NaN", "NAN", "NA", "N/A", "null", "NULL", "None"]
_DELIMITERS = ",\t;| "


@dataclass(frozen=True)
class Data:
    """Rows of features (dense with NaN for what is missing, or SciPy-sparse), labels, and weights of rows where given.

    `groups` are the sizes of groups of rows that are ranked together.
    """

    features: Any
    labels: NDArray[Any]
    weights: NDArray[Any] | None = None
    groups: tuple[int, ...] = ()

    def widened(self, width: int) -> Data:
        """With so many features; those that sparse rows do not have are missing."""
        if self.features.shape[1] == width or isinstance(self.features, np.ndarray):
            return self
        features = self.features.copy()
        features.resize(self.features.shape[0], width)
        return Data(features, self.labels, self.weights, self.groups)


def read_channel(channel: Channel, *, csv_weights: bool = False) -> Data:
    """The channel's data: the label first, with `csv_weights` the weight after it. Raises Invalid."""
    kind = KINDS.get(channel.content_type)
    if kind is None:
        raise Invalid(f"Content type {channel.content_type!r} is not supported; {', '.join(KINDS)} are.")
    if kind == "csv" and channel.parameters.get("label_size", "1") != "1":
        raise Invalid(f"The {channel.name} channel's label_size must be 1: the label is in the first column.")
    parts = []
    for path in channel.sources:
        try:
            part = _READERS[kind](path)
            parts.append(_labeled(part, csv_weights and kind == "csv") if isinstance(part, np.ndarray) else part)
        except (Invalid, OSError, EOFError, ValueError, LookupError) as error:
            raise Invalid(f"Unable to read the {channel.name} channel, file {path.name}: {error}") from error
    parts = [part for part in parts if len(part.labels)]
    if not parts:
        raise Invalid(f"No data in {channel.name} channel path.")
    data = _joined(parts)
    if np.isnan(data.labels).any():
        raise Invalid(f"The {channel.name} channel has rows without a label, or with one that is not a number.")
    return data


def csv_matrix(text: bytes) -> NDArray[np.float64]:
    """Rows of numbers; what is empty is NaN. The delimiter is the first line's. Raises Invalid."""
    import pyarrow as pa
    from pyarrow import csv

    first = text.lstrip(b"\r\n\xef\xbb\xbf").partition(b"\n")[0].strip().decode("utf-8", "replace")
    delimiter = next((mark for mark in _DELIMITERS if mark in first), ",")
    names = [f"f{place}" for place in range(first.count(delimiter) + 1)]
    try:
        table = csv.read_csv(
            BytesIO(text),
            read_options=csv.ReadOptions(column_names=names),
            parse_options=csv.ParseOptions(delimiter=delimiter),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=_MISSING, strings_can_be_null=True
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise Invalid(f"The CSV data cannot be read: {error}") from error
    return np.column_stack([column.to_numpy() for column in table.columns])


def libsvm_matrix(text: str, width: int) -> Any:
    """The features of lines `[label] feature:value ...`, a CSR matrix of `width` columns. Raises Invalid."""
    from scipy.sparse import csr_matrix

    starts, columns, values = [0], [], []
    for number, line in enumerate((line for line in text.split("\n") if line.strip()), start=1):
        for cell in line.split():
            feature, colon, value = cell.partition(":")
            if colon and feature != "qid":
                try:
                    columns.append(int(feature))
                    values.append(float(value))
                except ValueError:
                    raise Invalid(f"Line {number} of the libsvm data has {cell!r}, not feature:value.") from None
        starts.append(len(columns))
    if columns and max(columns) >= width:
        raise Invalid(
            f"Feature size of libsvm inference data {max(columns) + 1} is larger than feature size of trained model "
            f"{width}."
        )
    return csr_matrix((values, columns, starts), shape=(len(starts) - 1, width))


def _labeled(rows: NDArray[np.float64], weighted: bool) -> Data:
    taken = 2 if weighted else 1
    if rows.shape[1] <= taken:
        raise Invalid(f"The rows have {rows.shape[1]} columns; {taken} and at least one feature are expected.")
    return Data(rows[:, taken:], rows[:, 0], rows[:, 1] if weighted else None)


def _csv(path: Path) -> NDArray[np.float64]:
    with opened(path) as stream:
        text = stream.read()
    return csv_matrix(text) if text.strip() else np.empty((0, 2))


def _parquet(path: Path) -> NDArray[np.float64]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(path.read_bytes()))
        return np.column_stack([column.cast(pa.float64()).to_numpy() for column in table.columns])
    except pa.ArrowException as error:
        raise Invalid(f"The Parquet data cannot be read: {error}") from error


def _libsvm(path: Path) -> Data:
    from sklearn.datasets import load_svmlight_file

    with opened(path) as stream:
        text = stream.read()
    text, weights = _without_weights(text)
    rows, labels, queries = load_svmlight_file(BytesIO(text), zero_based=True, query_id=True)
    groups = tuple(len([*same]) for _, same in groupby(queries.tolist())) if len(queries) and b"qid:" in text else ()
    return Data(rows, labels, weights, groups)


def _without_weights(text: bytes) -> tuple[bytes, NDArray[Any] | None]:
    """The lines with plain labels, and the weights, where labels are `label:weight`."""
    if b":" not in text.lstrip().partition(b" ")[0]:
        return text, None
    lines, weights = [], []
    for line in text.splitlines():
        if line.strip():
            first, _, rest = line.strip().partition(b" ")
            label, _, weight = first.partition(b":")
            lines.append(label + b" " + rest)
            weights.append(float(weight or 1))
    return b"\n".join(lines), np.array(weights)


def _recordio(path: Path) -> Data:
    from scipy.sparse import csr_matrix, vstack

    from studiolo.ml.formats.examples import SparseRows
    from studiolo.ml.formats.record_examples import read_examples

    with opened(path) as stream:
        blocks = list(read_examples(stream))
    if any(block.labels is None for block in blocks):
        raise Invalid("The examples have no labels.")
    labels = np.concatenate([np.asarray(block.labels, np.float64) for block in blocks])
    features = [block.features for block in blocks]
    if not any(isinstance(rows, SparseRows) for rows in features):
        return Data(np.concatenate([np.asarray(rows) for rows in features]), labels)
    sparse = [
        csr_matrix((rows.values, rows.columns, rows.starts), shape=(len(rows), rows.width))
        if isinstance(rows, SparseRows)
        else csr_matrix(rows)
        for rows in features
    ]
    return Data(vstack(sparse, format="csr"), labels)


_READERS: dict[str, Any] = {"csv": _csv, "parquet": _parquet, "libsvm": _libsvm, "recordio": _recordio}


def _joined(parts: list[Data]) -> Data:
    width = max(part.features.shape[1] for part in parts)
    parts = [part.widened(width) for part in parts]
    if any(part.features.shape[1] != width for part in parts):
        raise Invalid(f"The files have rows of different width: {sorted({part.features.shape[1] for part in parts})}.")
    if all(isinstance(part.features, np.ndarray) for part in parts):
        features: Any = np.concatenate([part.features for part in parts])
    else:
        from scipy.sparse import vstack

        features = vstack([part.features for part in parts], format="csr")
    weights = [part.weights for part in parts if part.weights is not None]
    return Data(
        features,
        np.concatenate([part.labels for part in parts]),
        np.concatenate(weights) if len(weights) == len(parts) else None,
        tuple(size for part in parts for size in part.groups),
    )
