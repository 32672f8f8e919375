"""An analysis from what is in its container's folders to what it writes."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from studiolo.ml.monitoring.analyzer.analysis import analyze
from studiolo.ml.monitoring.analyzer.told import Told, Unusable

CAPTURED = {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
PREPROCESSOR = """
def preprocess_handler(inference_record, logger):
    if inference_record.event_metadata.event_id == "call-0":
        return []
    return [{"twice": 2 * float(inference_record.endpoint_output.data)}]
"""


def call(number: int, given: str, answer: str, encoding: str = "CSV", minute: int = 30) -> str:
    sides = (("endpointInput", given), ("endpointOutput", answer))
    data = {name: {"observedContentType": "text/csv", "data": data, "encoding": encoding} for name, data in sides}
    metadata = {"eventId": f"call-{number}", "inferenceTime": f"2026-01-01T07:{minute:02}:00Z"}
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})


def written(folder: Path, lines: list[str]) -> Path:
    (folder / "2026/01/01/07").mkdir(parents=True)
    (folder / "2026/01/01/07/30-00.jsonl").write_text("\n".join(lines))
    return folder


def run(told: Told) -> tuple[str, dict[str, Any]]:
    message = analyze(told)
    return message, {file.stem: json.loads(file.read_text()) for file in told.output.iterdir()}


@pytest.fixture
def baseline(tmp_path: Path) -> Told:
    """Of rows with the answer first, as training data has it."""
    rows = tmp_path / "rows"
    rows.mkdir()
    (rows / "rows.csv").write_text("y,a,b\n" + "\n".join(f"{n % 2},{n},{n / 2}" for n in range(100)))
    told = Told(rows, tmp_path / "baseline", {"csv": {"header": True}})
    assert analyze(told) == "Completed: Job completed successfully with no violations."
    return told


def monitored(baseline: Told, source: Path, **more: Any) -> Told:
    known = {"constraints": baseline.output / "constraints.json", "statistics": baseline.output / "statistics.json"}
    return Told(source, source.parent / "found", CAPTURED, **known, **more)


def test_captured_calls_get_the_names_of_the_baseline_and_violate_it(baseline: Told, tmp_path: Path) -> None:
    several = call(1, "\n".join(f"{n},{n / 2}" for n in range(100)), "\n".join(str(n % 2) for n in range(100)))
    message, found = run(monitored(baseline, written(tmp_path / "same", [several])))
    assert message.startswith("Completed: ")
    assert [each["name"] for each in found["statistics"]["features"]] == ["y", "a", "b"]
    assert found["constraint_violations"] == {"violations": []}
    message, found = run(monitored(baseline, written(tmp_path / "other/calls", [call(1, "0.5,far", "1")])))
    assert message == "CompletedWithViolations: Job completed successfully with 2 violations."
    names = [
        (each["feature_name"], each["constraint_check_type"]) for each in found["constraint_violations"]["violations"]
    ]
    assert names == [("a", "data_type_check"), ("b", "data_type_check")]


def test_columns_that_are_excluded_are_not_looked_at(baseline: Told, tmp_path: Path) -> None:
    calls = written(tmp_path / "calls", [call(1, "0.5,far", "1")])
    _, found = run(monitored(baseline, calls, attributes={"exclude_features": "1, b"}))
    assert [each["name"] for each in found["statistics"]["features"]] == ["y"]
    assert found["constraint_violations"] == {"violations": []}


def test_only_the_calls_of_the_window_count(baseline: Told, tmp_path: Path) -> None:
    lines = [call(n, f"{n},1.5", "1", minute=n) for n in range(10)]
    at = [datetime(2026, 1, 1, 7, minute, tzinfo=timezone.utc) for minute in (3, 5)]
    _, found = run(monitored(baseline, written(tmp_path / "calls", lines), start=at[0], end=at[1]))
    assert found["statistics"]["dataset"] == {"item_count": 2}
    with pytest.raises(Unusable, match="No calls were captured between"):
        run(monitored(baseline, tmp_path / "calls", start=at[1].replace(hour=9), end=at[1].replace(hour=10)))


def test_answers_are_judged_by_the_labels_that_came_for_their_calls(tmp_path: Path) -> None:
    calls = written(tmp_path / "calls", [call(n, "1,2", str(n)) for n in range(4)])
    truths = [
        json.dumps(
            {"groundTruthData": {"data": str(n + 1), "encoding": "CSV"}, "eventMetadata": {"eventId": f"call-{n}"}}
        )
        for n in range(3)
    ]
    labels = written(tmp_path / "labels", truths)
    told = Told(
        calls,
        tmp_path / "found",
        CAPTURED,
        labels=labels,
        quality=True,
        problem="Regression",
        attributes={"inference": "0"},
    )
    message, found = run(told)
    assert message.startswith("Completed: ")
    assert found["statistics"]["dataset"]["item_count"] == 3
    assert found["statistics"]["regression_metrics"]["mae"] == {"value": 1.0, "standard_deviation": "NaN"}


def test_a_preprocessor_makes_the_rows_and_leaves_out_calls(tmp_path: Path) -> None:
    script = tmp_path / "preprocessor.py"
    script.write_text(PREPROCESSOR)
    calls = written(tmp_path / "calls", [call(n, "1", str(n)) for n in range(3)])
    _, found = run(Told(calls, tmp_path / "found", CAPTURED, preprocessor=script))
    [feature] = found["statistics"]["features"]
    assert (feature["name"], feature["numerical_statistics"]["sum"]) == ("twice", 6.0)


def test_json_calls_have_the_names_of_their_members(tmp_path: Path) -> None:
    calls = written(tmp_path / "calls", [call(1, '{"a": 1, "at": {"x": [2, 3]}}', '{"score": 0.5}', "JSON")])
    _, found = run(Told(calls, tmp_path / "found", CAPTURED))
    kinds = {each["name"]: each["inferred_type"] for each in found["statistics"]["features"]}
    assert kinds == {"score": "Fractional", "a": "Integral", "at.x_0": "Integral", "at.x_1": "Integral"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([call(1, "MQ==", "MQ==", "BASE64")], "captured in the encoding BASE64, of the content type text/csv"),
        (["no json"], "Line 1 of 30-00.jsonl is no captured call"),
        ([call(1, "1\n2\n3", "1\n2")], "The call call-1 has 2 and 3 rows on its sides"),
    ],
)
def test_what_cannot_be_read_is_refused_with_where_it_is(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(Unusable, match=words):
        run(Told(written(tmp_path / "calls", lines), tmp_path / "found", CAPTURED))
