"""An analysis from its dataset to what is written of it."""

import json
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from inspect import signature
from logging import getLogger
from pathlib import Path
from typing import Any

import pandas as pd

from studiolo.ml.monitoring.analyzer import captured, publishing, quality
from studiolo.ml.monitoring.analyzer.columns import columns_of
from studiolo.ml.monitoring.analyzer.constraints import ENABLED, suggested
from studiolo.ml.monitoring.analyzer.datasets import CAPTURED, dataset
from studiolo.ml.monitoring.analyzer.statistics import statistics
from studiolo.ml.monitoring.analyzer.told import MOMENT, Told, Unusable
from studiolo.ml.monitoring.analyzer.violations import check

STATISTICS, CONSTRAINTS, VIOLATIONS = "statistics.json", "constraints.json", "constraint_violations.json"


@dataclass(frozen=True)
class Found:
    """What is written, and told to CloudWatch. violations: None where there was nothing to be checked against."""

    statistics: Mapping[str, Any]
    constraints: Mapping[str, Any]
    violations: Sequence[Mapping[str, str]] | None = None
    metrics: Sequence[Mapping[str, Any]] = field(default_factory=list)


def analyze(told: Told) -> str:
    """Analyze and write; the message of how it went. Raises Unusable."""
    preprocess = None if told.preprocessor is None else _preprocessor(told.preprocessor)
    if preprocess is not None and told.kind not in CAPTURED:
        print(f"The record preprocessor is for captured calls: a dataset in {told.kind} goes without it.", flush=True)
    frame = dataset(told, preprocess)
    print(f"Analyzing {len(frame)} rows of {len(frame.columns)} columns.", flush=True)
    found = _quality(told, frame) if told.quality else _data(told, frame)
    told.output.mkdir(parents=True, exist_ok=True)
    _write(told.output / STATISTICS, found.statistics)
    _write(told.output / CONSTRAINTS, found.constraints)
    if found.violations is not None:
        _write(told.output / VIOLATIONS, {"violations": list(found.violations)})
    if told.postprocessor is not None:
        _handler(told.postprocessor, "postprocess_handler")()
    if told.published and found.metrics:
        _publish(told, found.metrics)
    if not found.violations:
        return "Completed: Job completed successfully with no violations."
    return f"CompletedWithViolations: Job completed successfully with {len(found.violations)} violations."


def _data(told: Told, frame: pd.DataFrame) -> Found:
    known = _baseline(told.constraints)
    if known is not None:
        frame = _named(frame, [each["name"] for each in known.get("features", [])])
    excluded = _excluded(frame, told.attributes.get("exclude_features", ""))
    columns = columns_of(frame.drop(columns=excluded))
    document = statistics(len(frame), columns)
    limits = suggested(columns, told.drift_method)
    if known is None:
        return Found(document, limits, None, list(publishing.data_metrics(document, {})))
    left = [each for each in known.get("features", []) if each["name"] not in excluded]
    checked = check({**known, "features": left}, _baseline(told.statistics), columns)
    emitted = known.get("monitoring_config", {}).get("emit_metrics", ENABLED) == ENABLED
    metrics = list(publishing.data_metrics(document, checked.distances)) if emitted else []
    return Found(document, limits, checked.violations, metrics)


def _quality(told: Told, frame: pd.DataFrame) -> Found:
    rows = quality.judged(told, frame)
    measured = quality.metrics(told.problem, rows)
    window = {"start_time": told.start, "end_time": told.end, "evaluation_time": datetime.now(timezone.utc)}
    times = {name: at.strftime(MOMENT) for name, at in window.items() if at is not None}
    document = {
        "version": 0.0,
        "dataset": {"item_count": len(rows), **times},
        f"{quality.SECTIONS[told.problem]}_metrics": measured,
    }
    known = _baseline(told.constraints)
    violated = None if known is None else quality.violations(told.problem, known, measured)
    limits = quality.constraints(told.problem, measured)
    return Found(document, limits, violated, list(publishing.quality_metrics(measured)))


def _named(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns without names of their own are the baseline's, in its order, where there are as many."""
    if len(frame.columns) == len(names) and all(str(name).startswith("_c") for name in frame.columns):
        return frame.set_axis(pd.Index(names), axis=1)
    return frame


def _excluded(frame: pd.DataFrame, names: str) -> list[str]:
    """The columns that an attribute names, by their names or numbers with commas between."""
    found = []
    for name in filter(None, (each.strip() for each in names.split(","))):
        column = str(frame.columns[int(name)]) if name.isdecimal() and int(name) < len(frame.columns) else name
        if column not in frame.columns:
            raise Unusable(f"The exclude_features_attribute '{name}' is none of the columns.")
        found.append(column)
    return found


def _baseline(file: Path | None) -> Mapping[str, Any] | None:
    """A document of a baseline: of a folder, the one in it."""
    if file is None:
        return None
    if file.is_dir():
        file = next(iter(captured.files(file)), file)
    try:
        found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unusable(f"{file} of the baseline cannot be read: {error}") from error
    return found


def _preprocessor(script: Path) -> captured.Preprocessor:
    handler = _handler(script, "preprocess_handler")
    with_log = len(signature(handler).parameters) > 1
    log = getLogger("preprocessor")
    return lambda record: handler(record, log) if with_log else handler(record)


def _handler(script: Path, name: str) -> Callable[..., Any]:
    handler: Callable[..., Any] | None = runpy.run_path(str(script)).get(name)
    if handler is None:
        raise Unusable(f"The script {script.name} has no function {name}.")
    return handler


def _publish(told: Told, metrics: Sequence[Mapping[str, Any]]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        publishing.publish(told, metrics)
    except (BotoCoreError, ClientError) as error:
        # What was found is found all the same.
        print(f"The metrics cannot be told to CloudWatch: {error}", flush=True)


def _write(file: Path, document: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
