"""Tuning: jobs that search for hyperparameters, each trial as a point, the best one beside them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from studiolo.console.charts import Parallel, parallel
from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Visit

MOST_TRIALS = 1000
PASSING = ("InProgress", "Stopping")
KINDS = ("ContinuousParameterRanges", "IntegerParameterRanges", "CategoricalParameterRanges")


def jobs(visit: Visit) -> Response:
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_hyper_parameter_tuning_jobs(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    summaries = found["HyperParameterTuningJobSummaries"]
    return visit.page(
        "tuning.html",
        jobs=summaries,
        more=found.get("NextToken"),
        passing=any(each["HyperParameterTuningJobStatus"] in PASSING for each in summaries),
    )


def job(visit: Visit) -> Response:
    name = visit.path["job"]
    described = visit.client("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    trials = visit.every(
        "sagemaker", "list_training_jobs_for_hyper_parameter_tuning_job", "TrainingJobSummaries", MOST_TRIALS,
        HyperParameterTuningJobName=name, SortBy="CreationTime", SortOrder="Ascending", MaxResults=100,
    )  # fmt: skip
    parameters = list(dict.fromkeys(key for each in trials for key in each["TunedHyperParameters"]))
    chosen = visit.query.get("parameter") or (parameters[0] if parameters else "")
    objective = _objective(described)
    charts = []
    if any(_value(each) is not None for each in trials):
        charts = [("Trials in their order", drawn_by_number(trials, objective))]
        if chosen in parameters:
            charts.append(
                (
                    f"Over {chosen}",
                    drawn_by_parameter(trials, objective, chosen, logarithmic=_is_logarithmic(described, chosen)),
                )
            )
    begin = int(visit.query["from"]) if visit.query.get("from", "").isdecimal() else 0
    return visit.page(
        "tuning_job.html",
        job=described,
        objective=objective,
        count=len(trials),
        trials=list(enumerate(trials, 1))[begin : begin + PAGE],
        more=begin + PAGE if begin + PAGE < len(trials) else None,
        parallel=_parallel(described, trials, parameters, objective),
        parameters=parameters,
        chosen=chosen,
        charts=charts,
        passing=described["HyperParameterTuningJobStatus"] in PASSING,
    )


def stop(visit: Visit) -> Response:
    name = visit.path["job"]
    visit.client("sagemaker").stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    return visit.go(f"/tuning/{name}")


def _definitions(job: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    given: Sequence[Mapping[str, Any]] = job.get("TrainingJobDefinitions") or [job.get("TrainingJobDefinition", {})]
    return given


def _objective(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metric, and whether it is to be small or large."""
    found: Mapping[str, Any] | None = job["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective")
    return found or _definitions(job)[0].get("TuningObjective", {})


def _is_logarithmic(job: Mapping[str, Any], parameter: str) -> bool:
    shared = job["HyperParameterTuningJobConfig"].get("ParameterRanges", {})
    for ranges in (shared, *(each.get("HyperParameterRanges", {}) for each in _definitions(job))):
        for each in (each for kind in KINDS for each in ranges.get(kind, [])):
            if each["Name"] == parameter:
                return bool(each.get("ScalingType") == "Logarithmic")
    return False


def _parallel(
    job: Mapping[str, Any], trials: Sequence[Mapping[str, Any]], parameters: Sequence[str], objective: Mapping[str, Any]
) -> Parallel | None:
    measured = [
        (each["TrainingJobName"], each["TunedHyperParameters"], value)
        for each in trials
        if (value := _value(each)) is not None
    ]
    return parallel(
        measured,
        parameters,
        objective.get("MetricName", ""),
        maximize=objective.get("Type") == "Maximize",
        logarithmic=[name for name in parameters if _is_logarithmic(job, name)],
    )


def _value(trial: Mapping[str, Any]) -> float | None:
    found: float | None = trial.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
    return found


def drawn_by_number(trials: Sequence[Mapping[str, Any]], objective: Mapping[str, Any]) -> str:
    """The trials by their number, and how good the best was until then."""
    better = max if objective.get("Type") == "Maximize" else min
    numbers: list[int] = []
    values: list[float] = []
    best: list[float] = []
    for number, trial in enumerate(trials, 1):
        if (value := _value(trial)) is not None:
            numbers.append(number)
            values.append(value)
            best.append(better(value, best[-1]) if best else value)
    names = [objective.get("MetricName", ""), "best so far"]
    return json.dumps({"time": False, "points": 1, "names": names, "data": [numbers, values, best]})


def drawn_by_parameter(
    trials: Sequence[Mapping[str, Any]], objective: Mapping[str, Any], parameter: str, *, logarithmic: bool
) -> str:
    """The trials by a hyperparameter."""
    tried = [(each["TunedHyperParameters"].get(parameter), _value(each)) for each in trials]
    found = [(text, value) for text, value in tried if text is not None and value is not None]
    return drawn_points(found, objective.get("MetricName", ""), logarithmic=logarithmic)


def drawn_points(found: Sequence[tuple[str, float]], name: str, *, logarithmic: bool = False) -> str:
    """Values by the text of what they belong to. What is no number stands at its place in the alphabet."""
    drawn: dict[str, Any] = {"time": False, "points": 1, "names": [name]}
    try:
        points = sorted((float(text), value) for text, value in found)
        drawn["log"] = logarithmic and all(at > 0 for at, _ in points)
    except ValueError:
        words = sorted({text for text, _ in found})
        points = sorted((float(words.index(text)), value) for text, value in found)
        drawn["words"] = words
    return json.dumps({**drawn, "data": [[at for at, _ in points], [value for _, value in points]]})


PAGES = (
    Page("GET", "/tuning", jobs),
    Page("GET", "/tuning/{job}", job),
    Page("POST", "/tuning/{job}/stop", stop),
)
