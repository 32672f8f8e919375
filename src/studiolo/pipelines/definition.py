"""A pipeline definition (version 2020-12-01) as values: parameters, and steps in the order in which they can be begun."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studiolo.domain import Invalid
from studiolo.pipelines.conditions import check_condition
from studiolo.pipelines.durations import seconds_of
from studiolo.pipelines.errors import Unresolved
from studiolo.pipelines.expressions import EXECUTION_VARIABLES, parts_of, references
from studiolo.pipelines.kinds import KINDS
from studiolo.pipelines.parameters import Parameter

VERSION = "2020-12-01"
MOST_STEPS, MOST_PARAMETERS = 50, 200
"""Quotas of SageMaker."""
CONDITION, FAIL = "Condition", "Fail"
WALKED = (CONDITION, FAIL)
REFUSED = {
    "QualityCheck": "run the monitor's image in a processing step, and compare by a monitoring schedule",
    "ClarifyCheck": "Studiolo has no SageMaker Clarify",
    "AutoML": "Studiolo has no AutoML jobs",
}
EXPERIMENT_MEMBERS = ("ExperimentName", "TrialName")
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_STEP = re.compile(r"Steps\.([A-Za-z0-9\-_]+)\.(.+)", re.DOTALL)
UNPARSABLE = "Unable to parse pipeline definition. "


@dataclass(frozen=True)
class Step:
    """within: the conditions that it is in a branch of, each with its outcome there, the outermost first."""

    name: str
    type: str
    document: Mapping[str, Any]
    within: tuple[tuple[str, bool], ...]
    needs: frozenset[str] = field(default_factory=frozenset)

    @property
    def arguments(self) -> Mapping[str, Any]:
        return self.document["Arguments"]  # type: ignore[no-any-return]

    @property
    def cache_seconds(self) -> float | None:
        """How old a result may be that is used again; None where it always runs."""
        config = self.document.get("CacheConfig") or {}
        return seconds_of(config["ExpireAfter"]) if config.get("Enabled") else None

    def property_file(self, name: str) -> Mapping[str, Any] | None:
        found = (each for each in self.document.get("PropertyFiles") or () if each.get("PropertyFileName") == name)
        return next(found, None)


@dataclass(frozen=True)
class Definition:
    """experiment: as written; None for no experiment."""

    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    experiment: Mapping[str, Any] | None

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)


def read_definition(text: str) -> Definition:
    """The definition in a JSON text. Raises Invalid in SageMaker's words."""
    try:
        return _read(text)
    except Invalid as error:
        raise Invalid(f"{UNPARSABLE}{error}") from error


def _read(text: str) -> Definition:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"It is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise Invalid("Expecting start of Json Object.")
    if document.get("Version") != VERSION:
        raise Invalid(f"Unsupported version '{document.get('Version')}': the version must be '{VERSION}'.")
    parameters = tuple(Parameter.read(each) for each in _list(document, "Parameters", required=False))
    _check_distinct([each.name for each in parameters], "Parameter")
    steps = tuple(_steps(_list(document, "Steps"), ()))
    _check_distinct([step.name for step in steps], "Step")
    if not steps or len(steps) > MOST_STEPS:
        raise Invalid(f"A pipeline has between 1 and {MOST_STEPS} steps; this one has {len(steps)}.")
    if len(parameters) > MOST_PARAMETERS:
        raise Invalid(f"A pipeline has at most {MOST_PARAMETERS} parameters; this one has {len(parameters)}.")
    names = {step.name for step in steps}
    steps = tuple(_with_needs(step, steps, names, {each.name for each in parameters}) for step in steps)
    experiment = document.get("PipelineExperimentConfig", _DEFAULT_EXPERIMENT)
    for member in EXPERIMENT_MEMBERS if experiment is not None else ():
        if not isinstance(experiment, dict) or member not in experiment:
            raise Invalid(f"Required property '{member}' not found in PipelineExperimentConfig.")
    return Definition(parameters, _ordered(steps), experiment)


_DEFAULT_EXPERIMENT = {
    "ExperimentName": {"Get": "Execution.PipelineName"},
    "TrialName": {"Get": "Execution.PipelineExecutionId"},
}


def _steps(documents: Sequence[Any], within: tuple[tuple[str, bool], ...]) -> Iterator[Step]:
    for document in documents:
        if not isinstance(document, dict):
            raise Invalid("Expecting start of Json Object.")
        for member in ("Name", "Type"):
            if not isinstance(document.get(member), str):
                raise Invalid(f"Required property '{member}' not found in a step.")
        name, kind = document["Name"], document["Type"]
        if not _NAME.fullmatch(name):
            raise Invalid(f"Step name '{name}' must have 1 to 64 of the characters A-Z, a-z, 0-9, - and _.")
        if kind in REFUSED:
            raise Invalid(f"Step '{name}' of type '{kind}' is not supported by Studiolo: {REFUSED[kind]}.")
        if kind not in KINDS and kind not in WALKED:
            known = ", ".join((*KINDS, *WALKED))
            raise Invalid(f"Unknown type '{kind}' of step '{name}'. Studiolo runs steps of the types {known}.")
        arguments = document.get("Arguments")
        if not isinstance(arguments, dict):
            raise Invalid(f"Required property 'Arguments' not found in step '{name}'.")
        step = Step(name, kind, document, within)
        _check_step(step)
        yield step
        if kind == CONDITION:
            for member, outcome in (("IfSteps", True), ("ElseSteps", False)):
                yield from _steps(_list(arguments, member, required=False), (*within, (name, outcome)))


def _check_step(step: Step) -> None:
    if step.type == CONDITION:
        for condition in _list(step.arguments, "Conditions"):
            check_condition(condition, step.name)
    elif step.type == FAIL:
        if "ErrorMessage" not in step.arguments:
            raise Invalid(f"Required property 'ErrorMessage' not found in the arguments of step '{step.name}'.")
    else:
        KINDS[step.type].check(step.name, step.document)
    config = step.document.get("CacheConfig") or {}
    if config.get("Enabled") and "ExpireAfter" not in config:
        raise Invalid(f"Required property 'ExpireAfter' not found in CacheConfig of step '{step.name}'.")
    if config.get("Enabled"):
        seconds_of(config["ExpireAfter"])
    if any(not isinstance(each, dict) or "ExceptionType" not in each for each in _list(step.document, "RetryPolicies", required=False)):  # fmt: skip  # noqa: E501
        raise Invalid(f"Required property 'ExceptionType' not found in RetryPolicies of step '{step.name}'.")


def _with_needs(step: Step, steps: Sequence[Step], names: set[str], parameters: set[str]) -> Step:
    """The step with all that it waits for: what it names, what it refers to, and the condition that it is under."""
    own = {name: value for name, value in step.document.items() if name != "Arguments"}
    arguments = {"Conditions": step.arguments["Conditions"]} if step.type == CONDITION else step.arguments
    needs = set(_list(step.document, "DependsOn", required=False))
    if unknown := sorted(map(str, needs - names)):
        raise Invalid(f"Step '{step.name}' depends on steps that are not in the pipeline: {', '.join(unknown)}.")
    for reference in references([own, arguments]):
        if (needed := _checked(reference, step, steps, parameters)) is not None:
            needs.add(needed)
    needs |= {name for name, _ in step.within[-1:]}
    return Step(step.name, step.type, step.document, step.within, frozenset(needs))


def _checked(reference: str, step: Step, steps: Sequence[Step], parameters: set[str]) -> str | None:
    """The step that a reference is to, None for others. Raises Invalid for one that can never have a value."""
    space, _, rest = reference.partition(".")
    where = f"Invalid property reference [{reference}] in step '{step.name}'"
    if space == "Parameters" and rest in parameters:
        return None
    if space == "Execution" and rest in EXECUTION_VARIABLES:
        return None
    if space == "PipelineExperimentConfig" and rest in EXPERIMENT_MEMBERS:
        return None
    match = _STEP.fullmatch(reference)
    target = None if match is None else next((each for each in steps if each.name == match[1]), None)
    if match is None or target is None:
        raise Invalid(f"{where}: there is no such parameter, execution variable or step.")
    try:
        parts = parts_of(match[2])
    except Unresolved as error:
        raise Invalid(f"{where}: {error}") from error
    if parts[0] == "PropertyFiles" and target.property_file(str(parts[-1])) is None:
        raise Invalid(f"{where}: step '{target.name}' has no property file '{parts[-1]}'.")
    return target.name


def _ordered(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps so that each stands behind those that it needs. Raises Invalid for a cycle."""
    done: dict[str, Step] = {}
    left = list(steps)
    while left:
        ready = [step for step in left if step.needs <= done.keys()]
        if not ready:
            raise Invalid(f"Cycle detected in pipeline steps: {', '.join(step.name for step in left)}.")
        done |= {step.name: step for step in ready}
        left = [step for step in left if step.name not in done]
    return tuple(done.values())


def _list(document: Mapping[str, Any], member: str, *, required: bool = True) -> Sequence[Any]:
    value = document.get(member)
    if value is None and not required:
        return ()
    if value is None:
        raise Invalid(f"Required property '{member}' not found.")
    if not isinstance(value, list):
        raise Invalid("Expecting start of Json Array.")
    return value


def _check_distinct(names: Sequence[str], what: str) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Invalid(f"{what} names must be unique; given more than once: {', '.join(twice)}.")
