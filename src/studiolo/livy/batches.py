"""Livy's batches: applications that run to their end, on the engine's submissions."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta

from studiolo.domain import Clock, Conflict, Invalid, NotFound
from studiolo.engine import Engine, Key, Submission, SubmissionState, Wanted
from studiolo.engine.formats import format_at_emr
from studiolo.engine.spark_submit import application
from studiolo.livy.model import BatchRequest, Place, mebibytes, request_of
from studiolo.livy.places import Places
from studiolo.livy.requests import OURS, size_of
from studiolo.runtimes import Runtimes
from studiolo.sparkui import owner

SHOWN_STATES: dict[SubmissionState, str] = {
    "PENDING": "starting",
    "RUNNING": "running",
    "SUCCESS": "success",
    "FAILED": "dead",
    "CANCELLING": "shutting_down",
    "CANCELLED": "killed",
}

LISTS = {"jars": "spark.jars", "pyFiles": "spark.submit.pyFiles", "files": "spark.files", "archives": "spark.archives"}
TEXTS = {
    "name": "spark.app.name",
    "driverMemory": "spark.driver.memory",
    "driverCores": "spark.driver.cores",
    "executorMemory": "spark.executor.memory",
    "executorCores": "spark.executor.cores",
    "numExecutors": "spark.executor.instances",
    "queue": "spark.yarn.queue",
}


@dataclass(frozen=True)
class Batch:
    """A batch as Livy shows it. role: if not the server's."""

    id: int
    asked: BatchRequest
    owner: str | None
    role: str | None
    state: str
    app_id: str | None
    ui: str | None
    log: tuple[str, ...]


class Batches:
    """The batches of every Livy server; a batch's id in the engine is that of its server, and its number."""

    service = "livy"

    def __init__(self, engine: Engine, places: Places, runtimes: Runtimes, clock: Clock) -> None:
        self._engine = engine
        self._submissions = engine.submissions
        self._places = places
        self._runtimes = runtimes
        self._clock = clock
        engine.submissions.serve(self)

    def submitted(self, submission: Submission) -> Wanted:
        """A batch's request, in the engine's words."""
        key = submission.key
        place = self._places.get(key.scope, key.id.rpartition("/")[0])
        return self._wanted(place, _request(submission), submission.asked["role"])

    def submission_changed(self, submission: Submission) -> None:
        """Nothing follows from it."""

    def _wanted(self, place: Place, asked: BatchRequest, role: str | None) -> Wanted:
        named = [each for name in LISTS for each in getattr(asked, name) if format_at_emr(each) is None]
        if any(each.startswith(("file:", "/")) for each in named):
            raise Invalid("jars, pyFiles, files and archives come from S3 (s3://bucket/key).")
        if asked.driverMemory is not None:
            mebibytes(asked.driverMemory)
        release = self._runtimes.for_emr(place.label)
        master, ours = place.spark(role)
        conf = {name: value for name, value in asked.conf.items() if name not in OURS}
        conf |= {key: ",".join(getattr(asked, name)) for name, key in LISTS.items() if getattr(asked, name)}
        conf |= {key: str(getattr(asked, name)) for name, key in TEXTS.items() if getattr(asked, name) is not None}
        return Wanted(
            release=release,
            role=role or place.role,
            acts_as=f"livy-{place.id}",
            size=size_of(asked.executorMemory, asked.numExecutors, asked.executorCores),
            conf={"spark.app.name": asked.file.rpartition("/")[2], **ours, **conf},
            formats=place.formats,
            master=master,
            arguments=application(asked.file, asked.className, asked.args, str(release.runtime.spark_home)),
        )

    def create(self, place: Place, asked: BatchRequest, owner: str | None = None, role: str | None = None) -> Batch:
        """Begin to run a batch. Raises Invalid, LimitExceeded, and Conflict where one has that name."""
        self._wanted(place, asked, role)
        if asked.name is not None and any(each.asked.name == asked.name for each in self.all(place)):
            raise Conflict(f"Duplicate session name: {asked.name}")
        with self._engine.admitting():
            key = self._key(place, self._places.number(place, "batches"))
            return self._shown(self._submissions.submit(key, {**asdict(asked), "owner": owner, "role": role}, {}))

    def all(self, place: Place) -> Sequence[Batch]:
        """The server's batches, in the order of their numbers."""
        return [self._shown(each) for each in self._records(place)]

    def get(self, place: Place, name: str) -> Batch:
        """The batch of that number or name. Raises NotFound."""
        return self._shown(self._found(place, name))

    def begun(self, place: Place, name: str) -> tuple[str | None, str | None]:
        """Who has begun the batch, and the role that it acts as if not the server's. Raises NotFound."""
        asked = self._found(place, name).asked
        return asked["owner"], asked["role"]

    def delete(self, place: Place, name: str) -> None:
        """End a batch and forget it. Raises NotFound."""
        self._drop(place, self._found(place, name))

    def end(self, place: Place) -> None:
        """End and forget all of a server's."""
        for record in self._records(place):
            with suppress(NotFound):
                self._drop(place, record)

    def active(self, place: Place) -> int:
        """How many of a server's have not ended."""
        return sum(record.completed is None for record in self._records(place))

    def forget_those_over(self, place: Place, after: timedelta) -> None:
        """Forget the batches that ended so long ago."""
        for record in self._records(place):
            if record.completed is not None and self._clock() - record.completed > after:
                self._drop(place, record)

    def _drop(self, place: Place, record: Submission) -> None:
        self._submissions.drop(record.key, keep_as=owner(place.id, record.asked["role"]))

    def key(self, place: Place, name: str) -> Key:
        """Raises NotFound."""
        return self._found(place, name).key

    def _key(self, place: Place, number: int) -> Key:
        return Key(self.service, place.scope, f"{place.id}/{number:08}")

    def _records(self, place: Place) -> list[Submission]:
        found: list[Submission] = []
        after: str | None = None
        while True:
            page = self._submissions.of_service(self.service, place.scope, f"{place.id}/", after)
            found += page.items
            after = page.next
            if after is None:
                return found

    def _found(self, place: Place, name: str) -> Submission:
        try:
            if name.isascii() and name.isdecimal() and len(name) <= 8:
                return self._submissions.get(self._key(place, int(name)))
            return next(each for each in self._records(place) if _request(each).name == name)
        except (NotFound, StopIteration):
            raise NotFound(f"Session '{name}' not found.") from None

    def _shown(self, submission: Submission) -> Batch:
        stdout, stderr = (each.decode(errors="replace").splitlines() for each in self._submissions.output(submission))
        reason = [] if submission.error is None else submission.error.splitlines()
        return Batch(
            id=int(submission.key.id.rpartition("/")[2]),
            asked=_request(submission),
            owner=submission.asked["owner"],
            role=submission.asked["role"],
            state=SHOWN_STATES[submission.state],
            app_id=self._submissions.application(submission),
            ui=None if submission.program is None else self._submissions.link(submission.key),
            log=("stdout: ", *stdout, "\nstderr: ", *stderr, *reason),
        )


def _request(submission: Submission) -> BatchRequest:
    kept = {name: value for name, value in submission.asked.items() if name not in ("owner", "role")}
    return request_of(BatchRequest, kept)
