"""Jobs wait for a core in the order of their making, whatever they do; one that is kept for a job is that job's."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from studiolo.ml.jobs.queue import Candidate, Queue

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Lane:
    def __init__(self, launched: list[int]) -> None:
        self.taken = 0
        self.jobs: dict[int, bool] = {}
        self._launched = launched

    def running(self) -> int:
        return self.taken

    def waiting(self) -> list[Candidate]:
        return [Candidate(BEGIN + timedelta(n), self._launch(n), kept) for n, kept in self.jobs.items()]

    def _launch(self, number: int) -> Callable[[], None]:
        def launch() -> None:
            del self.jobs[number]
            self.taken += 1
            self._launched.append(number)

        return launch


def test_the_oldest_of_all_kinds_begin_first() -> None:
    launched: list[int] = []
    queue, training, processing = Queue(lambda: 3), Lane(launched), Lane(launched)
    queue.join(training)
    queue.join(processing)
    training.jobs, processing.jobs = {1: False, 4: False}, {2: False, 3: False}
    queue.advance()
    assert launched == [1, 2, 3]
    processing.taken -= 1
    queue.advance()
    assert launched == [1, 2, 3, 4]


def test_a_job_for_which_a_core_is_kept_passes_those_that_wait() -> None:
    launched: list[int] = []
    queue, lane = Queue(lambda: 1), Lane(launched)
    queue.join(lane)
    lane.taken, lane.jobs = 1, {1: False, 2: True}
    queue.advance()
    assert launched == [2]


def test_nothing_begins_once_it_is_closed() -> None:
    launched: list[int] = []
    queue, lane = Queue(lambda: 1), Lane(launched)
    queue.join(lane)
    lane.jobs, queue.closed = {1: False}, True
    queue.advance()
    assert launched == []
