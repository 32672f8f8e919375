"""Training jobs: what is particular to them among jobs."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from studiolo import metrics as cloudwatch
from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.image import Image
from studiolo.containers.images import Images
from studiolo.containers.launcher import Launcher
from studiolo.containers.surroundings import Surroundings
from studiolo.containers.work import Metric, Work
from studiolo.domain import Clock, Conflict, Invalid, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.jobs.job import COMPLETED, Job
from studiolo.ml.jobs.jobs import Jobs
from studiolo.ml.jobs.queue import Queue
from studiolo.ml.listing import Listing
from studiolo.ml.tables import training_jobs
from studiolo.ml.training import contract, requirements
from studiolo.ml.training.pools import AVAILABLE, IN_USE, REUSED, TERMINATED, WarmPools
from studiolo.ml.training.specification import TrainingSpecification
from studiolo.state import State

TrainingJob = Job[TrainingSpecification]

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
"""Also the namespace of their metrics."""
INTERNAL = "InternalServerError"


class TrainingJobs:
    """The training jobs of every scope."""

    kind, resource, noun, field = "training", "training-job", "Training job", "trainingJobName"
    table = training_jobs

    def __init__(
        self,
        state: State,
        launcher: Launcher,
        queue: Queue,
        surroundings: Surroundings,
        images: Images,
        metrics: cloudwatch.Metrics,
        clock: Clock,
    ) -> None:
        self._surroundings = surroundings
        self._images = images
        self._metrics = metrics
        self._clock = clock
        self._queue = queue
        self._pools = WarmPools(clock, self._pool_ended)
        self._jobs: Jobs[TrainingSpecification] = Jobs(state, launcher, queue, self, clock)
        self.on_end: Callable[[], None] = lambda: None
        """Called when a job has ended."""
        self.on_completed: Callable[[TrainingJob], None] = lambda _job: None
        """Called with a job that has ended well."""
        self.start, self.close = self._jobs.start, self._jobs.close
        self.describe, self.stop, self.delete = self._jobs.describe, self._jobs.stop, self._jobs.delete

    def empty(self) -> None:
        """End the running jobs and forget them all."""
        self._pools.clear()
        self._jobs.empty()

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        specification: TrainingSpecification,
        tags: Mapping[str, str],
    ) -> TrainingJob:
        """Record a job and start it, or let it wait for a core. Raises Invalid, NotFound, Denied and NameInUse."""
        self.check(scope, principal, specification)
        return self.add(scope, name, specification, tags)

    def add(
        self, scope: Scope, name: str, specification: TrainingSpecification, tags: Mapping[str, str]
    ) -> TrainingJob:
        """The same with what was checked before. Raises Invalid and NameInUse."""
        return self._jobs.create(scope, name, specification.to_json(), tags)

    def page(self, scope: Scope, listing: Listing) -> Page[TrainingJob]:
        """A page of the scope's jobs."""
        return self._jobs.page(scope, listing)

    def update(self, scope: Scope, name: str, keep_alive: int | None, recorded: Mapping[str, Any]) -> TrainingJob:
        """Keep the warm pool of a job for other seconds from now, and record other settings. Raises NotFound, Conflict."""
        with self._queue.lock:
            job = self._jobs.describe(scope, name)
            kept = {**job.specification.recorded, **recorded}
            if keep_alive is not None:
                if not self._pools.holds(job):
                    raise Conflict(f"The training job {name} has no warm pool whose status is Available.")
                resources = {**kept.get("ResourceConfig", {}), "KeepAlivePeriodInSeconds": keep_alive}
                kept = {**kept, "ResourceConfig": resources}
            changed = replace(job.specification, recorded=kept)
            job = self._jobs.change(job, changed, changed.to_json())
            if keep_alive is not None:
                self._pools.keep(job, keep_alive)
                if not keep_alive:
                    self._pool_ended(job)
        return job

    def tagged(self, scope: Scope, name: str, tags: Mapping[str, str]) -> None:
        """Tags were added to a job: one of them takes the instances of a running spot job away."""
        job = self._jobs.describe(scope, name)
        if INTERRUPTION in tags and job.specification.spot:
            self._jobs.interrupt(scope, name)

    def metrics_of(self, specification: TrainingSpecification) -> tuple[MetricDefinition, ...]:
        """Those that the algorithm prints, and the job's own."""
        algorithm = self._image(specification).algorithm
        return (*(algorithm.metrics if algorithm is not None else ()), *specification.metrics)

    def warm_pool(self, job: TrainingJob) -> Mapping[str, Any] | None:
        """What has become of the job's warm pool, as `status`, `reused_by` and `retained` seconds; None without one."""
        pool = job.progress.pool
        if pool is not None and pool["status"] == AVAILABLE and not self._pools.holds(job):
            return {**pool, "status": TERMINATED}
        return pool

    # What `Jobs` asks of a trade.

    def specification(self, values: Mapping[str, Any]) -> TrainingSpecification:
        return TrainingSpecification.from_json(values)

    def work(self, job: TrainingJob) -> Work:
        specification = job.specification
        image = self._image(specification)
        _environment, notes = contract.passed(specification, image)
        attempt = job.progress.attempts - 1
        interruptions = specification.interruptions if specification.spot else ()
        return Work(
            id=job.id,
            kind=self.kind,
            name=job.name,
            account=job.scope.account,
            region=job.scope.region,
            role=specification.role,
            instances=contract.instances(job, image, self._logs(job)),
            inputs=contract.inputs(specification),
            outputs=contract.outputs(job.name, specification),
            seconds=self._seconds(job),
            folders=contract.FOLDERS,
            environment=image.environment,
            foreign=image.foreign,
            notes=(*image.notes, *notes),
            metrics=self.metrics_of(specification),
            interrupted_after=interruptions[attempt] if attempt < len(interruptions) else None,
        )

    def measured(self, job: TrainingJob, metrics: Sequence[Metric]) -> None:
        for metric in metrics:
            known = cloudwatch.Metric.of(LOG_GROUP, metric.name, {"TrainingJobName": job.name})
            self._metrics.add(job.scope, known, metric.value, at=datetime.fromtimestamp(metric.time, timezone.utc))

    def begun(self, job: TrainingJob) -> TrainingJob:
        pool = self._pools.take(job)
        if pool is not None:
            retained = self._clock().timestamp() - pool.since
            self._jobs.note(pool.job, pool={"status": REUSED, "reused_by": job.name, "retained": retained})
        if not job.specification.keep_alive:
            return job
        return replace(job, progress=replace(job.progress, pool={"status": IN_USE}))

    def retries(self, job: TrainingJob) -> int:
        return job.specification.retries

    def patience(self, job: TrainingJob) -> float | None:
        return job.specification.max_wait if job.specification.spot else None

    def claims(self, waiting: Sequence[TrainingJob]) -> Collection[str]:
        return self._pools.claims(waiting)

    def kept(self) -> int:
        return self._pools.kept()

    def ended(self, job: TrainingJob) -> None:
        self.on_end()
        if job.progress.status == COMPLETED:
            self.on_completed(job)
        failure, seconds = job.progress.failure or "", job.specification.keep_alive
        if job.progress.pool is None or self._queue.closed:
            return
        if failure.startswith(INTERNAL):
            self._jobs.note(job, pool={"status": TERMINATED, "retained": 0.0})
            return
        self._pools.keep(job, seconds)
        self._jobs.note(job, pool={"status": AVAILABLE})

    def _pool_ended(self, job: TrainingJob) -> None:
        ended = job.progress.ended or 0.0
        self._jobs.note(job, pool={"status": TERMINATED, "retained": self._clock().timestamp() - ended})
        self._queue.advance()

    def _seconds(self, job: TrainingJob) -> float:
        """What is left of the time that a job may run, over all its attempts."""
        left = job.specification.max_runtime - job.progress.ran
        patience = self.patience(job)
        if patience is not None:
            left = min(left, job.created.timestamp() + patience - self._clock().timestamp())
        return max(0.0, left)

    def _logs(self, job: TrainingJob) -> dict[str, str]:
        """The files of the log streams of a job, by host."""
        return {
            host: str(self._surroundings.log_file(job.scope, LOG_GROUP, log_stream(job, host)))
            for host, _group in job.specification.hosts
        }

    def _image(self, specification: TrainingSpecification) -> Image:
        """Raises Invalid."""
        return self._images.resolve(
            specification.image, "train", scripted=specification.scripted, function=specification.function
        )

    def check(self, scope: Scope, principal: Principal, specification: TrainingSpecification) -> None:
        """Raise Invalid, NotFound or Denied for what cannot be a job that the caller may make."""
        image = self._image(specification)
        if not specification.entrypoint:
            image.command("train")
        if image.algorithm is not None and not specification.entrypoint:
            image.algorithm.validate_hyperparameters(specification.hyperparameters)
            requirements.check_channels(image.algorithm, specification.channels)
        for metric in specification.metrics:
            metric.check()
        requirements.check(specification)
        self._surroundings.check_role(principal, specification.role)
        self._surroundings.check_output(specification.role, specification.output)
        if specification.checkpoints is not None:
            self._surroundings.check_output(specification.role, specification.checkpoints.uri)
        for channel in specification.channels:
            self._surroundings.check_input(scope, specification.role, channel.uri)


def log_stream(job: TrainingJob, host: str) -> str:
    """What the program of one host of a job prints to."""
    return f"{job.name}/{host}-{int(job.created.timestamp())}"


INTERRUPTION = "studiolo:spot-interruption"
"""The tag by which a spot job's instances are taken away: the seconds of each attempt, as `5` or `5,10`."""


def interruptions(tags: Mapping[str, str]) -> tuple[float, ...]:
    """The seconds of each attempt that the tags of a job to be made tell. Raises Invalid."""
    value = tags.get(INTERRUPTION)
    if value is None:
        return ()
    try:
        seconds = tuple(float(part) for part in value.split(","))
    except ValueError:
        seconds = (-1.0,)
    if not all(0 <= second < math.inf for second in seconds):
        raise Invalid(
            f"The value '{value}' of the tag {INTERRUPTION} is none: give the seconds of training, of each attempt with "
            "commas between, after which the instances are taken away."
        )
    return seconds
