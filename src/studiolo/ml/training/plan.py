"""The files by which the server and a job's runner speak: job.json there, progress.json back, stop to end early."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.files import take_json, write_json
from studiolo.containers.program import Start
from studiolo.ml.training.job import Progress, TrainingSpecification


@dataclass(frozen=True)
class Plan:
    """All that a runner needs to carry out one job: it asks neither the server nor the database."""

    name: str
    specification: TrainingSpecification
    start: Start
    metrics: tuple[MetricDefinition, ...]
    log: str
    progress: Progress


class JobFolder:
    """The folder of one job. Every file in it is replaced whole, so a reader never sees half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path / "ml"
        """What the algorithm sees as /opt/ml."""

    def create(self, plan: Plan) -> None:
        """Leave the plan in the folder, readable by its owner alone."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(self.path / "job.json", asdict(plan))

    def take_plan(self) -> Plan:
        """The plan, which is gone then."""
        values = take_json(self.path / "job.json")
        return Plan(
            **{
                **values,
                "specification": TrainingSpecification.from_json(values["specification"]),
                "start": Start.from_json(values["start"]),
                "metrics": tuple(MetricDefinition(**metric) for metric in values["metrics"]),
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
        write_json(self.path / "progress.json", progress.to_json())

    def ask_to_stop(self) -> None:
        """Leave word that the job is to stop: a runner that is only just starting reads it, and misses signals."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.path / "stop").touch()

    @property
    def asked_to_stop(self) -> bool:
        return (self.path / "stop").exists()
