"""Training jobs, as the server keeps them: made, queued for a core, started as runners, followed, stopped."""

import logging
import shutil
import sys
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.image import PYTHON
from studiolo.containers.images import Images
from studiolo.containers.surroundings import Launching, obituary
from studiolo.containers.variables import passed_on
from studiolo.domain import Clock, Conflict, DomainError, NotFound, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.errors import NameInUse
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.names import arn, checked_name
from studiolo.ml.tables import training_jobs
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.ml.training.container import HOST, variables
from studiolo.ml.training.job import (
    ENDED,
    FAILED,
    IN_PROGRESS,
    STOPPED,
    STOPPING,
    Progress,
    TrainingJob,
    TrainingSpecification,
    moved,
)
from studiolo.ml.training.plan import JobFolder, Plan
from studiolo.ml.training.requirements import check_channels
from studiolo.processes import Child, Processes, remove_left
from studiolo.state import State, Thing

log = logging.getLogger(__name__)

KIND = "training"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
CLOSE_SECONDS = 2.0
"""What running jobs have to end when the server goes down."""
PENDING = "Pending"


class TrainingJobs:
    """The training jobs of every scope. At most `slots` run at a time; further ones wait, in order, as Pending."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        launching: Launching,
        images: Images,
        folder: Path,
        slots: int,
        clock: Clock,
    ) -> None:
        self._state = state
        self._processes = processes
        self._launching = launching
        self._images = images
        self._folder = folder
        self._slots = slots
        self._clock = clock
        # Taken around each step that moves a job on: two threads must not start or end the same one.
        self._moving = threading.RLock()
        self._closing = False

    def start(self) -> None:
        """Take over the runners that a crashed server left, settle the jobs that ended meanwhile, start what waits."""
        self._clear_up()
        for job in self._unfinished():
            child = self._processes.find(_child_name(job))
            if child is not None and child.alive:
                if job.progress.secondary == PENDING:
                    self._save(job, self._entered(job.progress, "Starting"))
                self._follow(job, child)
            elif child is not None or job.progress.secondary != PENDING:
                self._settle(job)
        self._start_waiting()

    def close(self) -> None:
        """End the running jobs as a graceful stop would; they are Stopped, with what model they left."""
        self._closing = True
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._end, self._unfinished()))
        self._clear_up()

    def empty(self) -> None:
        """End the running jobs and forget them all."""
        self.close()
        with self._state.transaction() as tx:
            tx.execute(training_jobs.delete())
        shutil.rmtree(self._folder, ignore_errors=True)
        self._closing = False

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        specification: TrainingSpecification,
        tags: Mapping[str, str],
    ) -> TrainingJob:
        """Record a job and start it, or let it wait for a core. Raises Invalid, NotFound, Denied and NameInUse."""
        checked_name(name, "trainingJobName")
        self._check(scope, principal, specification)
        resource, moment = arn(scope, "training-job", name), self._clock()
        progress = Progress(transitions=moved((), PENDING, moment.timestamp()))
        with self._state.transaction() as tx:
            if tx.execute(training_jobs.select().where(_is(scope, name))).first() is not None:
                raise NameInUse(
                    "Training job names must be unique within an AWS account and region, and a training job with "
                    f"this name already exists ({resource})"
                )
            tx.execute(
                training_jobs.insert().values(
                    account=scope.account,
                    region=scope.region,
                    name=name,
                    id=uuid.uuid4().hex[:12],
                    created=moment,
                    changed=moment,
                    status=IN_PROGRESS,
                    specification=specification.to_json(),
                    progress=progress.to_json(),
                )
            )
            set_tags(tx, resource, tags)
        self._start_waiting()
        return self.describe(scope, name)

    def describe(self, scope: Scope, name: str) -> TrainingJob:
        """The job as it is at this moment. Raises NotFound."""
        job = self._get(scope, name)
        return job if job.progress.status in ENDED else self._refreshed(job)

    def page(self, scope: Scope, listing: Listing) -> Page[TrainingJob]:
        """A page of the scope's jobs."""
        for job in self._unfinished():
            if job.scope == scope:
                self._refreshed(job)
        with self._state.reading() as connection:
            found = select_page(connection, training_jobs, scope, listing)
        return Page([_as_job(row) for row in found.items], found.next)

    def stop(self, scope: Scope, name: str) -> None:
        """Ask a job to stop: its algorithm gets 120 seconds to leave a model. Raises NotFound and Conflict."""
        with self._moving:
            job = self.describe(scope, name)
            if job.progress.status in ENDED:
                raise Conflict(f"The request was rejected because the training job is in status {job.progress.status}.")
            if job.progress.status == STOPPING:
                return
            if job.progress.secondary == PENDING:
                self._save(job, self._entered(job.progress, STOPPED, status=STOPPED))
                return
            self._save(job, self._entered(job.progress, STOPPING, status=STOPPING))
            self._job_folder(job).ask_to_stop()
            child = self._processes.find(_child_name(job))
            if child is not None:
                self._processes.interrupt(child)

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a job that has ended; its model and logs stay. Raises NotFound and Conflict."""
        with self._moving:
            job = self.describe(scope, name)
            if job.progress.status not in ENDED:
                raise Conflict(
                    f"The training job is in status {job.progress.status}: only one that ended can be deleted."
                )
            with self._state.transaction(_thing(job)) as tx:
                tx.execute(training_jobs.delete().where(_is(scope, name)))
                drop_tags(tx, job.arn)

    def _check(self, scope: Scope, principal: Principal, specification: TrainingSpecification) -> None:
        image = self._images.resolve(specification.image, "train")
        image.command("train")
        if image.algorithm is not None:
            image.algorithm.validate_hyperparameters(specification.hyperparameters)
            check_channels(image.algorithm, specification.channels)
        for metric in specification.metrics:
            metric.check()
        self._launching.check_role(principal, specification.role)
        self._launching.check_output(specification.role, specification.output)
        for channel in specification.channels:
            self._launching.check_input(scope, specification.role, channel.uri)

    def metrics_of(self, specification: TrainingSpecification) -> tuple[MetricDefinition, ...]:
        """Those that the algorithm prints, and the job's own."""
        algorithm = self._images.resolve(specification.image, "train").algorithm
        return (*(algorithm.metrics if algorithm is not None else ()), *specification.metrics)

    def _start_waiting(self) -> None:
        """Start waiting jobs, oldest first, as long as a core is free."""
        with self._moving:
            if self._closing:
                return
            unfinished = self._unfinished()
            waiting = [job for job in unfinished if job.progress.secondary == PENDING]
            free = self._slots - (len(unfinished) - len(waiting))
            for job in waiting[: max(free, 0)]:
                self._launch(job)

    def _launch(self, job: TrainingJob) -> None:
        moment = self._clock().timestamp()
        waited = moment - job.progress.transitions[0].start > 1.0
        started = replace(
            job.progress, transitions=moved(job.progress.transitions if waited else (), "Starting", moment)
        )
        folder = self._job_folder(job)
        try:
            environment = self._launching.begin(_workload(job.id), job.scope, job.specification.role)
            folder.create(self._plan(job, started, environment))
            child = self._processes.start(
                _child_name(job),
                KIND,
                [sys.executable, "-m", "studiolo.ml.training.runner", str(folder.path)],
                environment=environment,
                folder=folder.path,
            )
        except Exception as error:
            # A role that is gone, or trusts SageMaker no more, is for the person to mend.
            kind = "ClientError" if isinstance(error, DomainError) else "InternalServerError"
            log.exception("training job %s cannot be started", job.name)
            self._launching.end(_workload(job.id))
            remove_left(folder.path)
            self._save(job, self._failed(started, f"{kind}: the job cannot be started: {error}"))
            return
        self._save(job, started)
        self._follow(job, child)

    def _plan(self, job: TrainingJob, progress: Progress, environment: Mapping[str, str]) -> Plan:
        """The job's plan; `environment` is its runner's, to which that of its algorithm is added."""
        specification, root = job.specification, self._job_folder(job).root
        image = self._images.resolve(specification.image, "train")
        algorithm = image.algorithm
        assert algorithm is not None
        stream = f"{job.name}/{HOST}-{int(job.created.timestamp())}"
        own, notes = passed_on(specification.environment, algorithm.name)
        command = [sys.executable if word == PYTHON else word for word in image.command("train")]
        told = variables(self._launching.base(root), job.name, job.arn, specification)
        return Plan(
            name=job.name,
            specification=specification,
            start=self._launching.start(
                command, {**environment, **told, **own}, root, notes, hosts={HOST: "127.0.0.1"}
            ),
            metrics=self.metrics_of(specification),
            log=str(self._launching.log_file(job.scope, LOG_GROUP, stream)),
            progress=progress,
        )

    def _follow(self, job: TrainingJob, child: Child) -> None:
        def ended(_child: Child, status: int | None) -> None:
            if not self._closing:
                self._settle(job, status)
                self._start_waiting()

        self._processes.watch(child, ended)

    def _end(self, job: TrainingJob) -> None:
        """End one job because the server goes down."""
        child = self._processes.find(_child_name(job))
        if child is not None:
            with self._moving:
                self._save(job, self._entered(self._folded(job), STOPPING, status=STOPPING))
            self._job_folder(job).ask_to_stop()
            self._processes.stop(child, CLOSE_SECONDS)
            self._settle(job)

    def _settle(self, job: TrainingJob, status: int | None = None) -> None:
        """Record how a job ended whose runner is gone, and clean up after it."""
        child = self._processes.find(_child_name(job))
        if child is not None:
            # What the runner may have left: its algorithm, where it was killed itself.
            self._processes.stop(child, grace=1.0)
        self._launching.end(_workload(job.id))
        with self._moving:
            job = self._refreshed(job)
            if job.progress.status == STOPPING:
                self._save(job, self._entered(job.progress, STOPPED, status=STOPPED))
            elif job.progress.status not in ENDED:
                self._save(job, self._failed(job.progress, f"InternalServerError: {obituary(child, status)}"))
            remove_left(self._job_folder(job).path)
            self._processes.log(_child_name(job)).unlink(missing_ok=True)

    def _clear_up(self) -> None:
        """End what is left of jobs that have ended: a runner reports the outcome before it has removed its data."""
        unfinished = {_child_name(job) for job in self._unfinished()}
        for child in self._processes.children(KIND):
            if child.name not in unfinished:
                job = child.name.rpartition("-")[2]
                self._processes.stop(child, grace=0.0)
                self._launching.end(_workload(job))
                remove_left(self._folder / job)
                child.log.unlink(missing_ok=True)

    def _refreshed(self, job: TrainingJob) -> TrainingJob:
        """The job with what its runner reported since; recorded, so that an outcome is never lost."""
        with self._moving:
            with self._state.reading() as connection:
                row = connection.execute(training_jobs.select().where(training_jobs.c.id == job.id)).first()
            job = _as_job(row) if row is not None else job
            progress = self._folded(job)
            return job if progress == job.progress else self._save(job, progress)

    def _folded(self, job: TrainingJob) -> Progress:
        """The job's progress with what its runner reported since."""
        reported = None if job.progress.status in ENDED else self._job_folder(job).progress()
        if reported is None:
            return job.progress
        if job.progress.status == STOPPING and reported.status == IN_PROGRESS:
            # The runner has not yet heard of it, or is at it.
            entered = moved(reported.transitions, STOPPING, job.progress.transitions[-1].start)
            return replace(reported, status=STOPPING, transitions=entered)
        return reported

    def _entered(self, progress: Progress, secondary: str, *, status: str | None = None) -> Progress:
        at = self._clock().timestamp()
        transitions = moved(progress.transitions, secondary, at)
        status = status or progress.status
        return replace(progress, status=status, transitions=transitions, ended=at if status in ENDED else None)

    def _failed(self, progress: Progress, reason: str) -> Progress:
        at = self._clock().timestamp()
        transitions = moved(progress.transitions, FAILED, at, reason)
        return replace(progress, status=FAILED, transitions=transitions, ended=at, failure=reason)

    def _save(self, job: TrainingJob, progress: Progress) -> TrainingJob:
        changed = self._clock()
        # Who waits for a job waits for its status: metrics come several times a second.
        told = [_thing(job)] if progress.status != job.progress.status else []
        with self._state.transaction(*told) as tx:
            tx.execute(
                training_jobs.update()
                .where(training_jobs.c.id == job.id)
                .values(progress=progress.to_json(), status=progress.status, changed=changed)
            )
        return replace(job, progress=progress, changed=changed)

    def _unfinished(self) -> list[TrainingJob]:
        """Every job that has not ended, oldest first."""
        query = training_jobs.select().where(training_jobs.c.status.not_in(ENDED)).order_by(training_jobs.c.created)
        with self._state.reading() as connection:
            return [_as_job(row) for row in connection.execute(query)]

    def _get(self, scope: Scope, name: str) -> TrainingJob:
        with self._state.reading() as connection:
            row = connection.execute(training_jobs.select().where(_is(scope, name))).first()
        if row is None:
            raise NotFound("Requested resource not found.")
        return _as_job(row)

    def _job_folder(self, job: TrainingJob) -> JobFolder:
        return JobFolder(self._folder / job.id)


def _child_name(job: TrainingJob) -> str:
    return f"{KIND}-{job.name}-{job.id}"


def _thing(job: TrainingJob) -> Thing:
    """What those wait for who wait for the job."""
    return Thing("training-job", job.scope.account, job.scope.region, job.name)


def _workload(job: str) -> str:
    """The id of the workload that a job is."""
    return f"{KIND}-{job}"


def _is(scope: Scope, name: str) -> Any:
    columns = training_jobs.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)


def _as_job(row: Row[Any]) -> TrainingJob:
    return TrainingJob(
        scope=Scope(row.account, row.region),
        name=row.name,
        id=row.id,
        specification=TrainingSpecification.from_json(row.specification),
        progress=Progress.from_json(row.progress),
        created=row.created,
        changed=row.changed,
    )
