"""The files by which the server and a job's runner speak: job.json there, progress.json back, stop to end early."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studiolo.ml.training.job import MetricDefinition, Progress, TrainingSpecification


@dataclass(frozen=True)
class Store:
    """The object store, as the runner reaches it."""

    endpoint: str
    access_key: str
    secret_key: str


@dataclass(frozen=True)
class Plan:
    """All that a runner needs to carry out one job: it asks neither the server nor the database."""

    name: str
    arn: str
    region: str
    specification: TrainingSpecification
    command: tuple[str, ...]
    environment: Mapping[str, str]
    metrics: tuple[MetricDefinition, ...]
    store: Store
    log: str
    progress: Progress


class JobFolder:
    """The folder of one job. Every file in it is replaced whole, so a reader never sees half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path / "ml"
        """What the algorithm sees as /opt/ml."""

    def create(self, plan: Plan) -> None:
        """Make the folder, readable by its owner alone: the plan holds keys."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._replace("job.json", asdict(plan))

    def take_plan(self) -> Plan:
        """The plan, which is gone then: the algorithm that runs beside must not find the engines' key in it."""
        file = self.path / "job.json"
        values = json.loads(file.read_text())
        file.unlink()
        return Plan(
            **{
                **values,
                "specification": TrainingSpecification.from_json(values["specification"]),
                "command": tuple(values["command"]),
                "metrics": tuple(MetricDefinition(**metric) for metric in values["metrics"]),
                "store": Store(**values["store"]),
                "progress": Progress.from_json(values["progress"]),
            }
        )

    def progress(self) -> Progress | None:
        """What the runner wrote last; None before it wrote anything."""
        try:
            return Progress.from_json(json.loads((self.path / "progress.json").read_text()))
        except FileNotFoundError:
            return None

    def report(self, progress: Progress) -> None:
        self._replace("progress.json", progress.to_json())

    def ask_to_stop(self) -> None:
        """Leave word that the job is to stop: a runner that is only just starting reads it, and misses signals."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.path / "stop").touch()

    @property
    def asked_to_stop(self) -> bool:
        return (self.path / "stop").exists()

    def _replace(self, name: str, values: Any) -> None:
        temporary = self.path / f".{name}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(values, file)
        temporary.replace(self.path / name)
