"""Transform jobs: what is particular to them among jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from studiolo import metrics as cloudwatch
from studiolo.containers.batch.paths import Path
from studiolo.containers.batch.processing import format_of
from studiolo.containers.batch.specification import Batch
from studiolo.containers.images import Images
from studiolo.containers.launcher import Launcher
from studiolo.containers.surroundings import Surroundings
from studiolo.containers.variables import passed_on
from studiolo.containers.work import Instance, Metric, Work
from studiolo.domain import Clock, Invalid, Page, Scope
from studiolo.ml.jobs.job import Job
from studiolo.ml.jobs.jobs import Jobs
from studiolo.ml.jobs.queue import Queue
from studiolo.ml.jobs.trade import Once
from studiolo.ml.listing import Listing
from studiolo.ml.resources import Models
from studiolo.ml.tables import transform_jobs
from studiolo.ml.transform.specification import ServedModel, TransformSpecification
from studiolo.state import State

TransformJob = Job[TransformSpecification]

LOG_GROUP = "/aws/sagemaker/TransformJobs"
"""Also the namespace of their metrics."""
LONGEST_SECONDS = 30 * 24 * 60 * 60
MOST_AT_ONCE = 100
"""MiB: what MaxConcurrentTransforms and MaxPayloadInMB may be together."""


class TransformJobs(Once[TransformSpecification]):
    """The transform jobs of every scope."""

    kind, resource, noun, field = "transform", "transform-job", "Transform job", "transformJobName"
    table = transform_jobs

    def __init__(
        self,
        state: State,
        launcher: Launcher,
        queue: Queue,
        surroundings: Surroundings,
        images: Images,
        models: Models,
        metrics: cloudwatch.Metrics,
        clock: Clock,
    ) -> None:
        self._surroundings = surroundings
        self._images = images
        self._models = models
        self._metrics = metrics
        self._jobs: Jobs[TransformSpecification] = Jobs(state, launcher, queue, self, clock)
        self.start, self.close, self.empty = self._jobs.start, self._jobs.close, self._jobs.empty
        self.describe, self.stop = self._jobs.describe, self._jobs.stop

    def create(
        self,
        scope: Scope,
        name: str,
        model: str,
        batch: Batch,
        count: int,
        environment: Mapping[str, str],
        recorded: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> TransformJob:
        """Record a job and start it, or let it wait for a core. Raises Invalid, NotFound and NameInUse.

        Its role is the model's, which was passed when that was made.
        """
        served = ServedModel.of(model, self._models.get(scope, model).specification)
        _check(batch)
        if served.data:
            self._surroundings.check_model(scope, served.role, served.data)
        self._surroundings.check_input(scope, served.role, batch.uri)
        for written in filter(None, (batch.output, batch.captured)):
            self._surroundings.check_output(served.role, written)
        specification = TransformSpecification(
            served,
            replace(batch, model=served.data, compressed=served.compressed),
            count,
            dict(environment),
            recorded,
        )
        return self._jobs.create(scope, name, specification.to_json(), tags)

    def page(self, scope: Scope, listing: Listing) -> Page[TransformJob]:
        """A page of the scope's jobs."""
        return self._jobs.page(scope, listing)

    # What `Jobs` asks of a trade.

    def specification(self, values: Mapping[str, Any]) -> TransformSpecification:
        return TransformSpecification.from_json(values)

    def work(self, job: TransformJob) -> Work:
        asked, model, second = job.specification, job.specification.model, int(job.created.timestamp())
        image = self._images.resolve(model.image, "serve", scripted=model.scripted)
        wanted = {**model.environment, **asked.environment}
        own, notes = (wanted, ()) if image.algorithm is None else passed_on(wanted, image.name)
        streams = [f"{job.name}/{_instance(job, number)}-{second}" for number in range(1, asked.count + 1)]
        logs = [str(self._surroundings.log_file(job.scope, LOG_GROUP, stream)) for stream in streams]
        data_logs = [str(self._surroundings.log_file(job.scope, LOG_GROUP, f"{each}/data-log")) for each in streams]
        return Work(
            id=job.id,
            kind=self.kind,
            name=job.name,
            account=job.scope.account,
            region=job.scope.region,
            role=model.role,
            instances=tuple(
                Instance(
                    host=f"algo-{number}",
                    command=image.command("serve"),
                    variables={**image.variables, **own, **_told(asked.batch)},
                    files={},
                    log=log,
                )
                for number, log in enumerate(logs, 1)
            ),
            inputs=(),
            outputs=(),
            seconds=LONGEST_SECONDS,
            environment=image.environment,
            foreign=image.foreign,
            notes=(*image.notes, *notes),
            batch=replace(asked.batch, logs=tuple(data_logs), port=image.port),
        )

    def measured(self, job: TransformJob, metrics: Sequence[Metric]) -> None:
        for metric in metrics:
            at = datetime.fromtimestamp(metric.time, timezone.utc)
            for number in range(1, job.specification.count + 1):
                host = {"Host": f"{job.name}/{_instance(job, number)}"}
                known = cloudwatch.Metric.of(LOG_GROUP, metric.name, host)
                self._metrics.add(job.scope, known, metric.value, "Percent", at=at)


def _check(batch: Batch) -> None:
    """Raise Invalid where the settings of a job do not fit each other."""
    if (batch.concurrent or 1) * (batch.payload or 0) > MOST_AT_ONCE:
        raise Invalid(
            f"MaxConcurrentTransforms * MaxPayloadInMB must not exceed {MOST_AT_ONCE} MB; "
            f"{batch.concurrent or 1} * {batch.payload} is more."
        )
    if batch.payload == 0 and batch.split != "None":
        raise Invalid("MaxPayloadInMB 0 is for objects that are sent as they are: with a SplitType it must be above 0.")
    if not batch.processed:
        return
    if batch.split in ("RecordIO", "TFRecord"):
        raise Invalid(f"DataProcessing cannot look into records of SplitType {batch.split}: it takes None and Line.")
    format_of(batch.content_type)
    for expression in (batch.input_filter, batch.output_filter):
        Path(expression)


def _instance(job: TransformJob, number: int) -> str:
    return f"i-{job.id}{number:05x}"


def _told(batch: Batch) -> dict[str, str]:
    """What the containers of a batch transform are told, as SageMaker tells it."""
    single = {True: "SINGLE_RECORD", False: "MULTI_RECORD"}
    told = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": None if batch.payload is None else str(batch.payload),
        "SAGEMAKER_BATCH_STRATEGY": None if batch.single is None else single[batch.single],
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": None if batch.concurrent is None else str(batch.concurrent),
    }
    return {name: value for name, value in told.items() if value is not None}
