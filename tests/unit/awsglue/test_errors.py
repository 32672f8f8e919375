"""Records that fail on the way."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from awsglue.dynamicframe import DynamicFrame, ErrorThresholdExceeded
from awsglue.transforms import ErrorsAsDynamicFrame
from tests.unit.awsglue.conftest import values

FromJson = Callable[..., DynamicFrame]


def halved(record: dict[str, Any]) -> dict[str, Any]:
    return {"half": 10 // record["n"]}


def test_a_record_that_a_function_fails_on_is_an_error_record(from_json: FromJson) -> None:
    frame = from_json([{"n": 1}, {"n": 0}, {"n": 5}]).map(halved, info="halving")
    assert (frame.count(), frame.errorsCount(), frame.stageErrorsCount()) == (2, 1, 1)
    after = frame.rename_field("half", "h")
    assert (after.errorsCount(), after.stageErrorsCount()) == (1, 0)
    error = ErrorsAsDynamicFrame.apply(after).toDF().head()["error"]  # type: ignore[index]
    assert error["msg"].startswith("ZeroDivisionError")
    assert error["callsite"]["info"] == "halving"
    assert error["dynamicRecord"] == '{"n": 0}'


def test_a_record_that_a_filter_fails_on_is_an_error_record(from_json: FromJson) -> None:
    frame = from_json([{"n": 1}, {"n": 0}, {"n": 5}]).filter(lambda record: 10 // record["n"] > 5)
    assert (frame.count(), frame.errorsCount()) == (1, 1)
    assert "ZeroDivisionError" in frame.errorsAsDynamicFrame().toDF().head()["error"]["msg"]  # type: ignore[index]


def test_a_filter_passes_over_records_without_its_field_or_with_another_type(from_json: FromJson) -> None:
    frame = from_json([{"n": 1, "a": {"b": 2}}, {"n": None, "a": None}, {"n": 5, "a": {"b": 3}}])
    kept = frame.filter(lambda record: record["n"] > 0 and record.a.b > 2)
    assert (kept.count(), kept.errorsCount()) == (1, 0)
    assert frame.filter(lambda record: record.nothing == 1).count() == 0
    assert frame.filter(lambda record: record.nothing == 1).errorsCount() == 0


def test_partitions_are_mapped_as_a_whole(from_json: FromJson) -> None:
    def numbered(index: int, records: Iterator[Any]) -> Iterator[Any]:
        for number, made in enumerate(records):
            if made["record"]["n"]:
                yield {"record": {"n": made["record"]["n"], "at": f"{index}.{number}"}}
            else:
                yield {**made, "isError": True, "errorMessage": "no number"}

    frame = from_json([{"n": 1}, {"n": 0}, {"n": 5}]).mapPartitionsWithIndex(numbered)
    assert values(frame) == [(1, "0.0"), (5, "0.2")]
    assert frame.errorsAsDynamicFrame().toDF().head()["error"]["msg"] == "no number"  # type: ignore[index]
    assert frame.mapPartitions(lambda records: list(records)[:1]).count() == 1


def test_more_errors_than_the_threshold_stop_the_use_of_the_frame(from_json: FromJson) -> None:
    frame = from_json([{"n": 0}, {"n": 0}, {"n": 5}])
    assert frame.map(halved, stageThreshold=2).count() == 1
    with pytest.raises(ErrorThresholdExceeded, match="2 records failed"):
        frame.map(halved, stageThreshold=1).toDF()
    with pytest.raises(ErrorThresholdExceeded):
        frame.map(halved).rename_field("half", "h", totalThreshold=1).count()


def test_a_function_that_gives_no_record_makes_an_error(from_json: FromJson) -> None:
    frame = from_json([{"n": 1}]).map(lambda _record: None)  # type: ignore[arg-type, return-value]
    assert (frame.count(), frame.errorsCount()) == (0, 1)
