"""A job's account of itself: what its work reports becomes statuses, transitions and an end."""

from studiolo.containers import work
from studiolo.containers.work import Metric, Report, Stage
from studiolo.ml.jobs.job import Progress, Transition, moved, seconds_run

STAGES = (Stage(work.DOWNLOADING, 2.0), Stage(work.RUNNING, 3.0), Stage(work.UPLOADING, 8.0))


def begun() -> Progress:
    """A job that waited from 0 to 0.5, and began then."""
    return Progress(transitions=moved((), "Pending", 0.0)).begun(0.5)


def statuses(progress: Progress) -> list[str]:
    return [transition.status for transition in progress.transitions]


def test_progress_survives_its_json() -> None:
    progress = begun().told(Report(STAGES, (Metric("loss", 0.5, 2.0),), {"model": "s3://b/m"}, 9.0, work.COMPLETED))
    assert Progress.from_json(progress.to_json()) == progress


def test_a_transition_ends_the_one_before_it() -> None:
    transitions = moved(moved((), "Starting", 1.0), "Downloading", 2.0)
    assert [(t.status, t.start, t.end) for t in transitions] == [("Starting", 1.0, 2.0), ("Downloading", 2.0, None)]


def test_the_same_status_again_is_one_transition_with_the_later_message() -> None:
    once = moved((), "Downloading", 1.0, "the image")
    assert moved(once, "Downloading", 2.0, "the data") == (Transition("Downloading", 1.0, None, "the data"),)


def test_a_job_that_has_ended_has_an_ended_transition() -> None:
    assert moved((), "Failed", 3.0, "why") == (Transition("Failed", 3.0, 3.0, "why"),)


def test_what_is_reported_is_told_the_same_however_often() -> None:
    once = begun().told(Report(STAGES[:2]))
    assert statuses(once) == ["Starting", "Downloading", "Training"]
    assert once.told(Report(STAGES[:2])) == once
    done = once.told(Report(STAGES, ended=9.0, outcome=work.COMPLETED))
    assert (statuses(done)[-2:], done.status, done.started, done.ended) == (
        ["Uploading", "Completed"],
        "Completed",
        2.0,
        9.0,
    )


def test_a_wait_of_more_than_a_second_is_told() -> None:
    assert statuses(Progress(transitions=moved((), "Pending", 0.0)).begun(5.0)) == ["Pending", "Starting"]


def test_a_job_that_was_asked_to_stop_is_stopping_whatever_stage_its_work_is_in() -> None:
    asked = begun().told(Report(STAGES[:2])).entered("Stopping", 4.0, "Stopping")
    stopping = Progress(**{**asked.__dict__, "stopping": 4.0})
    assert statuses(stopping.told(Report(STAGES)))[-2:] == ["Training", "Stopping"]
    ended = stopping.told(Report(STAGES, ended=9.0, outcome=work.INTERRUPTED))
    assert (ended.status, statuses(ended)[-1]) == ("Stopped", "Stopped")


def test_a_job_whose_time_was_over_uploads_and_says_so() -> None:
    ended = begun().told(Report(STAGES, ended=9.0, outcome=work.OVERDUE))
    assert (ended.status, statuses(ended)[-2:]) == ("Stopped", ["Uploading", "MaxRuntimeExceeded"])


def test_an_attempt_after_an_interruption_is_told_behind_the_first() -> None:
    taken = begun().told(Report(STAGES, ended=9.0, outcome=work.INTERRUPTED))
    assert taken.status == "InProgress"
    again = taken.entered("Interrupted", 9.0)
    second = Progress(**{**again.__dict__, "before": len(again.transitions)}).begun(10.0)
    told = second.told(Report((Stage(work.DOWNLOADING, 11.0),)))
    assert statuses(told) == [*statuses(again), "Starting", "Downloading"]
    assert (told.started, told.attempts) == (2.0, 2)


def test_what_the_programs_ran_is_what_is_between_download_and_upload() -> None:
    assert seconds_run(Report(STAGES), until=100.0) == 5.0
    assert seconds_run(Report(STAGES[:2]), until=100.0) == 97.0
    assert seconds_run(None, until=100.0) == 0.0
