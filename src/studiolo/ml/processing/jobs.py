"""Processing jobs: what is particular to them among jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.containers.images import Images
from studiolo.containers.launcher import Launcher
from studiolo.containers.surroundings import Surroundings
from studiolo.containers.work import Metric, Work
from studiolo.domain import Clock, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.jobs.job import Job
from studiolo.ml.jobs.jobs import Jobs
from studiolo.ml.jobs.queue import Queue
from studiolo.ml.jobs.trade import Once
from studiolo.ml.listing import Listing
from studiolo.ml.processing import contract
from studiolo.ml.processing.spark import SparkImages
from studiolo.ml.processing.specification import ProcessingSpecification
from studiolo.ml.tables import processing_jobs
from studiolo.state import State

ProcessingJob = Job[ProcessingSpecification]

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"


class ProcessingJobs(Once[ProcessingSpecification]):
    """The processing jobs of every scope."""

    kind, resource, noun, field = "processing", "processing-job", "Processing job", "processingJobName"
    table = processing_jobs

    def __init__(
        self,
        state: State,
        launcher: Launcher,
        queue: Queue,
        surroundings: Surroundings,
        images: Images,
        spark: SparkImages,
        clock: Clock,
    ) -> None:
        self._surroundings = surroundings
        self._images = images
        self._spark = spark
        self._jobs: Jobs[ProcessingSpecification] = Jobs(state, launcher, queue, self, clock)
        self.start, self.close, self.empty = self._jobs.start, self._jobs.close, self._jobs.empty
        self.describe, self.stop, self.delete = self._jobs.describe, self._jobs.stop, self._jobs.delete

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        specification: ProcessingSpecification,
        tags: Mapping[str, str],
    ) -> ProcessingJob:
        """Record a job and start it, or let it wait for a core. Raises Invalid, NotFound, Denied and NameInUse."""
        self._surroundings.check_role(principal, specification.role)
        return self.submit(scope, name, specification, tags)

    def submit(
        self, scope: Scope, name: str, specification: ProcessingSpecification, tags: Mapping[str, str]
    ) -> ProcessingJob:
        """The same for a job with a role that was handed over before."""
        image = self._images.resolve(specification.image, "process", scripted=True)
        if not specification.entrypoint:
            image.command("process")
        if image.spark:
            self._spark.release(image)
        contract.check(specification)
        for given in specification.inputs:
            if given.managed:
                self._surroundings.check_input(scope, specification.role, given.uri)
        for taken in specification.outputs:
            if taken.managed:
                self._surroundings.check_output(specification.role, taken.uri)
        return self._jobs.create(scope, name, specification.to_json(), tags)

    def page(self, scope: Scope, listing: Listing) -> Page[ProcessingJob]:
        """A page of the scope's jobs."""
        return self._jobs.page(scope, listing)

    # What `Jobs` asks of a trade.

    def specification(self, values: Mapping[str, Any]) -> ProcessingSpecification:
        return ProcessingSpecification.from_json(values)

    def work(self, job: ProcessingJob) -> Work:
        specification = job.specification
        image = self._images.resolve(specification.image, "process", scripted=True)
        second = int(job.created.timestamp())
        logs = {
            host: str(self._surroundings.log_file(job.scope, LOG_GROUP, f"{job.name}/{host}-{second}"))
            for host in specification.hosts
        }
        work = Work(
            id=job.id,
            kind=self.kind,
            name=job.name,
            account=job.scope.account,
            region=job.scope.region,
            role=specification.role,
            instances=contract.instances(job, image, logs),
            inputs=contract.inputs(specification),
            outputs=contract.outputs(specification),
            seconds=specification.max_runtime,
            folders=contract.folders(specification),
            environment=image.environment,
            foreign=image.foreign,
            notes=image.notes,
            failure=contract.MESSAGE,
            message=contract.MESSAGE,
        )
        return self._spark.furnished(work, image) if image.spark else work

    def measured(self, job: ProcessingJob, metrics: Sequence[Metric]) -> None:
        """It has none."""
