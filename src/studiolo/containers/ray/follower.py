"""In the place of a runner: sends a work to Ray, and keeps its folder here as the runner keeps its own there.

`python -m studiolo.containers.ray.follower ADDRESS SUBMISSION FOLDER`. It ends when the job has, or cannot be followed any
more; `lost` in the folder says why, for work that has left no outcome.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from studiolo.containers.folder import INTERRUPT, WorkFolder
from studiolo.containers.ray import parcel
from studiolo.containers.ray.cluster import Cluster, ClusterUnavailable, RayJob
from studiolo.containers.ray.wire import LOG, METRICS, PLAIN, REPORT, SAY, Messages
from studiolo.containers.work import FAILED, INTERRUPTED, STOPPED, Report, Work
from studiolo.logs import LogWriter

LOST_SECONDS = 300.0
"""How long the cluster may not answer until its job is given up."""
LOOK_SECONDS = 1.0
INTERNAL = "We encountered an internal error. Please try again."
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)
"""AWS's words, both."""
SILENT = "Nothing was heard of its log, which the dashboard's agent on its node hands out."
LAST_LINES = 10


class Follower:
    """The following of one work."""

    def __init__(self, cluster: Cluster, submission: str, folder: WorkFolder) -> None:
        self._cluster = cluster
        self._submission = submission
        self._folder = folder
        self._work, _hidden = folder.take_work()
        self._heard = Hearing(self._work, folder)
        self._stopping: asyncio.Task[None] | None = None
        self._submitted = False

    async def follow(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        if self._folder.word is not None:
            self._end_before_it_began()
            return
        try:
            await asyncio.to_thread(self._submit)
            self._submitted = True
            if self._folder.word is not None:
                self._stop()
            job = await self._listen()
        except ClusterUnavailable as error:
            lost(self._folder).write_text(f"{INTERNAL} {error}")
            return
        if job is None:
            return
        if job.had_no_place:
            self._conclude(FAILED, f"{NO_CAPACITY} Ray says: {job.message}")
        elif self._folder.word is not None:
            self._end_before_it_began()
        else:
            said = " ".join([job.message, *self._heard.last, *([] if self._heard.something else [SILENT])]).strip()
            lost(self._folder).write_text(f"{INTERNAL} Ray says of {self._submission}: {said}")

    def _submit(self) -> None:
        code = parcel.code()
        work = parcel.package(self._work, os.environ, self._submission)
        code_uri = self._cluster.upload(parcel.name(code), code)
        work_uri = self._cluster.upload(parcel.name(work), work)
        self._cluster.submit(parcel.request(self._work, self._submission, code_uri, work_uri))

    async def _listen(self) -> RayJob | None:
        """Hear what the job says until it says how the work ended; else what it has become. Raises ClusterUnavailable."""
        read, answered = 0, time.monotonic()
        while True:
            try:
                place = 0
                async for text in self._cluster.printed(self._submission):
                    # Each connection begins at the beginning.
                    new = text[max(0, read - place) :]
                    place += len(text)
                    read = max(read, place)
                    self._heard.hear(new)
                    if self._heard.ended:
                        return None
                job = await asyncio.to_thread(self._cluster.job, self._submission)
                answered = time.monotonic()
            except ClusterUnavailable:
                # The node may be gone, of which only the cluster's head still knows.
                try:
                    job = await asyncio.to_thread(self._cluster.job, self._submission)
                    answered = time.monotonic()
                except ClusterUnavailable:
                    if time.monotonic() - answered > LOST_SECONDS:
                        raise
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
            if job.over:
                return job
            await asyncio.sleep(LOOK_SECONDS)

    def _stop(self) -> None:
        """Ask Ray for the job's end, once; it is heard to its end nevertheless."""
        if self._submitted and self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._ask_to_stop())

    async def _ask_to_stop(self) -> None:
        with suppress(ClusterUnavailable):
            await asyncio.to_thread(self._cluster.stop, self._submission)

    def _end_before_it_began(self) -> None:
        self._conclude(INTERRUPTED if self._folder.word == INTERRUPT else STOPPED, None)

    def _conclude(self, outcome: str, reason: str | None) -> None:
        report = self._folder.report() or Report()
        self._folder.tell(replace(report, ended=time.time(), outcome=outcome, reason=reason))


class Hearing:
    """What was heard of a work, put where the runner of this machine would have put it."""

    def __init__(self, work: Work, folder: WorkFolder) -> None:
        self._logs = {each.host: Path(each.log) for each in work.instances}
        self._folder = folder
        self._messages = Messages()
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        """The last lines that were none of ours."""
        self.something = False
        """Whether anything was heard."""
        self.ended = False
        """Whether it was heard how the work ended."""

    def hear(self, text: str) -> None:
        self.something = True
        for kind, *texts in self._messages.read(text):
            if kind == PLAIN and texts[0].strip():
                self.last.append(texts[0])
            elif kind == SAY:
                for log in self._logs.values():
                    with LogWriter(log) as writer:
                        writer.write(f"{texts[0]}\n")
            elif kind == LOG and texts[0] in self._logs:
                _append(self._logs[texts[0]], texts[1])
            elif kind == METRICS:
                _append(self._folder.path / "metrics.jsonl", texts[1])
            elif kind == REPORT:
                self._report(Report.from_json(json.loads(texts[0])))

    def _report(self, report: Report) -> None:
        if report.outcome == STOPPED and self._folder.word == INTERRUPT:
            # Ray's API has one word for the end of a job.
            report = replace(report, outcome=INTERRUPTED)
        self.ended = report.outcome is not None
        self._folder.tell(report)


def lost(folder: WorkFolder) -> Path:
    """The file that says why a work could not be followed to its end."""
    return folder.path / "lost"


def _append(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "a") as file:
        file.write(text)


if __name__ == "__main__":
    asyncio.run(Follower(Cluster(sys.argv[1]), sys.argv[2], WorkFolder(Path(sys.argv[3]))).follow())
