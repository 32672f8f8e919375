"""Examples in RecordIO-protobuf: what `sagemaker.amazon.common` writes and the built-in algorithms read.

Records that a program wrote from one matrix have one layout: the same bytes but for the numbers. Such stretches are
read as a block, without decoding each record; anything else goes through protobuf record by record.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from google.protobuf.message import DecodeError

from studiolo.domain import Invalid
from studiolo.ml.formats.examples import Examples, SparseRows
from studiolo.ml.formats.record import record_class
from studiolo.recordio import HEADER, frame, read_payloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

_BLOCK_BYTES = 8 << 20
_ROWS_AT_ONCE = 16_384
_FLOAT_TENSORS: Mapping[str, np.dtype[Any]] = {"float32_tensor": np.dtype("<f4"), "float64_tensor": np.dtype("<f8")}


def read_examples(stream: BinaryIO) -> Iterator[Examples]:
    """The examples of a stream, in blocks of bounded size. Raises Invalid, with the place, for what is not right."""
    block = stream.read(_BLOCK_BYTES)
    offset = 0
    layout = _Layout.of_first_record(block)
    while layout and block:
        block += stream.read(-len(block) % layout.stride)
        rows = layout.matching_rows(block)
        if len(rows):
            yield layout.examples(rows)
        offset += len(rows) * layout.stride
        rest = block[len(rows) * layout.stride :]
        if rest:
            block = rest
            break
        block = stream.read(_BLOCK_BYTES)
    payloads = enumerate(read_payloads(_Rejoined(block, stream), offset))  # type: ignore[arg-type]
    while batch := list(islice(payloads, _ROWS_AT_ONCE)):
        yield _decode(batch)


def encode_labels(columns: Mapping[str, NDArray[Any]]) -> bytes:
    """One record for each row, with no features, its label map holding the row of each column as float32.

    Columns have shape (rows,) or (rows, values).
    """
    record = record_class()()
    answer = BytesIO()
    for values in zip(*columns.values(), strict=True):
        record.Clear()
        for key, value in zip(columns, values, strict=True):
            record.label[key].float32_tensor.values.extend(np.atleast_1d(value).tolist())
        answer.write(frame(record.SerializeToString()))
    return answer.getvalue()


class _Rejoined:
    """A stream that begins with bytes that were already read from it."""

    def __init__(self, head: bytes, tail: BinaryIO) -> None:
        self._head = BytesIO(head)
        self._tail = tail

    def read(self, size: int) -> bytes:
        return self._head.read(size) or self._tail.read(size)


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where in a frame an array of numbers lies."""

    start: int
    count: int
    dtype: np.dtype[Any]

    def of(self, rows: NDArray[np.uint8]) -> NDArray[Any]:
        width = self.count * self.dtype.itemsize
        return np.ascontiguousarray(rows[:, self.start : self.start + width]).view(self.dtype)


@dataclass(frozen=True, slots=True)
class _Layout:
    """The bytes that all frames of a stretch share, and where their numbers lie."""

    template: NDArray[np.uint8]
    fixed: NDArray[np.intp]
    features: _Slot
    label: _Slot | None

    @property
    def stride(self) -> int:
        return len(self.template)

    @classmethod
    def of_first_record(cls, block: bytes) -> _Layout | None:
        """The layout of the first record, or None where it is not dense floating-point numbers in the usual order."""
        try:
            payload = next(read_payloads(BytesIO(block)), b"")
            record = record_class().FromString(payload)
        except (Invalid, DecodeError):
            return None
        if record.SerializeToString(deterministic=True) != payload or "values" not in record.features:
            return None
        features = _slot(record, record.features["values"], seed=1)
        label = _slot(record, record.label["values"], seed=2) if "values" in record.label else None
        if features is None or (label is None and len(record.label)) or (label and label.count != 1):
            return None
        template = np.frombuffer(frame(payload), np.uint8)
        free = np.zeros(len(template), bool)
        for slot in (features, label):
            if slot:
                free[slot.start : slot.start + slot.count * slot.dtype.itemsize] = True
        return cls(template, np.flatnonzero(~free), features, label)

    def matching_rows(self, block: bytes) -> NDArray[np.uint8]:
        """The leading frames of the block that have this layout, one a row."""
        count = len(block) // self.stride
        rows = np.frombuffer(block, np.uint8, count * self.stride).reshape(count, self.stride)
        other = np.flatnonzero((rows[:, self.fixed] != self.template[self.fixed]).any(axis=1))
        return rows[: other[0]] if len(other) else rows

    def examples(self, rows: NDArray[np.uint8]) -> Examples:
        return Examples(self.features.of(rows), self.label.of(rows)[:, 0] if self.label else None)


def _slot(record: Any, value: Any, seed: int) -> _Slot | None:
    """Find where a dense float tensor lies in the record's bytes, by writing numbers there that occur nowhere else."""
    kind = value.WhichOneof("value")
    if kind not in _FLOAT_TENSORS:
        return None
    tensor, dtype = getattr(value, kind), _FLOAT_TENSORS[kind]
    count = len(tensor.values)
    if not count or len(tensor.keys):
        return None
    original = list(tensor.values)
    mark = np.random.default_rng(seed).random(count).astype(dtype)
    tensor.values[:] = mark.tolist()
    marked = record.SerializeToString(deterministic=True)
    tensor.values[:] = original
    if marked.count(mark.tobytes()) != 1:
        return None
    return _Slot(HEADER.size + marked.index(mark.tobytes()), count, dtype)


def _decode(batch: Sequence[tuple[int, bytes]]) -> Examples:
    record = record_class()()
    rows, labels = [], []
    for number, payload in batch:
        try:
            record.ParseFromString(payload)
        except DecodeError as error:
            raise Invalid(f"Record {number} of the RecordIO data is not an aialgs.data.Record.") from error
        if "values" not in record.features:
            raise Invalid(f"Record {number} of the RecordIO data has no feature named 'values'.")
        rows.append(_row(record.features["values"], number))
        if "values" in record.label:
            labels.append(_label(record.label["values"], number))
    if labels and len(labels) != len(rows):
        raise Invalid(f"{len(rows) - len(labels)} of {len(rows)} records have no label named 'values'.")
    return Examples(_stack(rows, batch[0][0]), np.array(labels, np.float64) if labels else None)


_Row = tuple["NDArray[np.int64] | None", "NDArray[Any]", int]


def _row(value: Any, number: int) -> _Row:
    """Columns (None where dense), values and width of one record's features."""
    tensor = _tensor(value, number)
    values = np.array(tensor.values, np.float64 if value.HasField("float64_tensor") else np.float32)
    shape = list(tensor.shape)
    width = int(shape[-1]) if shape else len(values)
    if not len(tensor.keys) and len(values) == width:
        return None, values, width
    columns = np.array(tensor.keys, np.int64)
    if not shape:
        raise Invalid(f"Record {number} of the RecordIO data is a sparse tensor without a shape.")
    if len(columns) != len(values) or (len(columns) and int(columns.max()) >= width):
        raise Invalid(f"Record {number} of the RecordIO data has keys that do not fit its values and shape {shape}.")
    return columns, values, width


def _label(value: Any, number: int) -> float:
    values = _tensor(value, number).values
    if len(values) != 1:
        raise Invalid(f"Record {number} of the RecordIO data has {len(values)} labels; one is expected.")
    return float(values[0])


def _tensor(value: Any, number: int) -> Any:
    kind = value.WhichOneof("value")
    if kind not in (*_FLOAT_TENSORS, "int32_tensor"):
        raise Invalid(f"Record {number} of the RecordIO data holds {kind or 'nothing'} where a tensor is expected.")
    return getattr(value, kind)


def _stack(rows: Sequence[_Row], first: int) -> NDArray[Any] | SparseRows:
    width = rows[0][2]
    for number, row in enumerate(rows, start=first):
        if row[2] != width:
            raise Invalid(f"Record {number} of the RecordIO data has {row[2]} features; those before it have {width}.")
    if all(columns is None for columns, _, _ in rows):
        return np.stack([values for _, values, _ in rows])
    starts = np.cumsum([0, *(len(values) for _, values, _ in rows)], dtype=np.int64)
    columns = [np.arange(width) if columns is None else columns for columns, _, _ in rows]
    return SparseRows(starts, np.concatenate(columns), np.concatenate([values for _, values, _ in rows]), width)
