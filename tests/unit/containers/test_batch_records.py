"""Records of a batch transform: cut from streams, gathered, looked into."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.containers.batch.paths import Path
from studiolo.containers.batch.processing import Processing
from studiolo.containers.batch.records import TooLarge, blocks, gathered, records
from studiolo.containers.batch.specification import Batch
from studiolo.domain import Invalid
from studiolo.recordio import frame

MOST = 64


@given(st.lists(st.binary(min_size=1, max_size=40).filter(lambda row: row.strip() and b"\n" not in row), max_size=20))
def test_lines_come_whole_and_requests_hold_what_they_may(rows: list[bytes]) -> None:
    stream = io.BytesIO(b"\n".join(rows))
    requests = list(gathered(records(stream, "Line", MOST), MOST, single=False))
    assert [line.rstrip(b"\n") for request in requests for line in request] == rows
    assert all(sum(map(len, request)) <= MOST or len(request) == 1 for request in requests)


@given(st.lists(st.binary(max_size=MOST), max_size=20))
def test_blocks_are_whole_lines_and_all_of_them(rows: list[bytes]) -> None:
    lines = [line for row in rows for line in row.split(b"\n")]
    found = list(blocks(io.BytesIO(b"\n".join(lines)), MOST))
    assert [line for block in found for line in block.split(b"\n") if line.strip()] == [x for x in lines if x.strip()]
    assert all(len(block) <= MOST for block in found)


def test_a_line_that_is_too_long_for_a_block_is_not_read_into_memory() -> None:
    with pytest.raises(TooLarge):
        list(blocks(io.BytesIO(b"x" * (MOST + 1)), MOST))


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_framed_records_are_sent_as_they_are(payloads: list[bytes]) -> None:
    framed = [frame(payload) for payload in payloads]
    assert list(records(io.BytesIO(b"".join(framed)), "RecordIO", MOST)) == framed
    tf = [struct.pack("<QI", len(payload), 1) + payload + bytes(4) for payload in payloads]
    assert list(records(io.BytesIO(b"".join(tf)), "TFRecord", MOST)) == tf


@pytest.mark.parametrize("split", ["None", "Line", "RecordIO", "TFRecord"])
def test_a_record_that_is_too_large_is_not_read_into_memory(split: str) -> None:
    content = {"RecordIO": frame(bytes(100)), "TFRecord": struct.pack("<QI", 1 << 60, 1)}.get(split, b"x" * 100)
    with pytest.raises(TooLarge):
        list(records(io.BytesIO(content), split, MOST))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("$", [1, 2], [1, 2]),
        ("$[1:]", ["id", "a", "b"], ["a", "b"]),
        ("$[0,-1]", ["id", "a", "b"], ["id", "b"]),
        ("$[0,2:]", ["id", "a", "b", "c"], ["id", "b", "c"]),
        ("$.features", {"features": [1]}, [1]),
        ("$['id','out']", {"id": 1, "out": 2, "more": 3}, {"id": 1, "out": 2}),
        ("$.a.['x','y']", {"a": {"x": 1, "y": 2, "z": 3}}, {"x": 1, "y": 2}),
        ("$.a[*].x", {"a": [{"x": 1}, {"x": 2}]}, [1, 2]),
    ],
)
def test_a_path_gives_what_it_selects_in_its_own_shape(path: str, value: object, found: object) -> None:
    assert Path(path).of(value) == found


@pytest.mark.parametrize(("path", "value"), [("$.a", {"b": 1}), ("$[0,5]", [1, 2]), ("$['a','b']", {"a": 1})])
def test_what_is_not_there_is_said_and_not_left_out(path: str, value: object) -> None:
    with pytest.raises(Invalid, match="nothing at"):
        Path(path).of(value)


def test_what_is_no_object_is_put_beside_its_answer() -> None:
    processing = Processing(Batch("", "", "", content_type="application/json", joined=True))
    assert (
        processing.answered([b"[1, 2]"], b"5", "application/json")
        == b'{"SageMakerInput": [1, 2], "SageMakerOutput": 5}'
    )


def test_answers_that_do_not_match_their_records_are_refused() -> None:
    processing = Processing(Batch("", "", "", content_type="text/csv", joined=True))
    with pytest.raises(Invalid, match="answered 1 records to 2"):
        processing.answered([b"1\n", b"2\n"], b"5\n", "text/csv")
