"""Data processing: a part of each record goes to the model, and its answer is joined to the record, or filtered.

Source: "Associate Prediction Results with Input Records" (Developer Guide). A CSV row is taken as a list of its cells.
"""

import csv
import io
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Literal

from studiolo.containers.batch.paths import Path
from studiolo.containers.batch.specification import Batch
from studiolo.domain import Invalid

Format = Literal["csv", "json", "jsonlines"]
FORMATS: Mapping[str, Format] = {
    "text/csv": "csv",
    "application/json": "json",
    "application/jsonlines": "jsonlines",
}
OUTPUT, INPUT = "SageMakerOutput", "SageMakerInput"
INFERENCE, TIME = "SageMakerInferenceId", "SageMakerInferenceTime"


def format_of(content_type: str) -> Format:
    """Raises Invalid for a content type that data processing does not know."""
    found = FORMATS.get(content_type.partition(";")[0].strip().lower())
    if found is None:
        raise Invalid(
            f"DataProcessing takes the content types {', '.join(FORMATS)}, not '{content_type}': it looks into records"
        )
    return found


class Processing:
    """What is done to the records of a job, and to the answers to them."""

    def __init__(self, batch: Batch) -> None:
        self._format = format_of(batch.content_type)
        self._joined = batch.joined
        self._assembled = batch.lines
        self._identified = batch.identified
        self._before, self._after = Path(batch.input_filter), Path(batch.output_filter)
        self.in_lines = self._format != "json"
        """Whether an object that is not split is rows all the same."""

    def asked(self, records: Sequence[bytes]) -> bytes:
        """The body of the request for these records."""
        return b"".join(_formed(self._before.of(_parsed(each, self._format)), self._format) for each in records)

    def answered(self, records: Sequence[bytes], body: bytes, content_type: str) -> bytes:
        """What is written for these records and the body that answers them. Raises Invalid where they do not match."""
        given = format_of(content_type)
        answers = [body] if len(records) == 1 and given == "json" else [line for line in _rows(body) if line.strip()]
        if len(answers) != len(records):
            raise Invalid(
                f"The model answered {len(answers)} records to {len(records)}: to join or filter, it must answer one a "
                f"line for each; set BatchStrategy SingleRecord, or Accept application/jsonlines or text/csv"
            )
        written = []
        for record, answer in zip(records, answers, strict=True):
            value, of = _parsed(answer, given), given
            if self._joined:
                value, of = self._join(record, value, given)
            value = self._after.of(value)
            written.append(_formed(_identified(value, of) if self._identified else value, of))
        return b"".join(written) if self._assembled or self.in_lines or len(written) > 1 else written[0].rstrip(b"\n")

    def _join(self, record: bytes, answer: Any, given: Format) -> tuple[Any, Format]:
        value = _parsed(record, self._format)
        if self._format == "csv":
            if given != "csv":
                raise Invalid("The answer to a CSV row can be joined to it as CSV: set Accept to text/csv")
            return [*value, *answer], "csv"
        if isinstance(value, dict):
            return {**value, OUTPUT: answer}, "jsonlines"
        return {INPUT: value, OUTPUT: answer}, "jsonlines"


def _identified(value: Any, of: Format) -> Any:
    """The answer with what ground truth names it by, and when it was given."""
    name, at = str(uuid.uuid4()), f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    if of == "csv":
        return [*(value if isinstance(value, list) else [value]), name, at]
    return {**(value if isinstance(value, dict) else {OUTPUT: value}), INFERENCE: name, TIME: at}


def _rows(body: bytes) -> list[bytes]:
    return body.split(b"\n")


def _parsed(record: bytes, of: Format) -> Any:
    try:
        text = record.decode()
        if of == "csv":
            return next(csv.reader([text.rstrip("\r\n")]), [])
        return json.loads(text)
    except (ValueError, csv.Error, RecursionError) as error:
        raise Invalid(f"A record is no {'CSV' if of == 'csv' else 'JSON'}: {error}") from error


def _formed(value: Any, of: Format) -> bytes:
    """A line of it."""
    if of != "csv":
        return json.dumps(value).encode() + b"\n"
    into = io.StringIO()
    cells = value if isinstance(value, list) else [value]
    if any(isinstance(cell, (list, dict)) for cell in cells):
        raise Invalid("A JSONPath of CSV data must select cells of a row")
    csv.writer(into, lineterminator="\n").writerow(cells)
    return into.getvalue().encode()
