"""`studiolo deploy`: the calls that `aws cloudformation deploy` makes, with the stack's events as they come."""

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from studiolo.cli_server import client_of, running_server
from studiolo.terminal import Data, fail, given_settings, out

CAPABILITIES = ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_NAMED_IAM"]
UNCHANGED = ("The submitted information didn't contain changes", "No updates are to be performed")
REST = 0.3
"""Seconds between two looks at the events of a stack."""


def deploy(
    template: Annotated[str, typer.Argument(help="A file, or the s3:// or http address of an object here.")],
    data: Data = None,
    stack: Annotated[str | None, typer.Option("--stack", help="The stack's name (default: the file's).")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="A parameter as Name=value; may be repeated.")
    ] = None,
    role: Annotated[str | None, typer.Option(help="ARN of the role that the stack is made as.")] = None,
) -> None:
    """Make or change a stack of a template, and show what happens: ends with 0 where that succeeds, else with 1."""
    from botocore.exceptions import ClientError

    settings = given_settings(data=data)
    cloudformation = client_of("cloudformation", settings, running_server(settings))
    name = stack or _name_of(template)
    try:
        current = _stack(cloudformation, name)
        body = _body(template)
        declared = [each["ParameterKey"] for each in cloudformation.get_template_summary(**body)["Parameters"]]
        if not _planned(cloudformation, name, current, body, _parameters(parameter or [], declared, current), role):
            out.print(f"Nothing changes in the stack {name}.")
        else:
            status = _shown(cloudformation, name)
            if not status.endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE")) or "ROLLBACK" in status:
                fail(f"The stack {name} is {status}.")
        for each in (_stack(cloudformation, name) or {}).get("Outputs", []):
            out.print(f"{each['OutputKey']} = {each['OutputValue']}", markup=False)
    except ClientError as error:
        fail(error.response["Error"]["Message"])


def _planned(
    cloudformation: Any,
    name: str,
    current: dict[str, Any] | None,
    body: dict[str, str],
    parameters: list[dict[str, Any]],
    role: str | None,
) -> bool:
    """Plan the change and begin it; whether there is any."""
    is_new = current is None or current["StackStatus"] == "REVIEW_IN_PROGRESS"
    which = {"StackName": name, "ChangeSetName": f"studiolo-deploy-{int(time.time() * 1000)}"}
    cloudformation.create_change_set(
        **which,
        **body,
        ChangeSetType="CREATE" if is_new else "UPDATE",
        Parameters=parameters,
        Capabilities=CAPABILITIES,
        **({} if role is None else {"RoleARN": role}),
    )
    planned = cloudformation.describe_change_set(**which)
    if planned["Status"] == "FAILED":
        cloudformation.delete_change_set(**which)
        if is_new and current is None:
            cloudformation.delete_stack(StackName=name)
        if planned["StatusReason"].startswith(UNCHANGED):
            return False
        fail(planned["StatusReason"])
    cloudformation.execute_change_set(**which)
    return True


def _shown(cloudformation: Any, name: str) -> str:
    """Show what happens until the stack has arrived; the state that it has arrived in."""
    identifier = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    seen: set[str] = set()
    while True:
        status = ""
        for event in _since(cloudformation, identifier, seen):
            reason = event.get("ResourceStatusReason", "")
            at = event["Timestamp"].astimezone().strftime("%H:%M:%S")
            what = f"{event['ResourceStatus']:<28} {event['ResourceType']:<40} {event['LogicalResourceId']}"
            out.print(f"{at}  {what}  {reason}".rstrip(), markup=False)
            if event["PhysicalResourceId"] == identifier:
                status = event["ResourceStatus"]
        if status and not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(REST)


def _since(cloudformation: Any, identifier: str, seen: set[str]) -> Iterator[dict[str, Any]]:
    """The events of the operation that runs that were not seen yet, the oldest first."""
    fresh: list[dict[str, Any]] = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=identifier):
        for event in page["StackEvents"]:
            if event["EventId"] in seen:
                break
            fresh.append(event)
            if _begins(event, identifier):
                break
        else:
            continue
        break
    seen.update(event["EventId"] for event in fresh)
    yield from reversed(fresh)


def _begins(event: dict[str, Any], identifier: str) -> bool:
    return (
        event["PhysicalResourceId"] == identifier
        and event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        and event.get("ResourceStatusReason") == "User Initiated"
    )


def _stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return found


def _body(template: str) -> dict[str, str]:
    if "://" in template:
        return {"TemplateURL": template}
    try:
        return {"TemplateBody": Path(template).read_text()}
    except (OSError, UnicodeDecodeError) as error:
        fail(f"The template {template} cannot be read: {error}")


def _name_of(template: str) -> str:
    name = re.sub(r"[^a-zA-Z0-9]+", "-", template.rpartition("/")[2].partition(".")[0]).strip("-")
    return name if name[:1].isalpha() else f"stack-{name}"


def _parameters(given: Sequence[str], declared: Sequence[str], current: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The parameters given, and those that the stack has already as they are."""
    found: list[dict[str, Any]] = []
    for each in given:
        key, equals, value = each.partition("=")
        if not equals:
            fail(f"{each} is no parameter: give Name=value.")
        found.append({"ParameterKey": key, "ParameterValue": value})
    new = {each["ParameterKey"] for each in found}
    had = [each["ParameterKey"] for each in (current or {}).get("Parameters", [])]
    return [*found, *({"ParameterKey": k, "UsePreviousValue": True} for k in had if k in declared and k not in new)]
