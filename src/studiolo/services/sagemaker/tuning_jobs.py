"""Amazon SageMaker: hyperparameter tuning jobs."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import parse_arn
from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.containers.algorithm import MetricDefinition
from studiolo.ml.jobs.job import COMPLETED, FAILED, PASSING, STOPPED
from studiolo.ml.names import arn
from studiolo.ml.tuning.job import (
    GRID,
    HYPERBAND,
    Definition,
    Limits,
    Objective,
    Settings,
    Trial,
    TuningJob,
)
from studiolo.ml.tuning.ranges import Range
from studiolo.ml.tuning.search import grid
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.service import INVALID, kept, listing, moment, next_token, refuse, sagemaker, tags
from studiolo.services.sagemaker.training_jobs import specification

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateHyperParameterTuningJobRequestTypeDef,
        CreateHyperParameterTuningJobResponseTypeDef,
        DeleteHyperParameterTuningJobRequestTypeDef,
        DescribeHyperParameterTuningJobRequestTypeDef,
        DescribeHyperParameterTuningJobResponseTypeDef,
        ListHyperParameterTuningJobsRequestTypeDef,
        ListHyperParameterTuningJobsResponseTypeDef,
        ListTrainingJobsForHyperParameterTuningJobRequestTypeDef,
        ListTrainingJobsForHyperParameterTuningJobResponseTypeDef,
        StopHyperParameterTuningJobRequestTypeDef,
    )

ASKED = (
    "HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions", "WarmStartConfig",
)  # fmt: skip
OBJECTIVE = "_tuning_objective_metric"
"""SageMaker adds it to the hyperparameters that do not change; the SDK looks for it there."""
MOST_PARALLEL, MOST_DEFINITIONS, MOST_PARENTS = 100, 10, 5
MANY = 1_000_000
"""The trials of a tuning job whose number is not limited."""
_KINDS = (
    ("IntegerParameterRanges", "Integer"),
    ("ContinuousParameterRanges", "Continuous"),
    ("CategoricalParameterRanges", "Categorical"),
)


@sagemaker.operation
def create_hyper_parameter_tuning_job(
    call: Call, request: "CreateHyperParameterTuningJobRequestTypeDef"
) -> "CreateHyperParameterTuningJobResponseTypeDef":
    job = call.studio.ml.tuning.create(
        call.scope, call.principal, request["HyperParameterTuningJobName"], settings(request), tags(call, request)
    )
    return {"HyperParameterTuningJobArn": job.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_hyper_parameter_tuning_job(
    call: Call, request: "DeleteHyperParameterTuningJobRequestTypeDef"
) -> dict[str, object]:
    call.studio.ml.tuning.delete(call.scope, request["HyperParameterTuningJobName"])
    return {}


@sagemaker.patient(
    Patience("tuning-job", "HyperParameterTuningJobName", ("HyperParameterTuningJobStatus",), PASSING, seconds=5)
)
def describe_hyper_parameter_tuning_job(
    call: Call, request: "DescribeHyperParameterTuningJobRequestTypeDef"
) -> "DescribeHyperParameterTuningJobResponseTypeDef":
    tuning, metrics_of = call.studio.ml.tuning, call.studio.ml.training.metrics_of
    job = tuning.describe(call.scope, request["HyperParameterTuningJobName"])
    metrics = [metrics_of(definition.training) for definition in job.settings.definitions]
    answer: Any = as_tuning_job(job, tuning.trials(job), metrics)
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_hyper_parameter_tuning_jobs(
    call: Call, request: "ListHyperParameterTuningJobsRequestTypeDef"
) -> "ListHyperParameterTuningJobsResponseTypeDef":
    tuning = call.studio.ml.tuning
    page = tuning.page(call.scope, listing({"SortBy": "Name", **request}, descending=False))
    summaries: Any = [as_summary(job, tuning.trials(job)) for job in page.items]
    return {"HyperParameterTuningJobSummaries": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def list_training_jobs_for_hyper_parameter_tuning_job(
    call: Call, request: "ListTrainingJobsForHyperParameterTuningJobRequestTypeDef"
) -> "ListTrainingJobsForHyperParameterTuningJobResponseTypeDef":
    tuning = call.studio.ml.tuning
    job = tuning.describe(call.scope, request["HyperParameterTuningJobName"])
    status, order = request.get("StatusEquals"), request.get("SortBy", "Name")
    found = [trial for trial in tuning.trials(job) if status in (None, trial.status)]
    if order == "FinalObjectiveMetricValue":
        # The API Reference: training jobs that did not return an objective metric are not listed then.
        found = [trial for trial in found if trial.value is not None]
    found.sort(key=lambda trial: _sorted_by(trial, order), reverse=request.get("SortOrder") == "Descending")
    begin = decode_place(request.get("NextToken"), INVALID)
    end = begin + request.get("MaxResults", 10)
    shown: Any = [as_trial(job, trial) for trial in found[begin:end]]
    more = {"NextToken": encode_token(str(end))} if end < len(found) else {}
    return {"TrainingJobSummaries": shown, **more}  # type: ignore[typeddict-item]


@sagemaker.operation
def stop_hyper_parameter_tuning_job(
    call: Call, request: "StopHyperParameterTuningJobRequestTypeDef"
) -> dict[str, object]:
    call.studio.ml.tuning.stop(call.scope, request["HyperParameterTuningJobName"])
    return {}


def settings(request: "CreateHyperParameterTuningJobRequestTypeDef") -> Settings:
    refuse(request, ["Autotune"], "CreateHyperParameterTuningJob")
    config: Mapping[str, Any] = request["HyperParameterTuningJobConfig"]
    single = request.get("TrainingJobDefinition")
    several: Sequence[Mapping[str, Any]] = request.get("TrainingJobDefinitions", [])
    if (single is None) == (not several) or len(several) > MOST_DEFINITIONS:
        raise ServiceError(
            INVALID,
            f"Give either TrainingJobDefinition or TrainingJobDefinitions, of which {MOST_DEFINITIONS} at most.",
        )
    if single is not None:
        shared = {
            "TuningObjective": config.get("HyperParameterTuningJobObjective"),
            "HyperParameterRanges": config.get("ParameterRanges", {}),
        }
        several = [{**single, **{name: value for name, value in shared.items() if value is not None}}]
    definitions = tuple(_definition(each) for each in several)
    names = [each.name for each in definitions]
    if len(definitions) > 1 and (None in names or len(set(names)) < len(names)):
        raise ServiceError(INVALID, "Each of TrainingJobDefinitions needs a DefinitionName of its own.")
    if len({each.objective.type for each in definitions}) > 1:
        raise ServiceError(INVALID, "All of TrainingJobDefinitions must have the same Type of TuningObjective.")
    warm: Any = request.get("WarmStartConfig", {})
    parents = [_parent(each["HyperParameterTuningJobName"]) for each in warm.get("ParentHyperParameterTuningJobs", [])]
    if len(parents) > MOST_PARENTS:
        raise ServiceError(INVALID, f"A tuning job has at most {MOST_PARENTS} parents.")
    strategy = config["Strategy"]
    return Settings(
        strategy=strategy,
        definitions=definitions,
        limits=_limits(config, definitions),
        seed=config.get("RandomSeed", random.randrange(2**31)),  # noqa: S311 (a seed, no secret)
        early=config.get("TrainingJobEarlyStoppingType", "Off") == "Auto",
        resource=_resource(config) if strategy == HYPERBAND else None,
        parents=tuple(parents),
        transfer=warm.get("WarmStartType") == "TransferLearning",
        asked=kept(request, ASKED),
    )


def _definition(given: Mapping[str, Any]) -> Definition:
    where = f"training job definition {given.get('DefinitionName', '')}".strip()
    ranges = given.get("HyperParameterRanges", {})
    refuse(ranges, ["AutoParameters"], "ParameterRanges")
    objective = given.get("TuningObjective")
    if objective is None:
        raise ServiceError(INVALID, f"The {where} needs an objective metric.")
    found = tuple(
        Range(
            name=each["Name"],
            kind=kind,  # type: ignore[arg-type]
            low=each.get("MinValue", ""),
            high=each.get("MaxValue", ""),
            scaling=each.get("ScalingType", "Auto"),
            values=tuple(each.get("Values", ())),
        )
        for member, kind in _KINDS
        for each in ranges.get(member, [])
    )
    if not found:
        raise ServiceError(INVALID, f"The {where} needs at least one hyperparameter range.")
    static = {**given.get("StaticHyperParameters", {}), OBJECTIVE: objective["MetricName"]}
    both = sorted({each.name for each in found} & set(static))
    if both:
        raise ServiceError(INVALID, f"The hyperparameter {both[0]} cannot be both static and tuned.")
    training: Any = {
        **given,
        "TrainingJobName": "tuning",
        "HyperParameters": static,
        "ResourceConfig": _resources(given, where),
    }
    return Definition(
        given.get("DefinitionName"),
        specification(training),
        Objective(objective["Type"], objective["MetricName"]),
        found,
    )


def _resources(given: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The instances of the training jobs. They are recorded, so that the first of several that would do stands for all."""
    if "ResourceConfig" in given:
        resources: Mapping[str, Any] = given["ResourceConfig"]
        return resources
    flexible = given.get("HyperParameterTuningResourceConfig")
    if flexible is None:
        raise ServiceError(INVALID, f"The {where} needs a ResourceConfig.")
    first = (flexible.get("InstanceConfigs") or [flexible])[0]
    volume = first.get("VolumeSizeInGB", flexible.get("VolumeSizeInGB", 1))
    kms = {"VolumeKmsKeyId": flexible["VolumeKmsKeyId"]} if "VolumeKmsKeyId" in flexible else {}
    return {
        "InstanceType": first["InstanceType"],
        "InstanceCount": first["InstanceCount"],
        "VolumeSizeInGB": volume,
        **kms,
    }


def _limits(config: Mapping[str, Any], definitions: Sequence[Definition]) -> Limits:
    given, criteria = config["ResourceLimits"], config.get("TuningJobCompletionCriteria", {})
    trials = given.get("MaxNumberOfTrainingJobs")
    if trials is None and config["Strategy"] == GRID:
        trials = len(grid({each.name: each.values for each in definitions[0].ranges}))
    seconds = given.get("MaxRuntimeInSeconds")
    if trials is None and seconds is None and not criteria:
        raise ServiceError(
            INVALID,
            "Give MaxNumberOfTrainingJobs, MaxRuntimeInSeconds or TuningJobCompletionCriteria.",
        )
    if given["MaxParallelTrainingJobs"] > MOST_PARALLEL:
        raise ServiceError(INVALID, f"MaxParallelTrainingJobs must be at most {MOST_PARALLEL}.")
    return Limits(
        trials=trials or MANY,
        parallel=given["MaxParallelTrainingJobs"],
        seconds=seconds,
        target=criteria.get("TargetObjectiveMetricValue"),
        patience=criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving"),
        convergence=criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled",
    )


def _resource(config: Mapping[str, Any]) -> tuple[int, int]:
    given = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    least, most = given.get("MinResource", 1), given.get("MaxResource")
    if most is None or most <= least:
        raise ServiceError(INVALID, "Hyperband needs a MaxResource (epochs) greater than its MinResource.")
    return least, most


def _parent(name: str) -> str:
    return parse_arn(name).resource.partition("/")[2] if name.startswith("arn:") else name


def as_tuning_job(
    job: TuningJob, trials: Sequence[Trial], metrics: Sequence[Sequence[MetricDefinition]]
) -> dict[str, Any]:
    """metrics: those that the training jobs of each definition print."""
    best, asked = job.best(trials), dict(job.settings.asked)
    given = asked.get("TrainingJobDefinitions") or [asked["TrainingJobDefinition"]]
    shown = [_as_definition(*each) for each in zip(job.settings.definitions, given, metrics, strict=True)]
    if "TrainingJobDefinition" in asked:
        asked["TrainingJobDefinition"] = shown[0]
    else:
        asked["TrainingJobDefinitions"] = shown
    answer = {
        **asked,
        **as_summary(job, trials),
        **({"BestTrainingJob": as_trial(job, best)} if best is not None else {}),
        "TuningJobCompletionDetails": {
            "NumberOfTrainingJobsObjectiveNotImproving": job.outcome.not_improving,
            **({"ConvergenceDetectedTime": moment(job.outcome.converged)} if job.outcome.converged else {}),
        },
        "ConsumedResources": {
            "RuntimeInSeconds": round(
                sum((each.ended or 0.0) - each.started for each in trials if each.started and each.ended)
            )
        },
    }
    answer.pop("Strategy")
    answer.pop("ResourceLimits")
    if job.outcome.failure is not None:
        answer["FailureReason"] = job.outcome.failure
    return answer


def _as_definition(ours: Definition, given: Mapping[str, Any], metrics: Sequence[MetricDefinition]) -> dict[str, Any]:
    """The definition as it was given, with what SageMaker adds; the SDK attaches by these."""
    known = [{"Name": metric.name, "Regex": metric.regex} for metric in metrics]
    return {
        **given,
        "AlgorithmSpecification": {**given["AlgorithmSpecification"], "MetricDefinitions": known},
        "StaticHyperParameters": dict(ours.training.hyperparameters),
        "ResourceConfig": given.get("ResourceConfig") or ours.training.recorded["ResourceConfig"],
    }


def as_summary(job: TuningJob, trials: Sequence[Trial]) -> dict[str, Any]:
    ended = job.outcome.ended
    status = Counter(trial.status for trial in trials)
    failed = status[FAILED]
    retryable = sum(trial.retryable for trial in trials)
    objective = Counter(_objective_status(trial) for trial in trials)
    return {
        "HyperParameterTuningJobName": job.name,
        "HyperParameterTuningJobArn": job.arn,
        "HyperParameterTuningJobStatus": job.outcome.status,
        "Strategy": job.settings.strategy,
        "CreationTime": job.created,
        "LastModifiedTime": job.changed,
        **({"HyperParameterTuningEndTime": moment(ended)} if ended is not None else {}),
        "TrainingJobStatusCounters": {
            "Completed": status[COMPLETED],
            "InProgress": sum(trial.active for trial in trials),
            "RetryableError": retryable,
            "NonRetryableError": failed - retryable,
            "Stopped": status[STOPPED],
        },
        "ObjectiveStatusCounters": {name: objective[name] for name in ("Succeeded", "Pending", "Failed")},
        "ResourceLimits": job.settings.asked["HyperParameterTuningJobConfig"]["ResourceLimits"],
    }


def as_trial(job: TuningJob, trial: Trial) -> dict[str, Any]:
    definition = job.definition(trial)
    answer: dict[str, Any] = {
        "TrainingJobName": trial.name,
        "TrainingJobArn": arn(job.scope, "training-job", trial.name),
        "TuningJobName": job.name,
        "CreationTime": moment(trial.created),
        "TrainingJobStatus": trial.status,
        "TunedHyperParameters": dict(trial.parameters),
        "ObjectiveStatus": _objective_status(trial),
    }
    if definition.name is not None:
        answer["TrainingJobDefinitionName"] = definition.name
    for name, at in (("TrainingStartTime", trial.started), ("TrainingEndTime", trial.ended)):
        if at is not None:
            answer[name] = moment(at)
    if trial.failure is not None:
        answer["FailureReason"] = trial.failure
    if trial.value is not None:
        answer["FinalHyperParameterTuningJobObjectiveMetric"] = {
            "Type": definition.objective.type,
            "MetricName": definition.objective.metric,
            "Value": trial.value,
        }
    return answer


def _seconds(trial: Trial) -> float:
    return trial.ended - trial.started if trial.started is not None and trial.ended is not None else 0.0


def _objective_status(trial: Trial) -> str:
    return "Pending" if trial.active else "Failed" if trial.value is None else "Succeeded"


def _sorted_by(trial: Trial, order: str) -> Any:
    keys = {"CreationTime": trial.created, "Status": trial.status, "FinalObjectiveMetricValue": trial.value}
    return keys.get(order, trial.name)
