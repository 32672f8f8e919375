"""Captured calls: the records of data capture as rows, with their labels where there are any.

Sources: "Data capture", "Ingest Ground Truth Labels and Merge Them With Predictions", and "Preprocessing".
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from studiolo.ml.monitoring.analyzer.told import GROUND_TRUTH, MOMENT, Told, Unusable

INPUT, OUTPUT = "endpointInput", "endpointOutput"
Row = dict[str, Any]
Preprocessor = Callable[["Record"], Any]


@dataclass(frozen=True)
class Side:
    """What went in, or came out: as `inference_record.endpoint_input` of a preprocessor has it."""

    data: str
    encoding: str
    observed_content_type: str = ""
    mode: str = ""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Side":
        kind = told.get("observedContentType", "")
        return cls(told.get("data", ""), told.get("encoding", ""), kind, told.get("mode", ""))


@dataclass(frozen=True)
class Metadata:
    """Of a call, as `inference_record.event_metadata` has it."""

    event_id: str = ""
    inference_id: str = ""
    inference_time: str = ""
    custom_attribute: Sequence[str] = ()


@dataclass(frozen=True)
class Record:
    """A captured call."""

    event_metadata: Metadata = field(default_factory=Metadata)
    endpoint_input: Side | None = None
    endpoint_output: Side | None = None
    event_version: str = "0"

    @property
    def key(self) -> str:
        """What ground truth names it by."""
        return self.event_metadata.inference_id or self.event_metadata.event_id

    @property
    def at(self) -> datetime | None:
        time = self.event_metadata.inference_time
        return datetime.strptime(time, MOMENT).replace(tzinfo=timezone.utc) if time else None


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def records(told: Told) -> Iterator[Record]:
    """The calls of the time that is analyzed. Raises Unusable for what is no captured call."""
    for number, line in _lines(told.source):
        try:
            record = _record(json.loads(line))
            at = record.at
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unusable(f"{number} is no captured call: {error}") from error
        early = told.start is not None and at is not None and at < told.start
        late = told.end is not None and at is not None and at >= told.end
        if not early and not late:
            yield record


def labels(folder: Path) -> dict[str, str]:
    """The ground truth of calls, by what names them: of several the last."""
    found: dict[str, str] = {}
    for number, line in _lines(folder):
        try:
            told = json.loads(line)
            found[told["eventMetadata"]["eventId"]] = str(told["groundTruthData"]["data"])
        except (ValueError, KeyError, TypeError) as error:
            raise Unusable(f"{number} is no ground truth: {error}") from error
    return found


def rows(told: Told, truth: Mapping[str, str] | None, preprocess: Preprocessor | None) -> Iterator[Row]:
    """The rows of all calls: the columns of both sides. Of `truth`, only calls that are in it, with their labels."""
    sides = tuple(told.options.get("captureIndexNames") or (INPUT, OUTPUT))
    for record in records(told):
        if truth is not None and record.key not in truth:
            continue
        if preprocess is not None:
            made = preprocess(record)
            found = [dict(each) for each in (made if isinstance(made, list) else [made]) if each]
        else:
            found = list(_merged(record, sides, told.output_first))
        if truth is None:
            yield from found
            continue
        given = _cells(truth[record.key])
        values = [cell for line in given for cell in line]
        if len(values) != len(found):
            raise Unusable(f"The call {record.key} has {len(found)} rows and {len(values)} labels.")
        yield from ({**row, GROUND_TRUTH: value} for row, value in zip(found, values, strict=True))


def _merged(record: Record, sides: Sequence[str], output_first: bool) -> Iterator[Row]:
    both = {INPUT: record.endpoint_input, OUTPUT: record.endpoint_output}
    order = (OUTPUT, INPUT) if output_first else (INPUT, OUTPUT)
    present = [side for name in order if name in sides and (side := both[name]) is not None]
    encodings = {side.encoding for side in present}
    if len(encodings) > 1:
        raise Unusable(
            f"Encoding mismatch: {' and '.join(sorted(encodings))} in one call. Input and output must have the same."
        )
    parts = [_parsed(side) for side in present]
    most = max((len(part) for part in parts), default=0)
    # Many answers to many rows may be on one line.
    parts = [[[cell] for cell in part[0]] if len(part) == 1 < most == len(part[0]) else part for part in parts]
    if any(len(part) != most for part in parts):
        raise Unusable(f"The call {record.key} has {' and '.join(str(len(part)) for part in parts)} rows on its sides.")
    for pieces in zip(*parts, strict=True):
        if all(isinstance(piece, dict) for piece in pieces):
            yield {name: value for piece in pieces for name, value in piece.items()}
        else:
            yield positional([cell for piece in pieces for cell in piece])


def positional(cells: Sequence[Any]) -> Row:
    """Values without names: they get those that Spark gives."""
    return {f"_c{number}": cell for number, cell in enumerate(cells)}


def flat(told: Mapping[str, Any], beginning: str = "") -> Row:
    """Nested objects as one, names joined by dots, and lists as values of numbered names."""
    found: Row = {}
    for name, value in told.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{beginning}{name}."))
        elif isinstance(value, list):
            found.update(flat({f"{name}_{number}": each for number, each in enumerate(value)}, beginning))
        else:
            found[f"{beginning}{name}"] = value
    return found


def _parsed(side: Side) -> list[Any]:
    """The rows of one side: lists of cells, or objects."""
    if side.encoding == "CSV":
        return list(_cells(side.data))
    if side.encoding != "JSON":
        raise Unusable(
            f"A call was captured in the encoding {side.encoding}, of the content type {side.observed_content_type}: "
            "its rows can be read where the endpoint's CaptureContentTypeHeader has that under CSV or JSON."
        )
    try:
        told = [json.loads(side.data)]
    except ValueError:
        try:
            told = [json.loads(line) for line in side.data.splitlines() if line.strip()]
        except ValueError as error:
            raise Unusable(f"A call was captured as JSON and is none: {error}") from error
    if len(told) == 1 and isinstance(told[0], list):
        told = told[0]
    return [flat(each) if isinstance(each, dict) else each if isinstance(each, list) else [each] for each in told]


def _cells(text: str) -> list[list[str]]:
    return [line for line in csv.reader(io.StringIO(text)) if line]


def _record(told: Mapping[str, Any]) -> Record:
    captured, event = told["captureData"], told["eventMetadata"]
    sides = [Side.of(captured[name]) if name in captured else None for name in (INPUT, OUTPUT)]
    metadata = Metadata(
        event.get("eventId", ""),
        event.get("inferenceId", ""),
        event.get("inferenceTime", ""),
        tuple(event.get("customAttributes", ())),
    )
    return Record(metadata, sides[0], sides[1], str(told.get("eventVersion", "0")))


def _lines(folder: Path) -> Iterator[tuple[str, str]]:
    """The lines of all files below a folder that say something, and where each is."""
    for file in files(folder):
        with file.open(encoding="utf-8") as content:
            try:
                for number, line in enumerate(content, 1):
                    if line.strip():
                        yield f"Line {number} of {file.name}", line
            except UnicodeDecodeError as error:
                raise Unusable(f"{file.name} is no text: {error}") from error
