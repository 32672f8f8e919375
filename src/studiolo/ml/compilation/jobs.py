"""Compilation jobs: what is particular to them among jobs."""

import json
from collections.abc import Mapping, Sequence

from studiolo.containers.launcher import Launcher
from studiolo.containers.surroundings import Surroundings
from studiolo.containers.work import BASE, COMPLETED, Input, Instance, Metric, Output, Work
from studiolo.domain import Clock, NotFound, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.compilation.images import COMMAND, environment_of
from studiolo.ml.compilation.specification import CompilationSpecification
from studiolo.ml.errors import JobMissing
from studiolo.ml.jobs.job import Job
from studiolo.ml.jobs.jobs import Jobs
from studiolo.ml.jobs.queue import Queue
from studiolo.ml.jobs.trade import Once
from studiolo.ml.listing import Listing
from studiolo.ml.tables import compilation_jobs
from studiolo.state import State

CompilationJob = Job[CompilationSpecification]

LOG_GROUP = "/aws/sagemaker/CompilationJobs"
MODEL = "model"


class CompilationJobs(Once[CompilationSpecification]):
    """The compilation jobs of every scope."""

    kind, resource, noun, field = "compilation", "compilation-job", "Compilation job", "compilationJobName"
    table = compilation_jobs

    def __init__(
        self, state: State, launcher: Launcher, queue: Queue, surroundings: Surroundings, clock: Clock
    ) -> None:
        self._surroundings = surroundings
        self._jobs: Jobs[CompilationSpecification] = Jobs(state, launcher, queue, self, clock)
        self.start, self.close, self.empty = self._jobs.start, self._jobs.close, self._jobs.empty

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        specification: CompilationSpecification,
        tags: Mapping[str, str],
    ) -> CompilationJob:
        """Record a job and start it, or let it wait for a core. Raises Invalid, NotFound, Denied and NameInUse."""
        specification.check()
        environment_of(specification.framework, specification.version)
        self._surroundings.check_role(principal, specification.role)
        self._surroundings.check_model(scope, specification.role, specification.uri)
        self._surroundings.check_output(specification.role, specification.output)
        return self._jobs.create(scope, name, specification.to_json(), tags)

    def describe(self, scope: Scope, name: str) -> CompilationJob:
        """The job as it is at this moment. Raises JobMissing."""
        try:
            return self._jobs.describe(scope, name)
        except NotFound as error:
            raise JobMissing(f"Could not find compilation job '{name}'.") from error

    def page(self, scope: Scope, listing: Listing) -> Page[CompilationJob]:
        """A page of the scope's jobs."""
        return self._jobs.page(scope, listing)

    def stop(self, scope: Scope, name: str) -> None:
        """Ask a job to stop. Raises JobMissing, and Conflict for one that has ended."""
        self.describe(scope, name)
        self._jobs.stop(scope, name)

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a job; its artifact stays. Raises JobMissing, and Conflict for one that has not ended."""
        self.describe(scope, name)
        self._jobs.delete(scope, name)

    # What `Jobs` asks of a trade.

    def specification(self, values: Mapping[str, object]) -> CompilationSpecification:
        return CompilationSpecification.from_json(values)

    def work(self, job: CompilationJob) -> Work:
        asked = job.specification
        told = {"framework": asked.framework, "shapes": asked.shapes, "archive": asked.archive}
        log = self._surroundings.log_file(job.scope, LOG_GROUP, f"{job.name}/algo-1-{int(job.created.timestamp())}")
        environment = environment_of(asked.framework, asked.version)
        return Work(
            id=job.id,
            kind=self.kind,
            name=job.name,
            account=job.scope.account,
            region=job.scope.region,
            role=asked.role,
            instances=(Instance("algo-1", COMMAND, {}, {"input/config/compilation.json": json.dumps(told)}, str(log)),),
            inputs=(Input(MODEL, f"{BASE}/input/data/{MODEL}", asked.uri),),
            outputs=(Output(MODEL, f"{BASE}/model", asked.artifact, when=(COMPLETED,), packed=True),),
            seconds=asked.max_runtime,
            folders=("output", MODEL),
            environment=environment,
            notes=(f"Compiling for {asked.target}, which is this machine's processor here.",),
            message="output/derived",
        )

    def measured(self, job: CompilationJob, metrics: Sequence[Metric]) -> None:
        """It has none."""
