"""Schedules are kept to whatever becomes of the server: each run is begun once, and followed to its end."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.containers.image import Image
from studiolo.domain import Invalid, NotFound, Scope
from studiolo.ml.errors import NameInUse, RecordMissing
from studiolo.ml.jobs.job import Progress
from studiolo.ml.listing import Listing
from studiolo.ml.monitoring.model import DATA, QUALITY, Analysis, Calls, Execution, Plan
from studiolo.ml.monitoring.monitoring import Monitoring
from studiolo.ml.processing.specification import ProcessingSpecification
from studiolo.ml.resources import Capture
from studiolo.ml.tags import Tags
from studiolo.state import State

SCOPE = Scope("000000000000", "us-east-1")
ANALYSIS = Analysis(
    DATA, "image", "role", Calls("air", "/opt/ml/processing/input"), "s3://b/reports", "/opt/ml/processing/out"
)
HOURLY = Plan(DATA, "cron(0 * ? * * *)", analysis=ANALYSIS)
SOMEBODY: Any = object()


class World:
    """Everything around monitoring: S3 that has calls or not, an endpoint, processing jobs, a clock."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.time = datetime(2026, 1, 1, 7, 30, tzinfo=timezone.utc)
        self.calls = True
        self.jobs: dict[str, ProcessingSpecification] = {}
        self.progress = Progress()

    def monitoring(self) -> Monitoring:
        around: Any = SimpleNamespace(
            check_role=lambda *_: None, check_output=lambda *_: None, sees=lambda *_: self.calls
        )
        images: Any = SimpleNamespace(resolve=lambda *_, **__: Image("analyzer", process=("analyze",)))
        processing: Any = SimpleNamespace(submit=self.submit, describe=self.describe)
        variant = SimpleNamespace(variant=SimpleNamespace(name="all"))
        served = SimpleNamespace(capture=Capture("s3://b/captured", 100, ("Input",)), variants=(variant,))
        endpoints: Any = SimpleNamespace(get=lambda *_: SimpleNamespace(deployed=served, desired=None))
        return Monitoring(
            self.state, around, images, processing, endpoints, lambda: None, Tags(self.state), lambda: self.time
        )

    def submit(self, _scope: Scope, name: str, asked: ProcessingSpecification, _tags: Mapping[str, str]) -> None:
        if name in self.jobs:
            raise NameInUse(name)
        self.jobs[name] = asked

    def describe(self, _scope: Scope, name: str) -> Any:
        if name not in self.jobs:
            raise NotFound(name)
        return SimpleNamespace(progress=self.progress)


@pytest.fixture
def world(state: State) -> World:
    return World(state)


def runs(monitoring: Monitoring) -> list[Execution]:
    """Oldest first."""
    return list(monitoring.executions(SCOPE, Listing(descending=False)).items)


def test_an_hourly_schedule_runs_over_the_calls_of_the_hour_that_ended(world: World) -> None:
    monitoring = world.monitoring()
    monitoring.create(SCOPE, SOMEBODY, "air", HOURLY, {})
    monitoring.look()
    assert runs(monitoring) == []
    world.time += timedelta(minutes=31)
    monitoring.look()
    monitoring.look()
    [(name, asked)] = world.jobs.items()
    assert name.startswith("model-monitoring-202601010800-")
    [calls] = asked.inputs
    assert (calls.uri, calls.path) == (
        "s3://b/captured/air/all/2026/01/01/07",
        "/opt/ml/processing/input/air/all/2026/01/01/07",
    )
    assert asked.outputs[0].uri == "s3://b/reports/air/air/2026/01/01/08"
    told = asked.environment
    assert (told["start_time"], told["end_time"]) == ("2026-01-01T07:00:00Z", "2026-01-01T08:00:00Z")
    assert [each.status for each in runs(monitoring)] == ["InProgress"]
    world.progress = Progress(status="Completed", message="CompletedWithViolations: of 2")
    assert [each.status for each in runs(monitoring)] == ["CompletedWithViolations"]


def test_a_server_that_was_killed_at_any_moment_leaves_no_run_out_and_does_none_twice(world: World) -> None:
    world.monitoring().create(SCOPE, SOMEBODY, "air", HOURLY, {})
    world.time += timedelta(hours=5)
    killed = world.monitoring()
    killed._change = lambda *_, **__: None  # type: ignore[method-assign]  # killed before it can say that it began
    killed.look()
    assert len(world.jobs) == 1
    monitoring = world.monitoring()
    monitoring.look()
    [execution] = runs(monitoring)
    assert (execution.begun, execution.scheduled) == (True, datetime(2026, 1, 1, 12, tzinfo=timezone.utc))
    assert len(world.jobs) == 1


def test_an_hour_without_calls_is_a_failed_run_that_says_so_and_the_schedule_goes_on(world: World) -> None:
    monitoring, world.calls = world.monitoring(), False
    monitoring.create(SCOPE, SOMEBODY, "air", HOURLY, {})
    world.time += timedelta(hours=1)
    monitoring.look()
    [execution] = runs(monitoring)
    assert (execution.status, execution.job) == ("Failed", None)
    assert execution.failure is not None
    assert execution.failure.startswith("Job inputs had no data: no calls of endpoint air were captured between 2026")
    world.calls, world.time = True, world.time + timedelta(hours=1)
    monitoring.look()
    assert [each.status for each in runs(monitoring)] == ["Failed", "InProgress"]


def test_a_schedule_that_is_stopped_does_not_run_until_it_is_started_and_one_deleted_leaves_its_runs(
    world: World,
) -> None:
    monitoring = world.monitoring()
    monitoring.create(SCOPE, SOMEBODY, "air", HOURLY, {})
    monitoring.stop(SCOPE, "air")
    world.time += timedelta(hours=3)
    monitoring.look()
    assert monitoring.schedule(SCOPE, "air").status == "Stopped"
    assert world.jobs == {}
    monitoring.begin(SCOPE, "air")
    world.time += timedelta(hours=1)
    monitoring.look()
    monitoring.delete(SCOPE, "air")
    with pytest.raises(RecordMissing):
        monitoring.schedule(SCOPE, "air")
    world.time += timedelta(hours=3)
    monitoring.look()
    assert len(runs(monitoring)) == 1


def test_a_schedule_of_now_runs_once_and_of_a_definition_that_is_gone_fails(world: World) -> None:
    monitoring = world.monitoring()
    monitoring.define(SCOPE, SOMEBODY, "known", ANALYSIS, {})
    once = Plan(DATA, "NOW", "-PT2H", "-PT0H", definition="known")
    monitoring.create(SCOPE, SOMEBODY, "air", once, {})
    world.time += timedelta(seconds=1)
    monitoring.look()
    [asked] = world.jobs.values()
    assert [each.uri[-2:] for each in asked.inputs] == ["05", "06", "07"]
    world.time += timedelta(days=1)
    monitoring.look()
    assert len(runs(monitoring)) == 1
    monitoring.update(SCOPE, SOMEBODY, "air", replace(once, start="-PT1H"))
    monitoring.undefine(SCOPE, DATA, "known")
    world.time += timedelta(seconds=1)
    monitoring.look()
    failed = runs(monitoring)[-1]
    assert (failed.status, failed.failure) == (
        "Failed",
        "The job definition arn:aws:sagemaker:us-east-1:000000000000:data-quality-job-definition/known cannot be found.",
    )


def test_a_second_of_a_name_and_what_could_never_run_are_refused(world: World) -> None:
    monitoring = world.monitoring()
    monitoring.create(SCOPE, SOMEBODY, "air", HOURLY, {})
    with pytest.raises(NameInUse):
        monitoring.create(SCOPE, SOMEBODY, "air", HOURLY, {})
    for offsets in ({"end": "PT1H"}, {"start": "-PT1H", "end": "-PT2H"}, {"start": "soon"}):
        wrong = replace(ANALYSIS, calls=replace(ANALYSIS.calls, **offsets))
        with pytest.raises(Invalid):
            monitoring.define(SCOPE, SOMEBODY, "wrong", wrong, {})
    with pytest.raises(Invalid, match="needs a ProblemType and a GroundTruthS3Input"):
        monitoring.define(SCOPE, SOMEBODY, "unlabeled", replace(ANALYSIS, kind=QUALITY), {})
