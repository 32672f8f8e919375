"""Datasets as frames of texts, of which what is missing is None. All of one is held in memory."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from studiolo.ml.monitoring.analyzer.captured import Preprocessor, files, flat, labels, positional, rows
from studiolo.ml.monitoring.analyzer.told import GROUND_TRUTH, Told, Unusable

INFERENCE, TIME = "SageMakerInferenceId", "SageMakerInferenceTime"
CAPTURED = ("sagemakerCaptureJson", "sagemakerMergeJson")


def dataset(told: Told, preprocess: Preprocessor | None) -> pd.DataFrame:
    """The rows of what is to be analyzed. Raises Unusable where there are none, or they cannot be read."""
    if told.kind in CAPTURED:
        truth = None if told.labels is None else labels(told.labels)
        frame = _framed(rows(told, truth, preprocess))
        if frame.empty:
            what = "calls" if truth is None else "calls with ground truth"
            raise Unusable(f"No {what} were captured between {told.start} and {told.end}.")
        return frame
    found = files(told.source)
    if not found:
        raise Unusable(f"There are no files in {told.source}.")
    try:
        frame = _read(told, found)
    except (ValueError, UnicodeDecodeError, KeyError, OSError) as error:
        raise Unusable(f"The dataset cannot be read as {told.kind}: {error}") from error
    if frame.empty:
        raise Unusable("The dataset has no rows.")
    return frame if told.labels is None else _judged(frame, labels(told.labels))


def _judged(frame: pd.DataFrame, truth: Mapping[str, str]) -> pd.DataFrame:
    """The answers of transform jobs that have a label, with it: each ends with its id and its time."""
    name, at = (INFERENCE, TIME) if INFERENCE in frame.columns else frame.columns[-2:]
    merged = frame.drop(columns=[name, at]).assign(**{GROUND_TRUTH: frame[name].map(truth)})
    merged = merged[merged[GROUND_TRUTH].notna()].reset_index(drop=True)
    if merged.empty:
        raise Unusable(
            "No answer has ground truth: that names what GenerateInferenceId of the transform job's DataCaptureConfig "
            "has put behind each."
        )
    return merged


def _read(told: Told, found: Sequence[Path]) -> pd.DataFrame:
    if told.kind == "csv":
        header = _flag(told.options.get("header", False))
        return pd.concat([_csv(file, header=header) for file in found], ignore_index=True)
    if told.kind == "json":
        by_line = _flag(told.options.get("lines", told.options.get("line", True)))
        objects: list[Any] = []
        for file in found:
            text = file.read_text(encoding="utf-8")
            pieces = [line for line in text.splitlines() if line.strip()] if by_line else [text]
            for piece in map(json.loads, pieces):
                objects.extend(piece if isinstance(piece, list) and not by_line else [piece])
        return _framed(flat(each) if isinstance(each, dict) else positional(each) for each in objects)
    if told.kind == "parquet":
        return _texts(pd.concat([pd.read_parquet(file) for file in found], ignore_index=True))
    raise Unusable(f"The dataset_format {told.kind} is not known: it is csv, json, parquet or sagemakerCaptureJson.")


def _csv(file: Path, *, header: bool) -> pd.DataFrame:
    if not file.stat().st_size:
        return pd.DataFrame()
    frame = pd.read_csv(file, header=0 if header else None, dtype=str, keep_default_na=False, na_values=[""])
    if not header:
        frame.columns = pd.Index([f"_c{number}" for number in range(len(frame.columns))])
    return _texts(frame)


def _framed(objects: Iterable[dict[str, Any]]) -> pd.DataFrame:
    found = [{name: _text(value) for name, value in each.items()} for each in objects]
    return pd.DataFrame(found, dtype=object)


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    made: pd.DataFrame = frame.astype(object).map(_text)
    return made


def _text(value: Any) -> str | None:
    """A value as CSV would have it."""
    if value is None or value is pd.NA or value is pd.NaT or value == "" or value != value:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flag(value: Any) -> bool:
    return value in (True, "true", "True", ["true"])
