"""The way of a job from its making to its end, by a launcher that tells what the test wants."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.containers import work
from studiolo.containers.launcher import OnEnd
from studiolo.containers.work import Metric, Report, Stage, Work
from studiolo.domain import Conflict, Scope
from studiolo.ml.errors import NameInUse
from studiolo.ml.jobs.job import Job
from studiolo.ml.jobs.jobs import Jobs
from studiolo.ml.jobs.queue import Queue
from studiolo.ml.tables import training_jobs
from studiolo.state import State
from tests.waiting import until

SCOPE = Scope("000000000000", "eu-central-1")
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Launcher:
    """Knows what was begun; its reports and ends are the test's."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.reports: dict[str, Report] = {}
        self.asked: list[tuple[str, bool]] = []
        self._followed: dict[str, OnEnd] = {}

    def start(self, wanted: Work) -> None:
        self.begun.append(wanted.id)
        self._followed.pop(wanted.id, None)

    def report(self, wanted: str) -> Report | None:
        return self.reports.get(wanted)

    def measured(self, _work: str, since: int) -> tuple[list[Metric], int]:
        return [], since

    def follow(self, wanted: str, on_end: OnEnd) -> None:
        self._followed[wanted] = on_end

    def stop(self, wanted: str, *, interrupt: bool = False) -> None:
        self.asked.append((wanted, interrupt))

    def end(self, wanted: str, grace: float) -> None:
        self.stop(wanted)

    def clear(self, wanted: str) -> None:
        self.reports.pop(wanted, None)

    def known(self, _kind: str) -> list[str]:
        return list(self._followed)

    def over(self, wanted: str, outcome: str | None, reason: str | None = None) -> None:
        """The work of a job ends; without an outcome its runner was killed."""
        if outcome is not None:
            stages = (Stage(work.DOWNLOADING, 1.0), Stage(work.RUNNING, 2.0))
            self.reports[wanted] = Report(stages, ended=BEGIN.timestamp(), outcome=outcome, reason=reason)
        self._followed.pop(wanted)("its process was killed by signal 9.")


class Trade:
    kind, resource, noun, field, table = "training", "training-job", "Training job", "trainingJobName", training_jobs
    again = 0
    wait: float | None = None

    def specification(self, values: Any) -> Any:
        return values

    def work(self, job: Job[Any]) -> Any:
        return SimpleNamespace(id=job.id)

    def measured(self, _job: Job[Any], _metrics: Any) -> None: ...

    def begun(self, job: Job[Any]) -> Job[Any]:
        return job

    def retries(self, _job: Job[Any]) -> int:
        return self.again

    def patience(self, _job: Job[Any]) -> float | None:
        return self.wait

    def claims(self, _waiting: Any) -> list[str]:
        return []

    def kept(self) -> int:
        return 0

    def ended(self, _job: Job[Any]) -> None: ...


class House:
    """Jobs of one core, on a clock that the test holds."""

    def __init__(self, folder: Path) -> None:
        self.state = State(f"sqlite:///{folder / 'state.db'}")
        self.launcher, self.trade, self.now = Launcher(), Trade(), BEGIN
        self.open()

    def open(self) -> None:
        self.queue = Queue(lambda: 1)
        self.jobs: Jobs[Any] = Jobs(self.state, self.launcher, self.queue, self.trade, lambda: self.now)

    def make(self, name: str) -> str:
        self.now += timedelta(seconds=0.1)
        return self.jobs.create(SCOPE, name, {}, {}).id

    def status(self, name: str) -> tuple[str, str]:
        progress = self.jobs.describe(SCOPE, name).progress
        return progress.status, progress.secondary


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.state.close()


def test_a_job_that_waits_begins_when_the_one_before_it_has_ended(house: House) -> None:
    first, second = house.make("first"), house.make("second")
    assert house.status("second") == ("InProgress", "Pending")
    house.launcher.over(first, work.COMPLETED)
    assert house.launcher.begun == [first, second]
    assert (house.status("first"), house.status("second")) == (("Completed", "Completed"), ("InProgress", "Starting"))


def test_a_name_is_taken_once(house: House) -> None:
    house.make("one")
    with pytest.raises(NameInUse, match="must be unique"):
        house.make("one")


def test_a_job_that_waits_is_stopped_at_once_and_one_that_runs_is_asked(house: House) -> None:
    runs = house.make("runs")
    house.make("waits")
    house.jobs.stop(SCOPE, "waits")
    house.jobs.stop(SCOPE, "runs")
    assert (house.status("waits"), house.status("runs")) == (("Stopped", "Stopped"), ("Stopping", "Stopping"))
    assert house.launcher.asked == [(runs, False)]
    house.launcher.over(runs, None)
    assert house.status("runs") == ("Stopped", "Stopped")
    with pytest.raises(Conflict, match="in status Stopped"):
        house.jobs.stop(SCOPE, "runs")


def test_after_an_error_of_ours_a_job_is_begun_again_as_often_as_it_may_be(house: House) -> None:
    house.trade.again = 1
    number = house.make("one")
    house.launcher.over(number, None)
    assert house.launcher.begun == [number, number]
    house.launcher.over(number, None)
    job = house.jobs.describe(SCOPE, "one")
    assert (job.progress.status, job.progress.failure) == (
        "Failed",
        "InternalServerError: its process was killed by signal 9.",
    )


def test_an_error_of_the_program_s_is_final(house: House) -> None:
    house.trade.again = 5
    number = house.make("one")
    house.launcher.over(number, work.FAILED, "AlgorithmError: no, exit code: 1")
    assert house.status("one") == ("Failed", "Failed")
    assert house.launcher.begun == [number]


def test_a_job_whose_instance_was_taken_away_begins_again_before_younger_ones(house: House) -> None:
    first, second = house.make("first"), house.make("second")
    house.jobs.interrupt(SCOPE, "first")
    assert house.launcher.asked == [(first, True)]
    house.launcher.over(first, work.INTERRUPTED)
    assert house.launcher.begun == [first, first]
    house.launcher.over(first, work.COMPLETED)
    assert house.launcher.begun == [first, first, second]


def test_a_job_does_not_wait_for_longer_than_it_has_patience(house: House) -> None:
    house.make("runs")
    house.trade.wait = 60.0
    house.make("waits")
    house.now += timedelta(seconds=61)
    house.open()
    house.jobs.start()
    until(lambda: house.status("waits") == ("Stopped", "MaxWaitTimeExceeded"))


def test_the_next_server_follows_what_runs_and_fails_what_is_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.make("runs")
    waits = house.make("waits")
    house.open()
    house.jobs.start()
    house.launcher.over(number, work.COMPLETED)
    assert house.launcher.begun == [number, waits]
    monkeypatch.setattr(house.launcher, "known", lambda _kind: [])
    house.open()
    house.jobs.start()
    assert house.jobs.describe(SCOPE, "waits").progress.failure == (
        "InternalServerError: its process has ended while the server was down."
    )


def test_a_job_that_cannot_be_launched_has_failed_in_the_words_of_what_is_in_the_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_work: Work) -> None:
        raise Conflict("The role is gone.")

    monkeypatch.setattr(house.launcher, "start", refuses)
    house.make("one")
    progress = house.jobs.describe(SCOPE, "one").progress
    assert progress.failure == "ClientError: the job cannot be started: The role is gone."
