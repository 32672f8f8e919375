"""What the program is told by its variables. Source: "Container Contract Inputs", and what AWS's SDK sets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

QUALITY = "MODEL_QUALITY"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
GROUND_TRUTH = "groundTruthData"
"""The attribute under which labels are merged."""


class Unusable(Exception):
    """What was asked for cannot be done with what is there, and why."""


@dataclass(frozen=True)
class Told:
    """source: the folder of the data in `format`; output: that of what is written.

    constraints, statistics: files of the baseline; labels: the folder of ground truth, by which calls are judged.
    start, end: of captured calls only those since the one, and before the other. output_first: whether the model's
    answer is before what it was asked, as in the baseline's rows.
    """

    source: Path
    output: Path
    format: Mapping[str, Any]
    constraints: Path | None = None
    statistics: Path | None = None
    labels: Path | None = None
    preprocessor: Path | None = None
    postprocessor: Path | None = None
    published: bool = False
    endpoint: str = ""
    schedule: str = ""
    start: datetime | None = None
    end: datetime | None = None
    quality: bool = False
    problem: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    drift_method: str = "LInfinity"
    output_first: bool = True

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Told":
        """Raises Unusable for variables that say nothing that can be done."""
        for needed in ("dataset_source", "dataset_format", "output_path"):
            if not variables.get(needed):
                raise Unusable(f"The environment variable {needed} is needed.")
        try:
            given = json.loads(variables["dataset_format"])
        except ValueError as error:
            raise Unusable(f"The environment variable dataset_format is no JSON: {error}") from error
        if not isinstance(given, dict) or len(given) != 1:
            raise Unusable("The environment variable dataset_format must name one format, as csv or json.")
        names = ("inference", "probability", "probability_threshold", "ground_truth", "exclude_features")
        attributes = {name: found for name in names if (found := variables.get(f"{name}_attribute"))}
        return cls(
            Path(variables["dataset_source"]),
            Path(variables["output_path"]),
            given,
            _path(variables, "baseline_constraints"),
            _path(variables, "baseline_statistics"),
            _path(variables, "ground_truth_source"),
            _path(variables, "record_preprocessor_script"),
            _path(variables, "post_analytics_processor_script"),
            variables.get("publish_cloudwatch_metrics") == "Enabled",
            variables.get("sagemaker_endpoint_name", ""),
            variables.get("sagemaker_monitoring_schedule_name", ""),
            _moment(variables, "start_time"),
            _moment(variables, "end_time"),
            variables.get("analysis_type") == QUALITY,
            variables.get("problem_type", ""),
            attributes,
            variables.get("categorical_drift_method", "LInfinity"),
            variables.get("output_columns_position", "START").upper() != "END",
        )

    @property
    def kind(self) -> str:
        """The name of the format."""
        return next(iter(self.format))

    @property
    def options(self) -> Mapping[str, Any]:
        """What is said of the format."""
        found: Mapping[str, Any] = self.format[self.kind] or {}
        return found


def _path(variables: Mapping[str, str], name: str) -> Path | None:
    return Path(variables[name]) if variables.get(name) else None


def _moment(variables: Mapping[str, str], name: str) -> datetime | None:
    if not variables.get(name):
        return None
    try:
        return datetime.strptime(variables[name], MOMENT).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise Unusable(f"The environment variable {name} is no moment of the form 2026-01-31T07:00:00Z.") from error
