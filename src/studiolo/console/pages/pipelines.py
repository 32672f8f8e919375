"""Pipelines: their executions, and each as the graph of its steps with their states."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Visit

PASSING = ("Executing", "Stopping")
LINKS = {
    "TrainingJob": "/training/",
    "ProcessingJob": "/processing/",
    "TuningJob": "/tuning/",
    "TransformJob": "/transform/",
    "Model": "/models/",
}
"""The pages of what a step made, by the member of its metadata."""

WIDTH, HEIGHT, GAP, DROP = 190, 44, 24, 46
"""Pixels: of a step, between two of a layer, and between two layers."""
_STEP = re.compile(r"Steps\.([A-Za-z0-9\-_]+)")


@dataclass(frozen=True)
class Node:
    """A step where it is drawn. label: of what it does; link: to what it made."""

    name: str
    kind: str
    state: str
    link: str | None
    x: int
    y: int


@dataclass(frozen=True)
class Graph:
    """Steps and the curves between them, in pixels."""

    nodes: Sequence[Node]
    edges: Sequence[str]
    width: int
    height: int


def pipelines(visit: Visit) -> Response:
    given = {"PipelineNamePrefix": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_pipelines(MaxResults=PAGE, **given)
    return visit.page("pipelines.html", pipelines=found["PipelineSummaries"], more=found.get("NextToken"))


def pipeline(visit: Visit) -> Response:
    name, sagemaker = visit.path["pipeline"], visit.client("sagemaker")
    described = sagemaker.describe_pipeline(PipelineName=name)
    given = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = sagemaker.list_pipeline_executions(PipelineName=name, MaxResults=PAGE, **given)
    executions = found["PipelineExecutionSummaries"]
    return visit.page(
        "pipeline.html",
        pipeline=described,
        graph=drawn(described["PipelineDefinition"], []),
        parameters=_parameters(described["PipelineDefinition"]),
        executions=executions,
        more=found.get("NextToken"),
        passing=any(each["PipelineExecutionStatus"] in PASSING for each in executions),
    )


def start(visit: Visit) -> Response:
    """An execution, with the parameters that are given otherwise than the pipeline has them."""
    name, sagemaker = visit.path["pipeline"], visit.client("sagemaker")
    declared = _parameters(sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"])
    given = {each["Name"]: visit.form.get(f"parameter:{each['Name']}") for each in declared}
    changed = [
        {"Name": each["Name"], "Value": given[each["Name"]]}
        for each in declared
        if given[each["Name"]] not in (None, _as_text(each.get("DefaultValue")))
    ]
    begun = sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=changed)
    return visit.go(f"/pipelines/{name}/{begun['PipelineExecutionArn'].rpartition('/')[2]}")


def execution(visit: Visit) -> Response:
    sagemaker, arn = visit.client("sagemaker"), _arn(visit)
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    steps = visit.every(
        "sagemaker", "list_pipeline_execution_steps", "PipelineExecutionSteps",
        PipelineExecutionArn=arn, SortOrder="Ascending", MaxResults=100,
    )  # fmt: skip
    ran = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    parameters = visit.every(
        "sagemaker", "list_pipeline_parameters_for_execution", "PipelineParameters",
        PipelineExecutionArn=arn, MaxResults=100,
    )  # fmt: skip
    return visit.page(
        "pipeline_execution.html",
        name=visit.path["pipeline"],
        execution=described,
        graph=drawn(ran["PipelineDefinition"], steps),
        steps=[(each, made(each)) for each in steps],
        parameters=[(each["Name"], each["Value"]) for each in parameters],
        passing=described["PipelineExecutionStatus"] in PASSING,
    )


def stop(visit: Visit) -> Response:
    visit.client("sagemaker").stop_pipeline_execution(PipelineExecutionArn=_arn(visit))
    return visit.go(f"/pipelines/{visit.path['pipeline']}/{visit.path['execution']}")


def retry(visit: Visit) -> Response:
    visit.client("sagemaker").retry_pipeline_execution(PipelineExecutionArn=_arn(visit))
    return visit.go(f"/pipelines/{visit.path['pipeline']}/{visit.path['execution']}")


def _parameters(definition: str) -> list[dict[str, Any]]:
    """What a start may be given: name, type, default, the values to choose of."""
    found: list[dict[str, Any]] = json.loads(definition).get("Parameters", [])
    return [{**each, "Text": _as_text(each.get("DefaultValue"))} for each in found]


def _as_text(value: Any) -> str:
    """A parameter's value as a form has it, and an execution takes it."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _arn(visit: Visit) -> str:
    described = visit.client("sagemaker").describe_pipeline(PipelineName=visit.path["pipeline"])
    return f"{described['PipelineArn']}/execution/{visit.path['execution']}"


def made(step: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """What a step made, and the address of its page; None where it made nothing that has a name."""
    for member, found in step.get("Metadata", {}).items():
        if "Arn" in found:
            name = found["Arn"].rpartition("/")[2]
            return name, LINKS[member] + name if member in LINKS else None
        if member == "EMR":
            return found["StepId"], f"/clusters/{found['ClusterId']}/steps/{found['StepId']}"
        if member == "Condition":
            return found["Outcome"], None
    return None


def drawn(definition: str, steps: Sequence[Mapping[str, Any]]) -> Graph:
    """The graph of a definition, each step in the layer below those that it waits for, with its state."""
    known = {each["StepName"]: each for each in steps}
    found = list(_flat(json.loads(definition)["Steps"], None))
    needs = {step["Name"]: _needs(step, above) for step, above in found}
    layers: dict[int, list[Mapping[str, Any]]] = {}
    depth: dict[str, int] = {}
    for step, _ in found:
        layers.setdefault(_depth(step["Name"], needs, depth), []).append(step)
    widest = max(map(len, layers.values()))
    width = widest * WIDTH + (widest - 1) * GAP
    nodes: dict[str, Node] = {}
    for layer, members in layers.items():
        left = (width - len(members) * WIDTH - (len(members) - 1) * GAP) // 2
        for number, step in enumerate(members):
            run = known.get(step["Name"], {})
            link = made(run)
            nodes[step["Name"]] = Node(
                step["Name"],
                step["Type"],
                run.get("StepStatus", ""),
                None if link is None else link[1],
                left + number * (WIDTH + GAP),
                layer * (HEIGHT + DROP),
            )
    edges = [_curve(nodes[above], nodes[name]) for name, others in needs.items() for above in sorted(others)]
    return Graph(list(nodes.values()), edges, width, len(layers) * (HEIGHT + DROP) - DROP)


def _flat(steps: Sequence[Mapping[str, Any]], above: str | None) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """All steps, each with the condition that it is in a branch of."""
    for step in steps:
        yield step, above
        if step["Type"] == "Condition":
            for branch in ("IfSteps", "ElseSteps"):
                yield from _flat(step["Arguments"].get(branch) or (), step["Name"])


def _needs(step: Mapping[str, Any], above: str | None) -> set[str]:
    """The steps that a step waits for."""
    own = (
        {**step, "Arguments": {"Conditions": step["Arguments"]["Conditions"]}} if step["Type"] == "Condition" else step
    )
    named = set(_STEP.findall(json.dumps(own))) | set(step.get("DependsOn") or ())
    return named | ({above} if above is not None else set())


def _depth(name: str, needs: Mapping[str, set[str]], known: dict[str, int]) -> int:
    if name not in known:
        known[name] = 1 + max((_depth(above, needs, known) for above in needs[name]), default=-1)
    return known[name]


def _curve(above: Node, below: Node) -> str:
    """The path from the foot of one step to the head of another."""
    x, y, to_x, to_y = above.x + WIDTH // 2, above.y + HEIGHT, below.x + WIDTH // 2, below.y
    middle = (y + to_y) // 2
    return f"M{x} {y} C{x} {middle} {to_x} {middle} {to_x} {to_y}"


PAGES = (
    Page("GET", "/pipelines", pipelines),
    Page("GET", "/pipelines/{pipeline}", pipeline),
    Page("POST", "/pipelines/{pipeline}/start", start),
    Page("GET", "/pipelines/{pipeline}/{execution}", execution),
    Page("POST", "/pipelines/{pipeline}/{execution}/stop", stop),
    Page("POST", "/pipelines/{pipeline}/{execution}/retry", retry),
)
