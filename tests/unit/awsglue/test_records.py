"""JSON as Glue's reader takes it, without Spark."""

import subprocess
import sys
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from pyspark import cloudpickle

import awsglue.shapes  # which has functions travel by value
from awsglue.records import json_lines, mapped, merge, parse_json, record_of, row_of, scan_json, shape_of


def good(text: str, path: tuple[str, ...] = ()) -> list[Any]:
    return [record for fine, record in parse_json(text.split("\n"), path) if fine]


def bad(text: str) -> list[Any]:
    return [error for fine, error in parse_json(text.split("\n"), ()) if not fine]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}\n{"a": 2}',
        '{"a": 1}{"a": 2}',
        '[{"a": 1}, {"a": 2}]',
        '[{"a": 1},\n {"a": 2}\n]',
        '{\n"a":\n1\n}\n\n{"a"\n:2}\n',
        '\ufeff{"a": 1},\n{"a": 2},\n',
    ],
)
def test_objects_are_found_wherever_lines_break(text: str) -> None:
    assert good(text) == [{"a": 1}, {"a": 2}]
    assert bad(text) == []


def test_a_malformed_object_is_an_error_and_reading_goes_on_after_its_line() -> None:
    text = '{"id": 1}\n{"id": 2, "name": "ben",\n{"id": 3}\n{"id": 4}\n{"id": 5, oops}\n{"id": 6}'
    assert good(text) == [{"id": 1}, {"id": 4}, {"id": 6}]
    assert [error["input"] for error in bad(text)] == ['{"id": 2, "name": "ben",\n{"id": 3}', '{"id": 5, oops}']


@pytest.mark.parametrize("text", ['{"a": 1', '{"a": 1}\n{"a": [1,', '{"a": "x', '{"a": 1}\n{"a'])
def test_a_text_that_ends_within_an_object_is_one_error(text: str) -> None:
    assert len(bad(text)) == 1


def test_an_object_of_many_lines_is_one_record() -> None:
    lines = ",\n".join(f'"f{number}": {number}' for number in range(3000))
    assert good("{" + lines + '}\n{"last": 1}') == [{f"f{number}": number for number in range(3000)}, {"last": 1}]


def test_a_value_that_is_no_object_is_an_error() -> None:
    assert good('{"a": 1}\n3\n"x"') == [{"a": 1}]
    assert len(bad('{"a": 1}\n3\n"x"')) == 2


def test_a_path_leads_to_the_records() -> None:
    assert good('{"data": {"rows": [{"a": 1}, {"a": 2}]}}', ("data", "rows")) == [{"a": 1}, {"a": 2}]


def test_integers_are_long_only_when_they_need_to_be() -> None:
    assert shape_of(2**31 - 1) == {"int": None}
    assert shape_of(2**31) == {"long": None}
    assert shape_of(2**63) == {"string": None}
    assert shape_of(5, {"long": None}) == {"long": None}


def test_a_record_comes_back_from_a_row_as_it_was() -> None:
    records = [{"a": 1, "b": [{"c": "x"}, {"c": 2.5}]}, {"a": "one", "b": None}]
    shape = merge(shape_of(records[0]), shape_of(records[1]))
    rows = [row_of(record, shape) for record in records]
    assert rows[1] == ((None, "one"), None)
    assert [record_of(row, shape) for row in rows] == records


def test_a_line_of_json_has_every_digit_and_byte() -> None:
    record = {"d": Decimal("12345678901234567890.10"), "b": bytearray(b"\x00\xff"), "f": float("nan"), "é": ["x", None]}
    row, shape = tuple(record.values()), shape_of(record)
    assert list(json_lines([row], shape)) == [
        '{"d": 12345678901234567890.10, "b": "AP8=", "f": "NaN", "é": ["x", null]}'
    ]


def test_workers_need_no_awsglue() -> None:
    assert awsglue.shapes
    function = partial(mapped, function=lambda record: {"n": record["n"] + 1})
    sent = cloudpickle.dumps(
        [function, partial(scan_json, path=[], names=[], hint={}), partial(json_lines, shape={"string": None})]
    )
    worker = """
import pickle, sys
sys.modules["awsglue"] = None
function, scan, lines = pickle.loads(sys.stdin.buffer.read())
results = [list(function([(True, {"n": 1})])), list(scan([("file", '{"n": 1}')])), list(lines(["x"]))]
print(results)
"""
    answer = subprocess.run([sys.executable, "-c", worker], input=sent, capture_output=True, check=True).stdout
    expected = [[(True, {"n": 2})], [({"struct": {"n": {"int": None}}}, 0, True)], ['"x"']]
    assert answer.decode().strip() == str(expected)
