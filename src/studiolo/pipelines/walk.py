"""One look at an execution: what its steps came to, which are begun next, whether it has ended.

The rows of its steps say how far it is, and are written before and after each call: a server that was killed goes on
from there. A job is begun by a name that was recorded before, so that it is begun once.
"""

import hashlib
import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from studiolo.calling import Refused, Services
from studiolo.domain import DomainError, Invalid
from studiolo.identity import Identity
from studiolo.pipelines.callbacks import Callbacks
from studiolo.pipelines.conditions import all_hold
from studiolo.pipelines.definition import CONDITION, EXPERIMENT_MEMBERS, FAIL, Definition, Step
from studiolo.pipelines.errors import Unresolved
from studiolo.pipelines.kinds import KINDS
from studiolo.pipelines.model import (
    ACTIVE,
    EXECUTING,
    FAILED,
    PASSING,
    STARTING,
    STOPPED,
    STOPPING,
    SUCCEEDED,
    Execution,
    StepRun,
)
from studiolo.pipelines.parameters import values_of
from studiolo.pipelines.retries import next_attempt
from studiolo.pipelines.store import Store
from studiolo.pipelines.values import Values

TRANSIENT = frozenset({"ServiceUnavailable", "InternalFailure", "ThrottlingException"})
"""Error codes after which what runs is simply looked at again."""

NOTED = ("Training", "Processing", "Transform")
"""The types of steps whose jobs are noted in the execution's experiment."""

LONGEST_REASON = 1024
_LETTERS = string.ascii_letters + string.digits


class Walk:
    """One look at one execution."""

    def __init__(
        self,
        store: Store,
        callbacks: Callbacks,
        services: Services,
        identity: Identity,
        execution: Execution,
        definition: Definition,
    ) -> None:
        self._store = store
        self._callbacks = callbacks
        self._services = services
        self._identity = identity
        self._execution = execution
        self._definition = definition
        self._runs = store.steps(execution.id)
        self._values = Values(
            execution, definition, values_of(definition.parameters, execution.parameters), self._runs, self._call
        )
        self._happened = False

    def advance(self) -> bool | None:
        """Whether anything has happened; None where it has ended."""
        execution = self._execution
        if execution.status not in PASSING:
            return None
        stopping = execution.status == STOPPING
        if not execution.noted and not stopping and not self._note_experiment():
            return True
        for run in [run for run in self._runs.values() if run.status in ACTIVE]:
            if stopping:
                self._stop(run)
            self._look(self._runs[run.name])
        failed = any(run.status in (FAILED, STOPPED) for run in self._runs.values())
        if not stopping and not failed:
            self._begin_ready()
            failed = any(run.status == FAILED for run in self._runs.values())
        if any(run.status in ACTIVE for run in self._runs.values()):
            return self._happened
        if stopping:
            self._end(STOPPED, None)
        elif failed:
            self._end(FAILED, "Step failure: One or multiple steps failed.")
        elif not any(self._is_ready(step) for step in self._definition.steps):
            self._end(SUCCEEDED, None)
        else:
            return True
        return None

    def _end(self, status: str, failure: str | None) -> None:
        self._store.change(self._execution.id, lambda now: replace(now, status=status, failure=failure))

    def _note_experiment(self) -> bool:
        """Make the experiment and trial of the execution where they are not there; False where it fails of it."""
        if self._execution.experiment is not None:
            experiment, trial = self._execution.experiment
            try:
                self._make("Experiment", ExperimentName=experiment)
                self._make("Trial", TrialName=trial, ExperimentName=experiment)
            except Refused as error:
                self._end(FAILED, f"ClientError: {error.message}"[:LONGEST_REASON])
                return False
        self._execution = self._store.change(self._execution.id, lambda now: replace(now, noted=True))
        return self._execution.status == EXECUTING

    def _make(self, kind: str, **given: str) -> None:
        try:
            self._call("sagemaker", f"Create{kind}", **given)
        except Refused as error:
            if "already exists" not in error.message:
                raise

    # --- which steps

    def _begin_ready(self) -> None:
        """Begin what can be; what is done at once makes further ones ready."""
        begun = True
        while begun:
            begun = False
            for step in self._definition.steps:
                active = sum(run.status in ACTIVE for run in self._runs.values())
                if self._execution.parallel is not None and active >= self._execution.parallel:
                    return
                if self._is_ready(step):
                    if self._begin(step).status == FAILED:
                        return
                    begun = True

    def _is_ready(self, step: Step) -> bool:
        selection = self._execution.selection
        if step.name in self._runs or (selection is not None and step.name not in selection.steps):
            return False
        for condition, outcome in step.within:
            run = self._runs.get(condition)
            unselected = selection is not None and condition not in selection.steps
            if not unselected and (run is None or run.properties.get("Outcome") != str(outcome)):
                return False
        return all(self._has_succeeded(name) for name in step.needs)

    def _has_succeeded(self, name: str) -> bool:
        selection, run = self._execution.selection, self._runs.get(name)
        if selection is not None and name not in selection.steps and run is None:
            # That it is not needed for its results was checked at the start.
            return True
        return run is not None and run.status == SUCCEEDED

    # --- one step

    def _begin(self, step: Step) -> StepRun:
        run = StepRun(step.name, len(self._runs) + 1, STARTING, self._store.clock(), first=self._now())
        if step.type in (CONDITION, FAIL):
            return self._decide(step, run)
        kind = KINDS[step.type]
        run = replace(run, handle=kind.handle(self._execution.id, step.name, step.document, _chance()))
        try:
            arguments = self._arguments(step, run)
        except (Unresolved, Refused, Invalid) as error:
            return self._fail(run, f"ClientError: {error}")
        seconds = step.cache_seconds
        if seconds is not None and kind.checked is not None:
            run = replace(run, cache_key=_cache_key(step.type, arguments, kind.checked))
            if (hit := self._cached(step, run, seconds)) is not None:
                return self._put(hit)
        # Recorded before it is called: what was begun is never begun twice.
        self._put(run)
        return self._call_kind(step, run, arguments)

    def _decide(self, step: Step, run: StepRun) -> StepRun:
        try:
            if step.type == FAIL:
                said = str(self._values.resolved(step.arguments["ErrorMessage"]))
                return self._fail(replace(run, metadata={"Fail": {"ErrorMessage": said}}), said)
            outcome = str(all_hold(self._values.resolved(step.arguments["Conditions"])))
        except (Unresolved, Refused) as error:
            return self._fail(run, f"ClientError: {error}")
        shown = {"Condition": {"Outcome": outcome}}
        decided = replace(run, status=SUCCEEDED, properties={"Outcome": outcome}, metadata=shown, ended=self._now())
        return self._put(decided)

    def _cached(self, step: Step, run: StepRun, seconds: float) -> StepRun | None:
        """The step with the result of an earlier one; None where there is none so young."""
        execution = self._execution
        try:
            since = self._store.clock() - timedelta(seconds=seconds)
        except OverflowError:
            since = execution.created.replace(year=1970)
        found = self._store.cached(execution.scope, execution.pipeline, step.name, run.cache_key or "", since)
        if found is None:
            return None
        source, earlier = found
        return replace(
            run, status=SUCCEEDED, ended=self._now(), properties=earlier.properties, metadata=earlier.metadata,
            handle=earlier.handle, cached=source, cache_key=None,
        )  # fmt: skip

    def _arguments(self, step: Step, run: StepRun) -> dict[str, Any]:
        """What the step's call is given. Raises Unresolved, Refused."""
        values = self._values.of(run)
        arguments: dict[str, Any] = values.resolved(step.arguments)
        if step.type == "Lambda":
            arguments = {"FunctionArn": values.resolved(step.document["FunctionArn"]), "Arguments": arguments}
        if step.type == "Callback":
            message = {
                "token": run.handle["token"],
                "pipelineExecutionArn": self._execution.arn,
                "stepName": step.name,
                "arguments": arguments,
                "status": EXECUTING,
            }
            arguments = {"SqsQueueUrl": values.resolved(step.document["SqsQueueUrl"]), "Message": message}
        if step.type in NOTED and self._execution.experiment is not None:
            noted = dict(zip(EXPERIMENT_MEMBERS, self._execution.experiment, strict=True))
            arguments.setdefault("ExperimentConfig", {**noted, "TrialComponentDisplayName": step.name})
        return arguments

    def _call_kind(self, step: Step, run: StepRun, arguments: Mapping[str, Any]) -> StepRun:
        if step.type == "Callback":
            self._callbacks.expect(run.handle["token"], self._execution.id, step.name)
        try:
            more = KINDS[step.type].begin(self._call, run.handle, arguments)
        except Refused as error:
            return self._failed(step, run, error.code, f"ClientError: {error.message}")
        return self._look(self._put(replace(run, status=EXECUTING, handle={**run.handle, **more})))

    def _look(self, run: StepRun) -> StepRun:
        """The step as it is now, begun first where that is due."""
        step = self._definition.step(run.name)
        if step is None or run.status not in ACTIVE:
            return run
        if run.status == STARTING:
            return run if run.due is not None and self._now() < run.due else self._begin_again(step, run)
        handle = dict(run.handle)
        if step.type == "Callback":
            handle["answer"] = self._callbacks.answer(handle["token"])
        try:
            seen = KINDS[step.type].look(self._call, handle)
        except Refused as error:
            return run if error.code in TRANSIENT else self._fail(run, f"ClientError: {error.message}")
        run = replace(run, metadata=seen.metadata or run.metadata)
        if seen.status == SUCCEEDED:
            properties = _plain(seen.properties or {})
            return self._put(replace(run, status=SUCCEEDED, ended=self._now(), properties=properties))
        if seen.status == STOPPED and run.status == STOPPING:
            return self._put(replace(run, status=STOPPED, ended=self._now()))
        if seen.status in (FAILED, STOPPED):
            reason = seen.failure or f"ClientError: The {step.type} step was stopped before it was done."
            return self._failed(step, run, None, reason)
        return run if run == self._runs[run.name] else self._put(run)

    def _begin_again(self, step: Step, run: StepRun) -> StepRun:
        """Begin a step that a server before recorded and perhaps began; or that is to be tried once more."""
        try:
            arguments = self._arguments(step, run)
        except (Unresolved, Refused) as error:
            return self._fail(run, f"ClientError: {error}")
        return self._call_kind(step, self._put(replace(run, due=None)), arguments)

    def _failed(self, step: Step, run: StepRun, code: str | None, reason: str) -> StepRun:
        """The step as failed; or as to be tried again, where a policy of its says so."""
        policies = step.document.get("RetryPolicies") or ()
        due = None
        if self._execution.status == EXECUTING:
            due = next_attempt(policies, code, reason, run.attempts, run.first, self._now())
        if due is None:
            return self._fail(run, reason)
        handle = KINDS[step.type].handle(self._execution.id, step.name, step.document, _chance())
        return self._put(replace(run, status=STARTING, due=due, attempts=run.attempts + 1, handle=handle))

    def _stop(self, run: StepRun) -> None:
        step = self._definition.step(run.name)
        if step is None or run.status == STOPPING:
            return
        try:
            waits = run.due is None and KINDS[step.type].stop(self._call, run.handle)
        except (Refused, KeyError):
            # It has ended, or was not begun by a server before.
            waits = False
        if waits:
            self._put(replace(run, status=STOPPING))
        elif run.status == STARTING:
            self._put(replace(run, status=STOPPED, ended=self._now(), due=None))

    def _fail(self, run: StepRun, reason: str) -> StepRun:
        failure = reason[:LONGEST_REASON]
        return self._put(replace(run, status=FAILED, failure=failure, ended=self._now(), cache_key=None))

    def _put(self, run: StepRun) -> StepRun:
        self._runs[run.name] = run
        self._happened = True
        return self._store.put(self._execution.id, run)

    def _now(self) -> float:
        return self._store.clock().timestamp()

    def _call(self, service: str, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """An operation, called as the role of the execution. Raises Refused."""
        try:
            principal = self._identity.session_of(self._execution.role, f"SageMaker-{self._execution.id}")
        except DomainError as error:
            raise Refused("AccessDenied", str(error)) from error
        try:
            return self._services(principal, self._execution.scope.region, service, operation, parameters)
        except Refused as error:
            words = f"Failed to invoke {service}:{operation}. Error Details: {error.message}"
            raise Refused(error.code, words) from error


def _chance() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(10))


def _cache_key(kind: str, arguments: Mapping[str, Any], checked: tuple[str, ...]) -> str:
    chosen = {path: _at(arguments, path.split(".")) for path in checked}
    return hashlib.sha256(json.dumps([kind, chosen], sort_keys=True).encode()).hexdigest()


def _at(value: Any, path: list[str]) -> Any:
    for member in path:
        value = value.get(member) if isinstance(value, Mapping) else None
    return value


def _plain(value: Any) -> Any:
    """An answer as JSON can hold it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
