"""RecordIO-protobuf, checked against the SageMaker SDK's own reader and writer."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from scipy import sparse

from studiolo.domain import Invalid
from studiolo.ml.formats.examples import Examples, SparseRows
from studiolo.ml.formats.record_examples import encode_labels, read_examples
from studiolo.recordio import MAGIC, frame, read_payloads, write_payloads
from tests.unit.ml.algorithms.training_container import as_recordio

RANDOM = np.random.default_rng(7)
MATRIX = RANDOM.normal(size=(40, 5)).astype("float32")
LABELS = RANDOM.normal(size=40).astype("float32")


def rows(data: bytes) -> tuple[np.ndarray, np.ndarray | None]:
    blocks: list[Examples] = list(read_examples(BytesIO(data)))
    features = [b.features.dense() if isinstance(b.features, SparseRows) else b.features for b in blocks]
    labels = [b.labels for b in blocks if b.labels is not None]
    return np.concatenate(features), np.concatenate(labels) if labels else None


@pytest.mark.parametrize("kind", ["float32", "float64", "int64"])
def test_what_the_sdk_writes_as_dense_tensors_is_read_back(kind: str) -> None:
    matrix, labels = (MATRIX * 100).astype(kind), (LABELS * 100).astype(kind)
    features, read_labels = rows(as_recordio(matrix, labels))
    np.testing.assert_array_equal(features, matrix)
    np.testing.assert_array_equal(read_labels, labels)


def test_records_without_labels_are_read() -> None:
    features, labels = rows(as_recordio(MATRIX, None))
    np.testing.assert_array_equal(features, MATRIX)
    assert labels is None


def test_records_of_one_feature_that_equals_the_label_are_told_apart() -> None:
    features, labels = rows(as_recordio(LABELS[:, None], LABELS))
    np.testing.assert_array_equal(features[:, 0], LABELS)
    np.testing.assert_array_equal(labels, LABELS)


def test_what_the_sdk_writes_as_sparse_tensors_is_read_back() -> None:
    matrix = sparse.random(60, 30, 0.1, format="csr", dtype="float32", random_state=1)
    features, labels = rows(as_recordio(matrix, np.arange(60, dtype="float32")))
    np.testing.assert_array_equal(features, matrix.toarray())
    np.testing.assert_array_equal(labels, np.arange(60))


def test_dense_and_sparse_records_may_follow_each_other() -> None:
    more = sparse.csr_matrix(np.eye(5, dtype="float32"))
    features, _ = rows(as_recordio(MATRIX, LABELS) + as_recordio(more, LABELS[:5]) + as_recordio(MATRIX, LABELS))
    np.testing.assert_array_equal(features, np.concatenate([MATRIX, np.eye(5), MATRIX]))


def test_a_file_larger_than_a_block_is_read_in_several() -> None:
    matrix = np.repeat(RANDOM.normal(size=(10, 1000)).astype("float32"), 250, axis=0)
    data = as_recordio(matrix[:10], matrix[:10, 0]) * 250
    blocks = list(read_examples(BytesIO(data)))
    assert len(blocks) > 1
    assert sum(len(block) for block in blocks) == 2500


def test_the_sdk_reads_what_is_written() -> None:
    from sagemaker.amazon.common import read_records

    answer = encode_labels({"score": np.array([[0.25, 0.75], [1, 0]]), "predicted_label": np.array([1, 0])})
    first, second = read_records(BytesIO(answer))
    assert list(first.label["score"].float32_tensor.values) == [0.25, 0.75]
    assert list(second.label["predicted_label"].float32_tensor.values) == [0]


def test_payloads_of_any_length_come_back() -> None:
    payloads = [b"", b"a", b"abc", b"abcd", bytes(1000)]
    stream = BytesIO()
    write_payloads(stream, payloads)
    assert list(read_payloads(BytesIO(stream.getvalue()))) == payloads


def test_a_record_in_parts_is_joined_by_the_magic_number() -> None:
    magic = MAGIC.to_bytes(4, "little")
    parts = b"".join(
        magic + (flag << 29 | 4).to_bytes(4, "little") + text
        for flag, text in ((1, b"abcd"), (2, b"efgh"), (3, b"ijkl"))
    )
    assert list(read_payloads(BytesIO(parts + frame(b"next")))) == [
        b"abcd" + magic + b"efgh" + magic + b"ijkl",
        b"next",
    ]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-3], r"cut off at byte \d+"),
        (lambda data: data + b"junk-junk", rf"corrupt at byte {len(as_recordio(MATRIX, LABELS))}"),
        (lambda data: b"a,b\n1,2\n" + data, "corrupt at byte 0: .* is not the magic number"),
        (lambda data: data + frame(b"\xff\xff\xff"), "Record 40? .*is not an aialgs.data.Record|Record 0 .*"),
        (lambda data: data[:4] + (5 << 29).to_bytes(4, "little"), "5 is not a part flag"),
        (lambda data: data + frame(b""), "has no feature named 'values'"),
    ],
)
def test_a_corrupt_file_is_refused_with_the_place(damage, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Invalid, match=message):
        list(read_examples(BytesIO(damage(as_recordio(MATRIX, LABELS)))))


def test_records_of_different_widths_are_refused() -> None:
    with pytest.raises(Invalid, match="has 4 features; those before it have 3"):
        list(read_examples(BytesIO(as_recordio(MATRIX[:1, :3].astype(int), None) + as_recordio(MATRIX[:1, :4], None))))


def test_keys_outside_the_shape_are_refused() -> None:
    from sagemaker.amazon.record_pb2 import Record

    record = Record()
    tensor = record.features["values"].float32_tensor
    tensor.values.extend([1.0])
    tensor.keys.extend([9])
    tensor.shape.extend([3])
    with pytest.raises(Invalid, match="keys that do not fit"):
        list(read_examples(BytesIO(frame(record.SerializeToString()))))
