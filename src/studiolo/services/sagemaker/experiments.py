"""Amazon SageMaker: experiments and trials."""

from collections.abc import Callable
from typing import Any

from studiolo.ml.experiments.entity import EXPERIMENT, TRIAL, Entity
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import kept, listing, next_token, sagemaker, tags


@sagemaker.operation
def create_experiment(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    made = call.studio.ml.experiments.create(
        call.scope, call.principal, EXPERIMENT, request["ExperimentName"], named(request), tags(call, request)
    )
    return {"ExperimentArn": made.arn}


@sagemaker.operation
def create_trial(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    details = {**named(request), "properties": request.get("MetadataProperties")}
    made = call.studio.ml.experiments.create(
        call.scope, call.principal, TRIAL, request["TrialName"], details, tags(call, request), request["ExperimentName"]
    )
    return {"TrialArn": made.arn}


@sagemaker.operation
def delete_experiment(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    gone = call.studio.ml.experiments.delete(call.scope, EXPERIMENT, request["ExperimentName"])
    return {"ExperimentArn": gone.arn}


@sagemaker.operation
def delete_trial(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return {"TrialArn": call.studio.ml.experiments.delete(call.scope, TRIAL, request["TrialName"]).arn}


@sagemaker.operation
def describe_experiment(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return as_experiment(call.studio.ml.experiments.get(call.scope, EXPERIMENT, request["ExperimentName"]))


@sagemaker.operation
def describe_trial(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return as_trial(call.studio.ml.experiments.get(call.scope, TRIAL, request["TrialName"]))


@sagemaker.operation
def list_experiments(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _listed(call, request, EXPERIMENT, "ExperimentSummaries", as_experiment)


@sagemaker.operation
def list_trials(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _listed(call, request, TRIAL, "TrialSummaries", as_trial)


@sagemaker.operation
def update_experiment(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    name = request["ExperimentName"]
    changed = call.studio.ml.experiments.update(call.scope, call.principal, EXPERIMENT, name, named(request))
    return {"ExperimentArn": changed.arn}


@sagemaker.operation
def update_trial(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    name = request["TrialName"]
    return {"TrialArn": call.studio.ml.experiments.update(call.scope, call.principal, TRIAL, name, named(request)).arn}


def named(request: dict[str, Any]) -> dict[str, Any]:
    """The display name and description that the request gives."""
    members = {"display": "DisplayName", "description": "Description"}
    return {name: request[member] for name, member in members.items() if member in request}


def as_experiment(entity: Entity) -> dict[str, Any]:
    return {
        **as_entity(entity, "Experiment"),
        **({"Description": entity.details.description} if entity.details.description is not None else {}),
    }


def as_trial(entity: Entity) -> dict[str, Any]:
    properties = entity.details.properties
    return {
        **as_entity(entity, "Trial"),
        "ExperimentName": entity.parent,
        **({"MetadataProperties": properties} if properties is not None else {}),
    }


def as_entity(entity: Entity, word: str) -> dict[str, Any]:
    """What experiments, trials and trial components have in common."""
    details = entity.details
    by, changed_by = (
        {"IamIdentity": {"Arn": who[0], "PrincipalId": who[1]}} for who in (details.by, details.changed_by)
    )
    return {
        f"{word}Name": entity.name,
        f"{word}Arn": entity.arn,
        "DisplayName": details.display or entity.name,
        "CreationTime": entity.created,
        "CreatedBy": by,
        "LastModifiedTime": entity.changed,
        "LastModifiedBy": changed_by,
    }


def within_of(request: dict[str, Any]) -> dict[str, str | None]:
    """What the entries of the list that the request asks for belong to."""
    members = {
        "experiment": "ExperimentName",
        "trial": "TrialName",
        "component": "TrialComponentName",
        "source": "SourceArn",
    }
    return {name: request.get(member) for name, member in members.items()}


def between(request: dict[str, Any]) -> dict[str, Any]:
    """The request with its times of creation as other lists spell them."""
    times = {"CreatedAfter": "CreationTimeAfter", "CreatedBefore": "CreationTimeBefore"}
    return {**request, **{times[name]: value for name, value in kept(request, times).items()}}


def _listed(
    call: Call, request: dict[str, Any], kind: str, member: str, as_answer: Callable[[Entity], dict[str, Any]]
) -> dict[str, Any]:
    page = call.studio.ml.experiments.page(
        call.scope, kind, listing(between(request), descending=True), **within_of(request)
    )
    return {member: [as_answer(entity) for entity in page.items], **next_token(page)}
