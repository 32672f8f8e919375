"""The pipelines of every account and region, and their executions."""

import logging
import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import botocore.exceptions

from studiolo.calling import Services
from studiolo.domain import Clock, Invalid, Page, Scope
from studiolo.identity import Identity, Principal
from studiolo.ml.listing import Listing
from studiolo.ml.tags import Tags
from studiolo.objects import Objects
from studiolo.pipelines.callbacks import Callbacks
from studiolo.pipelines.definition import Definition, Step, read_definition
from studiolo.pipelines.errors import Busy, NoPipeline, Unresolved
from studiolo.pipelines.model import (
    EXECUTING,
    FAILED,
    PASSING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    Asked,
    By,
    Execution,
    Pipeline,
    Settings,
    StepRun,
    Version,
)
from studiolo.pipelines.parameters import values_of
from studiolo.pipelines.store import Store
from studiolo.pipelines.values import Values
from studiolo.pipelines.walk import Walk
from studiolo.pipelines.workers import Workers
from studiolo.state import State, StateUnavailable

SERVICE = "sagemaker.amazonaws.com"
LARGEST_DEFINITION = 1024 * 1024
"""Bytes of a definition, as the API has it."""

MOST_PARALLEL = 200
"""MaxParallelExecutionSteps at most."""

LONGEST_FAILURE = 1300
"""Characters of an execution's reason, as the API has it."""

log = logging.getLogger(__name__)

_LETTERS = string.ascii_lowercase + string.digits


class Pipelines:
    """Pipelines, and what runs through them."""

    def __init__(self, state: State, identity: Identity, objects: Objects, tags: Tags, clock: Clock) -> None:
        self._store = Store(state, clock)
        self._callbacks = Callbacks(state)
        self._identity = identity
        self._objects = objects
        self._clock = clock
        self._services: Services | None = None
        self._workers = Workers(self._advance)
        tags.know("pipeline", self._store.exists)

    def start(self, services: Services) -> None:
        """Go on with the executions that an earlier server has begun."""
        self._services = services
        self._workers.open()
        for execution in self._store.unfinished():
            self._workers.wake(execution)

    def close(self) -> None:
        """Leave off; the executions go on at the next start."""
        self._workers.close()

    def empty(self) -> None:
        """Forget everything; the jobs are others' to end."""
        self._workers.close()
        self._store.empty()
        self._workers.open()

    # --- pipelines

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        settings: Settings,
        definition: str,
        tags: Mapping[str, str],
        token: str,
    ) -> Pipeline:
        """Add a pipeline. Raises AlreadyExists, Invalid, NotFound and Denied."""
        read_definition(definition)
        self._check(settings.parallel)
        self._identity.pass_role(principal, settings.role, SERVICE)
        return self._store.add(scope, name, settings, definition, By.of(principal), token, tags)

    def update(
        self, scope: Scope, principal: Principal, name: str, changes: Mapping[str, Any], definition: str | None
    ) -> Pipeline:
        """Change some of a pipeline; a definition is a new version. Raises NoPipeline, Invalid, NotFound, Denied."""
        self._store.pipeline(scope, name)
        if definition is not None:
            read_definition(definition)
        self._check(changes.get("parallel"))
        if "role" in changes:
            self._identity.pass_role(principal, changes["role"], SERVICE)
        return self._store.update(scope, name, changes, definition, By.of(principal))

    def delete(self, scope: Scope, name: str) -> Pipeline:
        """Forget a pipeline with its executions. Raises NoPipeline, and Busy while one runs."""
        pipeline = self._store.pipeline(scope, name)
        self._store.delete(scope, name)
        return pipeline

    def describe(self, scope: Scope, name: str, version: int | None = None) -> tuple[Pipeline, Version]:
        """A pipeline by its name or ARN, with a definition of its, the latest. Raises NoPipeline."""
        pipeline = self._store.pipeline(scope, _name_of(name))
        return pipeline, self._store.version(scope, pipeline.name, version or pipeline.version)

    def page(self, scope: Scope, listing: Listing, prefix: str | None) -> Page[Pipeline]:
        return self._store.pipelines(scope, listing, prefix)

    def versions(self, scope: Scope, name: str, after: str | None, limit: int, *, descending: bool) -> Page[Version]:
        """Raises NoPipeline."""
        pipeline = self._store.pipeline(scope, _name_of(name))
        return self._store.versions(scope, pipeline.name, after, limit, descending=descending)

    def read_definition(self, principal: Principal, bucket: str, key: str, version: str | None) -> str:
        """A definition that is on S3, read as the caller. Raises Invalid."""
        which = {} if version is None else {"VersionId": version}
        try:
            answer = self._objects.client(principal).get_object(Bucket=bucket, Key=key, **which)
            if answer["ContentLength"] > LARGEST_DEFINITION:
                raise Invalid(f"The definition s3://{bucket}/{key} has more than {LARGEST_DEFINITION} bytes.")
            return str(answer["Body"].read().decode())
        except (botocore.exceptions.ClientError, UnicodeDecodeError) as error:
            raise Invalid(f"The definition s3://{bucket}/{key} cannot be read: {error}") from error

    # --- executions

    def begin(self, scope: Scope, principal: Principal, name: str, asked: Asked, token: str) -> Execution:
        """Start an execution. Raises NoPipeline, Invalid, NotFound and Denied."""
        pipeline, version = self.describe(scope, name, asked.version)
        definition = read_definition(version.definition)
        values = values_of(definition.parameters, asked.parameters)
        self._check(asked.parallel)
        if asked.role is not None:
            self._identity.pass_role(principal, asked.role, SERVICE)
        moment = self._clock()
        execution = Execution(
            scope=scope,
            pipeline=pipeline.name,
            id="".join(secrets.choice(_LETTERS) for _ in range(12)),
            version=version.number,
            status=EXECUTING,
            created=moment,
            changed=moment,
            role=asked.role or pipeline.settings.role,
            display=asked.display or f"execution-{int(moment.timestamp() * 1000)}",
            by=By.of(principal),
            changed_by=By.of(principal),
            parameters=dict(asked.parameters),
            description=asked.description,
            parallel=asked.parallel or pipeline.settings.parallel,
            selection=asked.selection,
        )
        reused = {} if asked.selection is None else self._reused(execution, definition)
        execution = replace(execution, experiment=_experiment(execution, definition, values))
        execution = self._store.start(execution, token, reused)
        self._workers.wake(execution.id)
        return execution

    def execution(self, scope: Scope, arn: str) -> Execution:
        """Raises NoPipeline."""
        return self._store.execution_of(scope, arn)

    def definition_of(self, execution: Execution) -> Version:
        return self._store.version(execution.scope, execution.pipeline, execution.version)

    def parameters(self, execution: Execution) -> dict[str, Any]:
        """The value of every parameter of an execution, by name: as given, else the default."""
        definition = read_definition(self.definition_of(execution).definition)
        return {**values_of(definition.parameters, execution.parameters), **execution.parameters}

    def executions(
        self,
        scope: Scope,
        name: str,
        between: tuple[datetime | None, datetime | None],
        sort: str,
        after: str | None,
        limit: int,
        *,
        descending: bool,
    ) -> Page[Execution]:
        """A page of a pipeline's executions. Raises NoPipeline."""
        pipeline = self._store.pipeline(scope, _name_of(name))
        return self._store.executions(scope, pipeline.name, between, sort, after, limit, descending=descending)

    def steps(self, execution: Execution) -> list[tuple[StepRun, Step | None]]:
        """The steps of an execution that were begun, in that order, with their definitions."""
        definition = read_definition(self.definition_of(execution).definition)
        return [(run, definition.step(run.name)) for run in self._store.steps(execution.id).values()]

    def stop(self, scope: Scope, principal: Principal, arn: str) -> Execution:
        """Stop what runs of an execution, and begin no more. Raises NoPipeline, and Busy where it has ended."""
        execution = self._store.execution_of(scope, arn)

        def stopping(now: Execution) -> Execution:
            if now.status not in PASSING:
                raise Busy(f"Pipeline execution with ARN '{arn}' has ended: its status is {now.status}.")
            return replace(now, status=STOPPING, changed_by=By.of(principal))

        execution = self._store.change(execution.id, stopping)
        self._workers.wake(execution.id)
        return execution

    def waiting_for(self, scope: Scope, token: str) -> Execution:
        """The execution that waits for who has a token. Raises NoPipeline."""
        identifier, _ = self._callbacks.of(token)
        execution = self._store.execution(identifier)
        if execution.scope != scope:
            raise NoPipeline(f"No callback step waits for the token {token}.")
        return execution

    def call_back(
        self, scope: Scope, token: str, outputs: Mapping[str, str], *, failure: str | None = None
    ) -> Execution:
        """What a callback step waits for: its outputs, or why it has failed. Raises NoPipeline, Busy."""
        execution = self.waiting_for(scope, token)
        _, name = self._callbacks.of(token)
        run = self._store.steps(execution.id).get(name)
        if run is None or run.handle.get("token") != token:
            raise Busy(f"The step {name} has been begun again: nothing waits for the token {token} any more.")
        self._callbacks.put(token, {"outputs": dict(outputs), "failure": failure})
        self._workers.wake(execution.id)
        return execution

    def retry(self, scope: Scope, principal: Principal, arn: str, parallel: int | None) -> Execution:
        """Go on with an execution from where it failed or was stopped. Raises NoPipeline, and Busy otherwise."""
        self._check(parallel)
        execution = self._store.execution_of(scope, arn)
        if execution.status not in (FAILED, STOPPED):
            raise Busy(
                f"Pipeline execution with ARN '{arn}' cannot be retried: its status is {execution.status}, and only one "
                "that Failed or was Stopped can be."
            )
        runs = self._store.steps(execution.id).values()
        self._store.forget(execution.id, [run.name for run in runs if run.status != SUCCEEDED])
        by = By.of(principal)
        again = self._store.change(
            execution.id,
            lambda now: replace(
                now, status=EXECUTING, failure=None, changed_by=by, parallel=parallel or execution.parallel
            ),
        )
        self._workers.wake(again.id)
        return again

    def change(self, scope: Scope, principal: Principal, arn: str, changes: Mapping[str, Any]) -> Execution:
        """Change the display name, description or parallelism of an execution. Raises NoPipeline."""
        self._check(changes.get("parallel"))
        execution = self._store.execution_of(scope, arn)
        by = By.of(principal)
        return self._store.change(execution.id, lambda now: replace(now, changed_by=by, **changes))

    # --- parts

    def _advance(self, identifier: str) -> bool | None:
        try:
            execution = self._store.execution(identifier)
        except NoPipeline:
            return None
        assert self._services is not None
        try:
            definition = read_definition(self.definition_of(execution).definition)
            return Walk(self._store, self._callbacks, self._services, self._identity, execution, definition).advance()
        except StateUnavailable as error:
            log.warning("the pipeline execution %s waits: %s", execution.arn, error)
            return False
        except Exception as error:
            log.exception("the pipeline execution %s cannot go on", execution.arn)
            why = f"InternalServerError: {type(error).__name__}: {error}"[:LONGEST_FAILURE]
            self._store.change(identifier, lambda now: replace(now, status=FAILED, failure=why))
            return None

    def _reused(self, execution: Execution, definition: Definition) -> dict[str, StepRun]:
        """The results of the earlier execution that a selection builds on. Raises Invalid, NoPipeline."""
        selection = execution.selection
        assert selection is not None
        if unknown := sorted({name for name in selection.steps if definition.step(name) is None}):
            raise Invalid(f"SelectedSteps names steps that are not in the pipeline: {', '.join(unknown)}.")
        earlier: Mapping[str, StepRun] = {}
        if selection.source is not None:
            source = self._store.execution_of(execution.scope, selection.source)
            if source.pipeline != execution.pipeline:
                raise Invalid("SourcePipelineExecutionArn is of another pipeline.")
            earlier = self._store.steps(source.id)
        reused = {
            name: replace(run, reused=run.reused or selection.source, cached=None, cache_key=None)
            for name, run in earlier.items()
            if name not in selection.steps and run.status == SUCCEEDED
        }
        for name in selection.steps:
            step = definition.step(name)
            under = {condition for condition, _ in step.within} if step is not None else set()
            missing = sorted((step.needs if step is not None else set()) - under - reused.keys() - {*selection.steps})
            if missing:
                raise Invalid(
                    f"Step '{name}' needs results of {', '.join(missing)}, which are not selected and have not "
                    "Succeeded in an execution named by SourcePipelineExecutionArn."
                )
        return reused

    @staticmethod
    def _check(parallel: int | None) -> None:
        if parallel is not None and parallel > MOST_PARALLEL:
            raise Invalid(f"MaxParallelExecutionSteps must be at most {MOST_PARALLEL}, and is {parallel}.")


def _experiment(execution: Execution, definition: Definition, values: Mapping[str, Any]) -> tuple[str, str] | None:
    """The experiment and the trial that an execution is noted in. Raises Invalid."""
    if definition.experiment is None:
        return None
    try:
        found = Values(execution, definition, values, {}, None).resolved(definition.experiment)
    except Unresolved as error:
        raise Invalid(f"PipelineExperimentConfig: {error}") from error
    return str(found["ExperimentName"]).lower()[:120], str(found["TrialName"])[:120]


def _name_of(name: str) -> str:
    return name.rpartition(":pipeline/")[2]
