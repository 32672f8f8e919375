"""Chapter 2, the other way: bucket, roles and database from one CloudFormation template, `stack.yaml`."""

from importlib.resources import files
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Stage
from studiolo.demo.roles import ClusterRoles, Ground

NAME = "air-quality-demo"
WAIT = {"Delay": 1, "MaxAttempts": 600}
NOTHING_NEW = "No updates are to be performed"


def deploy(session: boto3.Session, stage: Stage) -> Ground:
    """Make the stack, or bring it up to date; answers what is in it. Raises StoryError when it does not come up."""
    cloudformation = session.client("cloudformation")
    request = {
        "StackName": NAME,
        "TemplateBody": (files("studiolo.demo") / "stack.yaml").read_text(encoding="utf-8"),
        "Capabilities": ["CAPABILITY_IAM"],
    }
    stage.doing("waiting for the stack")
    try:
        stack = cloudformation.create_stack(OnFailure="DELETE", **request)["StackId"]
        _wait(cloudformation, "stack_create_complete", stack)
    except cloudformation.exceptions.AlreadyExistsException:
        try:
            stack = cloudformation.update_stack(**request)["StackId"]
            _wait(cloudformation, "stack_update_complete", stack)
        except ClientError as error:
            if NOTHING_NEW not in str(error):
                raise
    (found,) = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
    made = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
    stage.say("\n".join([f"stack {NAME}: {found['StackStatus']}", *(f"{key} {value}" for key, value in made.items())]))
    return Ground(
        role=made["Role"],
        database=made["Database"],
        bucket=made["Bucket"],
        cluster=ClusterRoles(service=made["ClusterRole"], profile=made["NodeProfile"]),
    )


def _wait(cloudformation: Any, waiter: str, stack: str) -> None:
    """Wait; a stack that fails is told of by the first thing in it that failed."""
    try:
        cloudformation.get_waiter(waiter).wait(StackName=stack, WaiterConfig=WAIT)
    except WaiterError as error:
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        events = [event for page in pages for event in page["StackEvents"]]  # the youngest first
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        reason = f"{failed[-1]['LogicalResourceId']}: {failed[-1]['ResourceStatusReason']}" if failed else str(error)
        raise StoryError(f"The stack {NAME} did not come up. {reason}") from error
