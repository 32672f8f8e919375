"""Requests and answers of pipelines of Spark."""

from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.ml.sparkml.rows import CSV, JSON, LINES, TEXT, Column, Schema, read, written

SCHEMA = Schema(
    (Column("kind", "string"), Column("size", "int"), Column("parts", "double", "vector")), Column("p", "double")
)


def test_lines_of_json_are_rows_of_a_frame() -> None:
    body = b'{"data": ["a", 1.0, [1, 2]]}\n{"data": ["b", null, []]}'
    frame = SCHEMA.frame(read(LINES, body, SCHEMA)[1])
    assert frame["rows"] == [
        ["a", 1, {"values": [1.0, 2.0], "dimensions": [2]}],
        ["b", None, {"values": [], "dimensions": [0]}],
    ]


def test_the_schema_of_a_request_comes_before_that_of_the_model() -> None:
    body = (
        b'{"schema": {"input": [{"name": "x", "type": "long"}], "output": {"name": "y", "type": "long"}}, "data": [7]}'
    )
    schema, rows = read(JSON, body, SCHEMA)
    assert (schema.output.name, rows) == ("y", [[7]])


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        (CSV, b"a,x,1", "column size is of the type int"),
        (CSV, b"a,1", "3 columns: kind, size, parts"),
        (CSV, b"", "no row"),
        (JSON, b"[1]", '"data"'),
        (JSON, b'{"data": ["a", 1.5, []]}', "type int"),
        (JSON, b'{"data": ["a", 1, 2]}', "a list is expected"),
    ],
)
def test_a_row_that_does_not_fit_the_schema_is_refused(content_type: bytes, body: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        SCHEMA.frame(read(content_type, body, SCHEMA)[1])


@pytest.mark.parametrize(
    ("accept", "line"), [(CSV, b"0.0,2.5"), (LINES, b'{"features": [0.0, 2.5]}'), (TEXT, b'{"source": "0.0 2.5"}')]
)
def test_a_sparse_vector_is_answered_with_all_its_values(accept: bytes, line: bytes) -> None:
    vector: dict[str, Any] = {"indices": [[1]], "values": [2.5], "dimensions": [2]}
    assert written(accept, Column("features", "double", "vector"), [vector]) == line
