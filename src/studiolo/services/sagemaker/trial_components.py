"""Amazon SageMaker: trial components, those that stand for jobs too."""

from collections.abc import Iterable, Mapping
from typing import Any

from studiolo.domain import NotFound
from studiolo.ml.experiments.entity import COMPONENT, Entity, Measured
from studiolo.ml.jobs.job import COMPLETED, FAILED, STOPPED, STOPPING
from studiolo.ml.processing.jobs import ProcessingJob
from studiolo.ml.training.contract import MODEL
from studiolo.ml.training.jobs import TrainingJob
from studiolo.services.call import Call
from studiolo.services.sagemaker.experiments import as_entity, between, named, within_of
from studiolo.services.sagemaker.service import listing, moment, next_token, refuse, sagemaker, tags

MEMBERS = {
    "status": "Status", "parameters": "Parameters", "inputs": "InputArtifacts", "outputs": "OutputArtifacts",
    "properties": "MetadataProperties",
}  # fmt: skip
TIMES = {"start": "StartTime", "end": "EndTime"}
REMOVED = {"parameters": "ParametersToRemove", "inputs": "InputArtifactsToRemove", "outputs": "OutputArtifactsToRemove"}
TRAINING, PROCESSING = "SageMakerTrainingJob", "SageMakerProcessingJob"
STATUSES = {COMPLETED: "Completed", FAILED: "Failed", STOPPED: "Stopped", STOPPING: "Stopping"}
"""The PrimaryStatus of a job's component, by the job's status; InProgress for others."""


@sagemaker.operation
def associate_trial_component(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    both = call.studio.ml.experiments.associate(call.scope, request["TrialComponentName"], request["TrialName"])
    return {"TrialComponentArn": both[0].arn, "TrialArn": both[1].arn}


@sagemaker.operation
def create_trial_component(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    made = call.studio.ml.experiments.create(
        call.scope, call.principal, COMPONENT, request["TrialComponentName"], details(request), tags(call, request)
    )
    return {"TrialComponentArn": made.arn}


@sagemaker.operation
def delete_trial_component(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    gone = call.studio.ml.experiments.delete(call.scope, COMPONENT, request["TrialComponentName"])
    return {"TrialComponentArn": gone.arn}


@sagemaker.operation
def describe_trial_component(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    name, experiments = request["TrialComponentName"], call.studio.ml.experiments
    found = experiments.get(call.scope, COMPONENT, name)
    return as_component(call, found, experiments.measured(call.scope, [name]).get(name, ()))


@sagemaker.operation
def disassociate_trial_component(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    both = call.studio.ml.experiments.disassociate(call.scope, request["TrialComponentName"], request["TrialName"])
    return {"TrialComponentArn": both[0].arn, "TrialArn": both[1].arn}


@sagemaker.operation
def list_trial_components(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    if "ExperimentName" in request:
        refuse(request, ["TrialName"], "ListTrialComponents along with ExperimentName")
    page = call.studio.ml.experiments.page(
        call.scope, COMPONENT, listing(between(request), descending=True), **within_of(request)
    )
    return {"TrialComponentSummaries": [as_summary(call, each) for each in page.items], **next_token(page)}


@sagemaker.operation
def update_trial_component(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    removed = {name: request[member] for name, member in REMOVED.items() if member in request}
    changed = call.studio.ml.experiments.update(
        call.scope, call.principal, COMPONENT, request["TrialComponentName"], details(request), removed
    )
    return {"TrialComponentArn": changed.arn}


def details(request: dict[str, Any]) -> dict[str, Any]:
    return {
        **named(request),
        **{name: request[member] for name, member in MEMBERS.items() if member in request},
        **{name: request[member].timestamp() for name, member in TIMES.items() if member in request},
    }


def checked_experiment(call: Call, request: Any) -> Mapping[str, str] | None:
    """The request's ExperimentConfig, of which all is there; None for none."""
    config: Mapping[str, str] = request.get("ExperimentConfig", {})
    if not config:
        return None
    call.studio.ml.experiments.check_config(call.scope, config)
    return config


def note_training_job(call: Call, config: Mapping[str, str] | None, job: TrainingJob) -> None:
    """Make the component of a training job that was started with an ExperimentConfig."""
    if config is None:
        return
    asked = job.specification
    parameters = {name: as_parameter(value) for name, value in asked.hyperparameters.items()}
    parameters["SageMaker.ImageUri"] = {"StringValue": asked.image}
    inputs = {each.name: {"MediaType": each.content_type or "", "Value": each.uri} for each in asked.channels}
    call.studio.ml.experiments.note_job(
        call.scope, call.principal, config, (job.name, job.arn, TRAINING), parameters, inputs
    )


def note_processing_job(call: Call, config: Mapping[str, str] | None, job: ProcessingJob) -> None:
    """As for a training job."""
    if config is None:
        return
    asked = job.specification
    parameters = {"SageMaker.ImageUri": {"StringValue": asked.image}}
    inputs = {each.name: {"MediaType": "", "Value": each.uri} for each in asked.inputs}
    call.studio.ml.experiments.note_job(
        call.scope, call.principal, config, (job.name, job.arn, PROCESSING), parameters, inputs
    )


def as_parameter(value: str) -> dict[str, Any]:
    """A hyperparameter as a component has it: as a number where it is one."""
    try:
        return {"NumberValue": float(value)}
    except ValueError:
        return {"StringValue": value}


def as_component(call: Call, entity: Entity, measured: Iterable[Measured]) -> dict[str, Any]:
    own = [
        {
            "MetricName": each.name,
            "SourceArn": entity.arn,
            "TimeStamp": moment(each.time),
            "Max": each.most,
            "Min": each.least,
            "Last": each.last,
            "Count": each.count,
            "Avg": each.mean,
            "StdDev": each.deviation,
        }
        for each in measured
    ]
    answer = {
        **as_summary(call, entity),
        "Parameters": dict(entity.details.parameters),
        "InputArtifacts": dict(entity.details.inputs),
        "OutputArtifacts": dict(entity.details.outputs),
        "Metrics": own,
    }
    if "TrialComponentSource" in answer:
        answer["Source"] = answer.pop("TrialComponentSource")
    if entity.details.properties is not None:
        answer["MetadataProperties"] = entity.details.properties
    job = _job(call, entity)
    if job is not None:
        answer["Metrics"] += [
            {
                "MetricName": metric.name, "SourceArn": job.arn, "TimeStamp": moment(metric.time), "Count": 1,
                "Max": metric.value, "Min": metric.value, "Last": metric.value, "Avg": metric.value, "StdDev": 0.0,
            }
            for metric in job.progress.metrics
        ]  # fmt: skip
        outputs = {name: {"MediaType": "", "Value": uri} for name, uri in job.progress.outputs.items() if uri}
        if MODEL in outputs:
            outputs["SageMaker.ModelArtifact"] = outputs.pop(MODEL)
        answer["OutputArtifacts"] |= outputs
    return answer


def as_summary(call: Call, entity: Entity) -> dict[str, Any]:
    found = entity.details
    answer = as_entity(entity, "TrialComponent")
    status, times = found.status, {name: getattr(found, name) for name in TIMES}
    if found.source is not None:
        answer["TrialComponentSource"] = {"SourceArn": found.source[0], "SourceType": found.source[1]}
    job = _job(call, entity)
    if job is not None:
        progress = job.progress
        status = {"PrimaryStatus": STATUSES.get(progress.status, "InProgress"), "Message": progress.failure or ""}
        times = {"start": progress.started, "end": progress.ended}
    if status is not None:
        answer["Status"] = status
    return {**answer, **{TIMES[name]: moment(value) for name, value in times.items() if value is not None}}


def _job(call: Call, entity: Entity) -> TrainingJob | ProcessingJob | None:
    """The job that a component stands for, as it is now; None for others, and for one that was deleted."""
    if entity.details.source is None:
        return None
    source, kind = entity.details.source
    jobs = call.studio.ml.training if kind == TRAINING else call.studio.ml.processing
    try:
        return jobs.describe(call.scope, source.rpartition("/")[2])
    except NotFound:
        return None
