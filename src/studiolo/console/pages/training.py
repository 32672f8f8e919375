"""Training jobs: how far they are, their metrics as they come, their logs and artifacts; several beside each other."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.logs import last_events
from studiolo.console.pages.page import Page
from studiolo.console.pages.training_form import choices
from studiolo.console.visit import PAGE, Refused, Visit

GROUP = "/aws/sagemaker/TrainingJobs"
MOST_EVENTS = 20_000
MOST_COMPARED = 6
STATES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")


def jobs(visit: Visit) -> Response:
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"StatusEquals": visit.query["status"]} if visit.query.get("status") in STATES else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_training_jobs(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    summaries = found["TrainingJobSummaries"]
    return visit.page(
        "training.html",
        jobs=summaries,
        more=found.get("NextToken"),
        states=STATES,
        passing=any(each["TrainingJobStatus"] in ("InProgress", "Stopping") for each in summaries),
        choices=visit.attempt(choices, visit),
    )


def job(visit: Visit) -> Response:
    name = visit.path["job"]
    described = visit.client("sagemaker").describe_training_job(TrainingJobName=name)
    tab = visit.query.get("tab", "metrics")
    shown: dict[str, Any] = {}
    if tab == "log":
        shown = {"log": last_events(visit, GROUP, f"{name}/")}
    elif tab == "metrics":
        shown = {"charts": visit.attempt(_charts, visit, name, described)}
    passing = described["TrainingJobStatus"] in ("InProgress", "Stopping")
    return visit.page("training_job.html", job=described, tab=tab, passing=passing, **shown)


def stop(visit: Visit) -> Response:
    visit.client("sagemaker").stop_training_job(TrainingJobName=visit.path["job"])
    return visit.go(f"/training/{visit.path['job']}")


def compare(visit: Visit) -> Response:
    """Jobs beside each other: what differs in their hyperparameters, and their metrics at the end."""
    names = [name for name in visit.query if name.startswith("job.")][:MOST_COMPARED]
    sagemaker = visit.client("sagemaker")
    described = [sagemaker.describe_training_job(TrainingJobName=name.removeprefix("job.")) for name in names]
    columns = [(each["TrainingJobName"], f"/training/{each['TrainingJobName']}") for each in described]
    tables = [
        ("Metrics at the end", beside([_final(each) for each in described])),
        ("Hyperparameters", beside([each.get("HyperParameters", {}) for each in described])),
    ]
    return visit.page("compare.html", above=("Training", "/training"), columns=columns, tables=tables, charts=[])


def _final(described: Mapping[str, Any]) -> dict[str, float]:
    return {each["MetricName"]: each["Value"] for each in described.get("FinalMetricDataList", [])}


def beside(columns: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Any]]]:
    """What several things have, by name: a row for each, with None where one has it not."""
    names = sorted({name for column in columns for name in column})
    return [(name, [column.get(name) for column in columns]) for name in names]


def _charts(visit: Visit, name: str, described: Mapping[str, Any]) -> list[dict[str, Any]] | Refused:
    """The metrics as lines over time, found in the log by the job's own regular expressions, as SageMaker does."""
    wanted = []
    for each in described["AlgorithmSpecification"].get("MetricDefinitions", []):
        try:
            wanted.append((each["Name"], re.compile(each["Regex"])))
        except re.error:
            continue
    logs = visit.client("logs")
    try:
        events = visit.every(
            "logs", "filter_log_events", "events", MOST_EVENTS, logGroupName=GROUP, logStreamNamePrefix=f"{name}/"
        )
    except logs.exceptions.ResourceNotFoundException:
        events = []
    series: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        for metric, pattern in wanted:
            if (match := pattern.search(event["message"])) is not None and match.groups():
                try:
                    series.setdefault(metric, []).append((event["timestamp"] / 1000, float(match[1])))
                except ValueError:
                    continue
    return [_chart(metric, points) for metric, points in series.items()]


def _chart(metric: str, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """A line over time; over the number of the value where they come faster than time tells."""
    times, values = [at for at, _ in points], [value for _, value in points]
    timed = len(set(times)) > len(times) * 0.8 and times[-1] - times[0] > len(times)
    xs = times if timed else list(range(1, len(values) + 1))
    drawn = {"time": timed, "names": [metric], "data": [xs, values]}
    return {"name": metric, "last": values[-1], "numbers": values, "json": json.dumps(drawn)}


PAGES = (
    Page("GET", "/training", jobs),
    Page("GET", "/training/compare", compare),
    Page("GET", "/training/{job}", job),
    Page("POST", "/training/{job}/stop", stop),
)
