"""A job's account of itself: its folder's files, its transitions."""

from pathlib import Path

from studiolo.containers.work import Metric
from studiolo.ml.training.job import Progress, Transition, moved
from studiolo.ml.training.plan import JobFolder


def test_progress_survives_its_file(tmp_path: Path) -> None:
    progress = Progress(
        status="Completed",
        transitions=moved(moved((), "Starting", 1.0), "Completed", 2.5),
        metrics=(Metric("loss", 0.5, 2.0),),
        started=1.0,
        ended=2.5,
        model="s3://bucket/model.tar.gz",
    )
    JobFolder(tmp_path).report(progress)
    assert JobFolder(tmp_path).progress() == progress


def test_there_is_no_progress_before_the_runner_wrote_any(tmp_path: Path) -> None:
    assert JobFolder(tmp_path).progress() is None


def test_a_transition_ends_the_one_before_it() -> None:
    transitions = moved(moved((), "Starting", 1.0), "Downloading", 2.0)
    assert [(t.status, t.start, t.end) for t in transitions] == [("Starting", 1.0, 2.0), ("Downloading", 2.0, None)]


def test_the_same_status_twice_is_one_transition() -> None:
    once = moved((), "Training", 1.0)
    assert moved(once, "Training", 2.0) == once


def test_a_job_that_has_ended_has_an_ended_transition() -> None:
    assert moved((), "Failed", 3.0, "why") == (Transition("Failed", 3.0, 3.0, "why"),)


def test_a_stop_asked_for_before_the_runner_began_is_heard(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "job")
    folder.ask_to_stop()
    assert folder.asked_to_stop
