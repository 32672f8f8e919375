"""Jobs as the server keeps them, whatever they do: made, queued for a core, launched, followed, stopped."""

import logging
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import Row

from studiolo.containers import work
from studiolo.containers.launcher import Launcher
from studiolo.domain import Clock, Conflict, DomainError, NotFound, Page, Scope
from studiolo.ml.errors import NameInUse
from studiolo.ml.jobs.job import (
    ENDED,
    IN_PROGRESS,
    INTERRUPTED,
    OVERDUE,
    OVERDUE_WAITING,
    PENDING,
    RESTARTING,
    STOPPED,
    STOPPING,
    WAITING,
    Job,
    Progress,
    moved,
    seconds_run,
)
from studiolo.ml.jobs.queue import Candidate, Queue
from studiolo.ml.jobs.trade import Trade
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.names import arn, checked_name
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.state import State, Thing

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
"""What running jobs have to end when the server goes down."""

S = TypeVar("S")


class Jobs(Generic[S]):
    """The jobs of one kind, of every scope."""

    def __init__(self, state: State, launcher: Launcher, queue: Queue, trade: Trade[S], clock: Clock) -> None:
        self._state = state
        self._launcher = launcher
        self._queue = queue
        self._trade = trade
        self._clock = clock
        self._table = trade.table
        queue.join(self)

    def start(self) -> None:
        """Take over the work that a crashed server left, settle the jobs that ended meanwhile."""
        self._clear_up()
        known = set(self._launcher.known(self._trade.kind))
        for job in self.unfinished():
            if job.id in known:
                if job.progress.secondary in WAITING:
                    job = self._save(job, job.progress.begun(self._now()))
                self._follow(job)
            elif job.progress.secondary not in WAITING:
                self._settle(job, "its process has ended while the server was down.")
            self._mind_patience(job)

    def close(self) -> None:
        """End the running jobs as a graceful stop would; they are Stopped, with what they left."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._end, self.unfinished()))
        self._clear_up()

    def empty(self) -> None:
        """End the running jobs and forget them all."""
        self.close()
        with self._state.transaction() as tx:
            tx.execute(self._table.delete())

    def create(self, scope: Scope, name: str, recorded: Mapping[str, Any], tags: Mapping[str, str]) -> Job[S]:
        """Record a job and start it, or let it wait for a core. `recorded` is the JSON of its specification.

        Raises Invalid and NameInUse.
        """
        checked_name(name, self._trade.field)
        resource, moment = arn(scope, self._trade.resource, name), self._clock()
        progress = Progress(transitions=moved((), PENDING, moment.timestamp()))
        thing = Thing(self._trade.resource, scope.account, scope.region, name)
        with self._state.transaction(thing) as tx:
            if tx.execute(self._table.select().where(self._is(scope, name))).first() is not None:
                raise NameInUse(
                    f"{self._trade.noun} names must be unique within an AWS account and region, and a "
                    f"{self._trade.noun.lower()} with this name already exists ({resource})"
                )
            tx.execute(
                self._table.insert().values(
                    account=scope.account,
                    region=scope.region,
                    name=name,
                    id=uuid.uuid4().hex[:12],
                    created=moment,
                    changed=moment,
                    status=IN_PROGRESS,
                    specification=recorded,
                    progress=progress.to_json(),
                )
            )
            set_tags(tx, resource, tags)
        self._queue.advance()
        job = self.describe(scope, name)
        self._mind_patience(job)
        return job

    def describe(self, scope: Scope, name: str) -> Job[S]:
        """The job as it is at this moment. Raises NotFound."""
        job = self._get(scope, name)
        return job if job.progress.status in ENDED else self._refreshed(job)

    def page(self, scope: Scope, listing: Listing) -> Page[Job[S]]:
        """A page of the scope's jobs."""
        for job in self.unfinished():
            if job.scope == scope:
                self._refreshed(job)
        with self._state.reading() as connection:
            found = select_page(connection, self._table, scope, listing)
        return Page([self._as_job(row) for row in found.items], found.next)

    def stop(self, scope: Scope, name: str) -> None:
        """Ask a job to stop: its program gets 120 seconds to leave what it has. Raises NotFound and Conflict."""
        with self._queue.lock:
            job = self.describe(scope, name)
            if job.progress.status in ENDED:
                raise Conflict(
                    f"The request was rejected because the {self._trade.noun.lower()} is in status {job.progress.status}."
                )
            if job.progress.status == STOPPING:
                return
            if job.progress.secondary in WAITING:
                self._conclude(job, job.progress.entered(STOPPED, self._now(), STOPPED))
                return
            self._save_stopping(job)
            self._launcher.stop(job.id)

    def interrupt(self, scope: Scope, name: str) -> None:
        """Take a job's instances away, if it runs: it is begun again. Raises NotFound."""
        with self._queue.lock:
            job = self.describe(scope, name)
            if job.progress.status == IN_PROGRESS and job.progress.secondary not in WAITING:
                self._launcher.stop(job.id, interrupt=True)

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a job that has ended; what it wrote and its logs stay. Raises NotFound and Conflict."""
        with self._queue.lock:
            job = self.describe(scope, name)
            if job.progress.status not in ENDED:
                raise Conflict(
                    f"The {self._trade.noun.lower()} is in status {job.progress.status}: "
                    "only one that ended can be deleted."
                )
            with self._state.transaction(self._thing(job)) as tx:
                tx.execute(self._table.delete().where(self._is(scope, name)))
                drop_tags(tx, job.arn)

    def change(self, job: Job[S], specification: S, recorded: Mapping[str, Any]) -> Job[S]:
        """Record that something else is asked for of a job."""
        with self._state.transaction() as tx:
            tx.execute(
                self._table.update()
                .where(self._table.c.id == job.id)
                .values(specification=recorded, changed=self._clock())
            )
        return replace(job, specification=specification)

    def note(self, job: Job[S], **changes: Any) -> None:
        """Record something more of the progress of a job that has ended."""
        with self._queue.lock:
            with self._state.reading() as connection:
                row = connection.execute(self._table.select().where(self._table.c.id == job.id)).first()
            if row is not None:
                job = self._as_job(row)
                self._save(job, replace(job.progress, **changes))

    def unfinished(self) -> list[Job[S]]:
        """Every job that has not ended, oldest first."""
        query = self._table.select().where(self._table.c.status.not_in(ENDED)).order_by(self._table.c.created)
        with self._state.reading() as connection:
            return [self._as_job(row) for row in connection.execute(query)]

    def running(self) -> int:
        """How many cores are taken, or kept."""
        return len([job for job in self.unfinished() if job.progress.secondary not in WAITING]) + self._trade.kept()

    def waiting(self) -> list[Candidate]:
        """The jobs in the queue."""
        waiting = [job for job in self.unfinished() if job.progress.secondary in WAITING]
        claims = self._trade.claims(waiting)
        return [Candidate(job.created, partial(self._launch, job), job.id in claims) for job in waiting]

    def _launch(self, job: Job[S]) -> None:
        """Begin an attempt of a job that waits; where it cannot be, the job has failed."""
        job = replace(job, progress=job.progress.begun(self._now()))
        try:
            self._launcher.start(self._trade.work(job))
        except Exception as error:
            # A role that is gone, or trusts SageMaker no more, is for the person to mend.
            kind = "ClientError" if isinstance(error, DomainError) else "InternalServerError"
            log.exception("%s %s cannot be started", self._trade.noun, job.name)
            self._conclude(job, job.progress.failed(f"{kind}: the job cannot be started: {error}", self._now()))
            return
        job = self._trade.begun(job)
        self._save(job, job.progress)
        self._follow(job)

    def _follow(self, job: Job[S]) -> None:
        def ended(obituary: str) -> None:
            if not self._queue.closed:
                self._settle(job, obituary)
                self._queue.advance()

        self._launcher.follow(job.id, ended)

    def _end(self, job: Job[S]) -> None:
        """End one job because the server goes down."""
        if job.progress.secondary in WAITING:
            return
        with self._queue.lock:
            job = self._refreshed(job)
            if job.progress.status == IN_PROGRESS:
                job = self._save_stopping(job)
        self._launcher.end(job.id, CLOSE_SECONDS)
        self._settle(job, "the server went down.")

    def _settle(self, job: Job[S], obituary: str) -> None:
        """Record how a job ended of which nothing runs any more, or let it wait to be begun again."""
        with self._queue.lock:
            job, report = self._refreshed(job), self._launcher.report(job.id)
            progress = job.progress
            if progress.status == STOPPING:
                progress = progress.entered(STOPPED, self._now(), STOPPED)
            elif progress.status not in ENDED:
                if report is not None and report.outcome == work.INTERRUPTED:
                    self._again(job, INTERRUPTED)
                    return
                if progress.retried < self._trade.retries(job):
                    self._again(job, RESTARTING, retried=progress.retried + 1)
                    return
                progress = progress.failed(f"InternalServerError: {obituary}", self._now())
            self._conclude(job, progress)

    def _again(self, job: Job[S], secondary: str, **changes: Any) -> None:
        """Let a job wait for its next attempt."""
        at = self._now()
        ran = job.progress.ran + seconds_run(self._launcher.report(job.id), at)
        self._launcher.clear(job.id)
        progress = job.progress.entered(secondary, at)
        self._save(
            job, replace(progress, ran=ran, before=len(progress.transitions), measured=0, failure=None, **changes)
        )

    def _conclude(self, job: Job[S], progress: Progress) -> None:
        """Record the end of a job, and clean up after it."""
        job = self._save(job, progress)
        self._launcher.clear(job.id)
        self._trade.ended(job)

    def _clear_up(self) -> None:
        """End what is left of jobs that have ended: the outcome is reported before the data is removed."""
        unfinished = {job.id for job in self.unfinished()}
        for known in self._launcher.known(self._trade.kind):
            if known not in unfinished:
                self._launcher.clear(known)

    def _mind_patience(self, job: Job[S]) -> None:
        """See to it that a job does not wait for longer than it has patience."""
        patience = self._trade.patience(job)
        if patience is None or job.progress.status in ENDED:
            return
        left = job.created.timestamp() + patience - self._now()
        timer = threading.Timer(max(0.0, left), partial(self._lose_patience, job))
        timer.daemon = True
        timer.start()

    def _lose_patience(self, job: Job[S]) -> None:
        with self._queue.lock:
            job = self._refreshed(job)
            if job.progress.secondary in WAITING and not self._queue.closed:
                self._conclude(job, job.progress.entered(OVERDUE_WAITING, self._now(), STOPPED))

    def _refreshed(self, job: Job[S]) -> Job[S]:
        """The job with what its work reported since; recorded, so that an outcome is never lost."""
        with self._queue.lock:
            with self._state.reading() as connection:
                row = connection.execute(self._table.select().where(self._table.c.id == job.id)).first()
            job = self._as_job(row) if row is not None else job
            if job.progress.status in ENDED or job.progress.secondary in WAITING:
                return job
            progress = replace(self._told(job), measured=self._take_measures(job))
            return job if progress == job.progress else self._save(job, progress)

    def _told(self, job: Job[S]) -> Progress:
        """The progress of the job with what its work reports."""
        report, patience = self._launcher.report(job.id), self._trade.patience(job)
        progress = job.progress if report is None else job.progress.told(report)
        ended = (progress.ended or 0.0) - job.created.timestamp()
        if progress.secondary == OVERDUE and patience is not None and ended >= patience:
            *before, last = progress.transitions
            return replace(progress, transitions=moved(before, OVERDUE_WAITING, last.start))
        return progress

    def _take_measures(self, job: Job[S]) -> int:
        """Hand on the values of the job's metrics; the place up to which they were taken."""
        metrics, place = self._launcher.measured(job.id, job.progress.measured)
        while metrics:
            self._trade.measured(job, metrics)
            metrics, place = self._launcher.measured(job.id, place)
        return place

    def _save_stopping(self, job: Job[S]) -> Job[S]:
        progress = job.progress.entered(STOPPING, self._now(), STOPPING)
        return self._save(job, replace(progress, stopping=self._now()))

    def _save(self, job: Job[S], progress: Progress) -> Job[S]:
        changed = self._clock()
        # Who waits for a job waits for its status: metrics come several times a second.
        told = [self._thing(job)] if progress.status != job.progress.status else []
        with self._state.transaction(*told) as tx:
            tx.execute(
                self._table.update()
                .where(self._table.c.id == job.id)
                .values(progress=progress.to_json(), status=progress.status, changed=changed)
            )
        return replace(job, progress=progress, changed=changed)

    def _get(self, scope: Scope, name: str) -> Job[S]:
        with self._state.reading() as connection:
            row = connection.execute(self._table.select().where(self._is(scope, name))).first()
        if row is None:
            raise NotFound("Requested resource not found.")
        return self._as_job(row)

    def _thing(self, job: Job[S]) -> Thing:
        """What those wait for who wait for the job."""
        return Thing(self._trade.resource, job.scope.account, job.scope.region, job.name)

    def _now(self) -> float:
        return self._clock().timestamp()

    def _is(self, scope: Scope, name: str) -> Any:
        columns = self._table.c
        return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)

    def _as_job(self, row: Row[Any]) -> Job[S]:
        return Job(
            resource=self._trade.resource,
            scope=Scope(row.account, row.region),
            name=row.name,
            id=row.id,
            specification=self._trade.specification(row.specification),
            progress=Progress.from_json(row.progress),
            created=row.created,
            changed=row.changed,
        )
