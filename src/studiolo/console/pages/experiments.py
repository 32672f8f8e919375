"""Experiments: the runs of each, their metrics and parameters compared, in a table and as charts."""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.pages.training import MOST_COMPARED, beside
from studiolo.console.pages.tuning import drawn_points
from studiolo.console.rendering import cell
from studiolo.console.visit import PAGE, Visit

MOST_TRIALS = 100
MOST_COLUMNS = 12
"""Metrics, and parameters, that the table of runs has at most."""
MOST_METRICS = 20
"""That are asked for their values by step, of each run."""
ORDER = "order in time"
JOBS = {"SageMakerTrainingJob": "/training/", "SageMakerProcessingJob": "/processing/"}
"""The pages of what a component stands for."""


def experiments(visit: Visit) -> Response:
    given = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    client = visit.client("sagemaker")
    if visit.query.get("find"):
        named = [{"Name": "ExperimentName", "Operator": "Contains", "Value": visit.query["find"]}]
        found = client.search(
            Resource="Experiment", SearchExpression={"Filters": named}, SortBy="CreationTime", MaxResults=PAGE, **given
        )
        listed = [each["Experiment"] for each in found["Results"]]
    else:
        found = client.list_experiments(MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given)
        listed = found["ExperimentSummaries"]
    return visit.page("experiments.html", experiments=listed, more=found.get("NextToken"))


def experiment(visit: Visit) -> Response:
    """One: its runs in a table and a chart; of those that are ticked, what differs."""
    name = visit.path["experiment"]
    described = visit.client("sagemaker").describe_experiment(ExperimentName=name)
    ticked = [each.removeprefix("run.") for each in visit.query if each.startswith("run.")][:MOST_COMPARED]
    if ticked:
        return _compared(visit, name, ticked)
    trials = visit.every("sagemaker", "list_trials", "TrialSummaries", MOST_TRIALS, ExperimentName=name)
    trial = visit.query.get("trial", "")
    runs, more = _runs(visit, {"TrialName": trial} if trial else {"ExperimentName": name})
    metrics = _names(runs, _metrics)
    parameters = _names(runs, _parameters)
    metric = visit.query.get("metric") or (metrics[0] if metrics else "")
    over = visit.query.get("over") or ORDER
    return visit.page(
        "experiment.html",
        experiment=described,
        runs=[(each, _state(each), _metrics(each), _parameters(each)) for each in runs],
        more=more,
        trials=[each["TrialName"] for each in trials],
        trial=trial,
        metrics=metrics,
        parameters=parameters,
        metric=metric,
        over=over,
        chart=_drawn(runs, metric, over),
        most=MOST_COLUMNS,
        order=ORDER,
        passing=any(_state(each) == "InProgress" for each in runs),
    )


def run(visit: Visit) -> Response:
    """One run: its metrics by step, its parameters, and what it read and made."""
    name = visit.path["run"]
    described = visit.client("sagemaker").describe_trial_component(TrialComponentName=name)
    source = described.get("Source", {})
    job = JOBS.get(source.get("SourceType", ""))
    return visit.page(
        "run.html",
        name=name,
        experiment=visit.path["experiment"],
        run=described,
        state=_state(described),
        job=f"{job}{source['SourceArn'].rpartition('/')[2]}" if job else None,
        charts=visit.attempt(_charts, visit, [described]),
        parameters=[(key, cell(value)) for key, value in _parameters(described).items()],
        artifacts=[
            (label, [(key, *_place(value["Value"])) for key, value in described.get(member, {}).items()])
            for label, member in (("Read", "InputArtifacts"), ("Made", "OutputArtifacts"))
        ],
        passing=_state(described) == "InProgress",
    )


def delete(visit: Visit) -> Response:
    """An experiment that has no trials: SageMaker refuses others in its words."""
    visit.client("sagemaker").delete_experiment(ExperimentName=visit.path["experiment"])
    return visit.go("/experiments")


def _compared(visit: Visit, experiment: str, names: Sequence[str]) -> Response:
    sagemaker = visit.client("sagemaker")
    runs = [sagemaker.describe_trial_component(TrialComponentName=each) for each in names]
    return visit.page(
        "compare.html",
        above=(experiment, f"/experiments/{experiment}"),
        columns=[
            (each, f"/experiments/{experiment}/{name}") for each, name in zip(map(_label, runs), names, strict=True)
        ],
        tables=[
            ("Metrics at the end", beside([_metrics(each) for each in runs])),
            ("Parameters", beside([_parameters(each) for each in runs])),
        ],
        charts=visit.attempt(_charts, visit, runs),
    )


def _runs(visit: Visit, within: Mapping[str, str]) -> tuple[list[dict[str, Any]], str | None]:
    """A page of an experiment's components, or a trial's, the newest first; where the next one begins.

    Which they are a list tells, and a search by their names what they have: one call instead of one for each.
    """
    sagemaker = visit.client("sagemaker")
    after = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = sagemaker.list_trial_components(
        **within, MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **after
    )
    names = [each["TrialComponentName"] for each in found["TrialComponentSummaries"]]
    if not names:
        return [], found.get("NextToken")
    wanted = [{"Name": "TrialComponentName", "Operator": "Equals", "Value": name} for name in names]
    # As many filters as an expression may have.
    some = [{"Operator": "Or", "Filters": wanted[place : place + 20]} for place in range(0, len(wanted), 20)]
    results = sagemaker.search(
        Resource="ExperimentTrialComponent",
        SearchExpression={"Operator": "Or", "SubExpressions": some},
        MaxResults=PAGE,
    )["Results"]
    known = {each["TrialComponent"]["TrialComponentName"]: each["TrialComponent"] for each in results}
    return [known[name] for name in names if name in known], found.get("NextToken")


def _charts(visit: Visit, runs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """For each metric that has more than one step, the lines of all runs over their steps."""
    lines: dict[str, dict[str, dict[int, float]]] = {}
    for each in runs:
        names = [metric["MetricName"] for metric in each.get("Metrics", []) if metric.get("Count", 0) > 1]
        if not names:
            continue
        asked = {"ResourceArn": each["TrialComponentArn"], "MetricStat": "Last", "Period": "IterationNumber"}
        found = visit.client("sagemaker-metrics").batch_get_metrics(
            MetricQueries=[
                {**asked, "MetricName": name, "XAxisType": "IterationNumber"} for name in names[:MOST_METRICS]
            ]
        )["MetricQueryResults"]
        for name, answer in zip(names, found, strict=False):
            if len(answer["XAxisValues"]) > 1:
                points = dict(zip(answer["XAxisValues"], answer["MetricValues"], strict=True))
                drawn = lines.setdefault(name, {})
                drawn[each["TrialComponentName"] if _label(each) in drawn else _label(each)] = points
    return [(name, _overlaid(series)) for name, series in lines.items()]


def _overlaid(series: Mapping[str, Mapping[int, float]]) -> str:
    steps = sorted(set(chain.from_iterable(series.values())))
    data = [steps, *([points.get(step) for step in steps] for points in series.values())]
    return json.dumps({"time": False, "names": list(series), "data": data})


def _drawn(runs: Sequence[Mapping[str, Any]], metric: str, over: str) -> str | None:
    """A point for each run that has the metric, the oldest at the left, or by a parameter; None for no chart."""
    measured = [(each, _metrics(each)[metric]) for each in reversed(runs) if metric in _metrics(each)]
    if over != ORDER:
        tried = [(_parameters(each).get(over), value) for each, value in measured]
        found = [(str(at), value) for at, value in tried if at is not None]
    else:
        found = [(str(number), value) for number, (_, value) in enumerate(measured, 1)]
    return drawn_points(found, metric) if len(found) > 1 else None


def _names(runs: Sequence[Mapping[str, Any]], of: Any) -> list[str]:
    """The keys of all runs: those that more runs have come first."""
    counts: dict[str, int] = {}
    for name in chain.from_iterable(map(of, runs)):
        counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])


def _metrics(run: Mapping[str, Any]) -> dict[str, float]:
    return {each["MetricName"]: each["Last"] for each in run.get("Metrics", []) if "Last" in each}


def _parameters(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.get("NumberValue", value.get("StringValue"))
        for name, value in run.get("Parameters", {}).items()
        if not name.startswith("SageMaker.")
    }


def _label(run: Mapping[str, Any]) -> str:
    return str(run.get("DisplayName") or run["TrialComponentName"])


def _state(run: Mapping[str, Any]) -> str:
    return str(run.get("Status", {}).get("PrimaryStatus", ""))


def _place(url: str) -> tuple[str, str | None, str]:
    """An artifact's address, and where that is in S3: bucket and key; None for elsewhere."""
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    return url, bucket if scheme == "s3" else None, key


PAGES = (
    Page("GET", "/experiments", experiments),
    Page("GET", "/experiments/{experiment}", experiment),
    Page("POST", "/experiments/{experiment}/delete", delete),
    Page("GET", "/experiments/{experiment}/{run}", run),
)
