"""Stacks: CloudFormation's, and its stack sets, with what happened to them, their resources, outputs and template."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Visit


def stacks(visit: Visit) -> Response:
    """The stacks, or as the query asks, the stack sets, or one of these: a stack may have any path's name."""
    after = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    if visit.query.get("set"):
        return _stack_set(visit, visit.query["set"], after)
    if visit.query.get("view") == "new":
        return visit.page("stack_new.html", asked=None, body="", url=visit.query.get("template", ""))
    if visit.query.get("view") == "sets":
        listed = visit.client("cloudformation").list_stack_sets(MaxResults=PAGE, Status="ACTIVE", **after)
        return visit.page("stack_sets.html", sets=listed["Summaries"], more=listed.get("NextToken"))
    if visit.query.get("find"):
        found = {"StackSummaries": visit.found("cloudformation", "list_stacks", "StackSummaries", "StackName")}
    else:
        found = visit.client("cloudformation").list_stacks(**after)
    summaries = found["StackSummaries"]
    return visit.page(
        "stacks.html",
        stacks=summaries,
        more=found.get("NextToken"),
        passing=any(each["StackStatus"].endswith("_IN_PROGRESS") for each in summaries),
    )


def stack(visit: Visit) -> Response:
    """One of a name, or of an ARN, by which a deleted one is still found."""
    name, cloudformation = visit.path["stack"], visit.client("cloudformation")
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    tab = visit.query.get("tab", "events")
    after = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    shown: dict[str, Any] = {}
    if tab == "events":
        found = cloudformation.describe_stack_events(StackName=name, **after)
        shown = {"events": found["StackEvents"], "more": found.get("NextToken")}
    elif tab == "resources":
        found = cloudformation.list_stack_resources(StackName=name, **after)
        shown = {"resources": found["StackResourceSummaries"], "more": found.get("NextToken")}
    elif tab == "template":
        shown = {"source": visit.attempt(_template, visit, name)}
    passing = described["StackStatus"].endswith("_IN_PROGRESS")
    return visit.page("stack.html", stack=described, tab=tab, passing=passing, **shown)


def _stack_set(visit: Visit, name: str, after: Mapping[str, str]) -> Response:
    cloudformation = visit.client("cloudformation")
    found = cloudformation.list_stack_instances(StackSetName=name, MaxResults=PAGE, **after)
    operations = cloudformation.list_stack_set_operations(StackSetName=name, MaxResults=PAGE)["Summaries"]
    return visit.page(
        "stack_set.html",
        set=cloudformation.describe_stack_set(StackSetName=name)["StackSet"],
        instances=found["Summaries"],
        more=found.get("NextToken"),
        operations=operations,
        passing=any(each["Status"] in ("RUNNING", "QUEUED", "STOPPING") for each in operations),
    )


def create(visit: Visit) -> Response:
    """First what the template asks for, as a form; then, with a name, the stack."""
    form, cloudformation = visit.form, visit.client("cloudformation")
    body, url, name = form.get("body", ""), form.get("url", "").strip(), form.get("name", "")
    template = {"TemplateURL": url} if url else {"TemplateBody": body}
    if not name:
        asked = cloudformation.get_template_summary(**template)
        return visit.page("stack_new.html", asked=asked, body=body, url=url)
    given = [
        {"ParameterKey": key.removeprefix("parameter:"), "ParameterValue": value}
        for key, value in form.items()
        if key.startswith("parameter:")
    ]
    cloudformation.create_stack(
        StackName=name,
        **template,
        Parameters=given,
        Capabilities=[key.removeprefix("may:") for key in form if key.startswith("may:")],
        OnFailure="DO_NOTHING" if form.get("keep") else "ROLLBACK",
    )
    return visit.go(f"/stacks/{name}")


def delete(visit: Visit) -> Response:
    visit.client("cloudformation").delete_stack(StackName=visit.path["stack"])
    return visit.go("/stacks")


def _template(visit: Visit, name: str) -> dict[str, str]:
    body = visit.client("cloudformation").get_template(StackName=name)["TemplateBody"]
    return {"text": body if isinstance(body, str) else json.dumps(body, indent=2)}


PAGES = (
    Page("GET", "/stacks", stacks),
    Page("POST", "/stacks", create),
    # An ARN has slashes, which servers see unquoted.
    Page("POST", "/stacks/{stack:path}/delete", delete),
    Page("GET", "/stacks/{stack:path}", stack),
)
