"""How far a statement's Spark jobs are: the part of their tasks that have finished, kept in a file for the server."""

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark import SparkContext

FILE = "progress.json"
"""In the session's folder: `{"statement": message id, "progress": 0 to 1}`."""

LOOK_SECONDS = 0.3
"""Between two looks, of which each asks the JVM a few questions."""

NEARLY = 0.99
"""Most that a statement's progress comes to before it has ended: it may start more jobs."""

Tasks = tuple[int, int, bool]
"""Of a job: tasks that have finished, all tasks, and whether it has ended."""


class Progress:
    """Watches one statement at a time, from a thread of its own."""

    def __init__(self, folder: Path, look: Callable[[str, set[int]], dict[int, Tasks]]) -> None:
        self._folder = folder
        self._look = look
        self._statement: str | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._watch, name="progress", daemon=True).start()

    def begin(self, statement: str) -> None:
        self._set(statement)

    def end(self) -> None:
        self._set(None)

    def _set(self, statement: str | None) -> None:
        with self._changed:
            self._statement = statement
            self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._statement is not None)
                statement = self._statement
            assert statement is not None
            self._follow(statement)

    def _follow(self, statement: str) -> None:
        jobs: dict[int, Tasks] = {}
        told = 0.0
        while not self._ended_within(statement, LOOK_SECONDS):
            with contextlib.suppress(Exception):  # the context was stopped, or the JVM is about to end
                jobs.update(self._look(statement, {job for job, (_, _, ended) in jobs.items() if ended}))
            if (reached := fraction(jobs)) > told:
                told = reached
                self._write(statement, told)

    def _ended_within(self, statement: str, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._statement != statement, seconds)

    def _write(self, statement: str, reached: float) -> None:
        file = self._folder / FILE
        with contextlib.suppress(OSError):  # a full disk
            new = file.with_suffix(".new")
            new.write_text(json.dumps({"statement": statement, "progress": round(reached, 4)}))
            new.replace(file)


def fraction(jobs: dict[int, Tasks]) -> float:
    """The part of all tasks that have finished."""
    finished = sum(done for done, _, _ in jobs.values())
    everything = sum(tasks for _, tasks, _ in jobs.values())
    return min(finished / everything, NEARLY) if everything else 0.0


def look(group: str, known: set[int]) -> dict[int, Tasks]:
    """The jobs of a group but for those `known`, as Spark's own pages count them."""
    context = SparkContext._active_spark_context
    if context is None or context._jsc is None:
        return {}
    java: Any = context._jsc
    store = java.sc().statusStore()
    found: dict[int, Tasks] = {}
    for number in java.statusTracker().getJobIdsForGroup(group):
        if number not in known:
            job = store.job(number)
            ended = job.status().toString() != "RUNNING"
            # What was skipped or failed is known of a job that has ended: all of it is done.
            everything = job.numTasks()
            found[number] = (everything if ended else job.numCompletedTasks(), everything, ended)
    return found
