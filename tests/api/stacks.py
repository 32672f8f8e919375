"""What tests of stacks share: a template's life through boto3."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import WaiterError

from tests.conftest import REGION, Server

TEMPLATES = Path(__file__).parent / "templates"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
QUICKLY = {"Delay": 1, "MaxAttempts": 60}


def new_name() -> str:
    return f"stack-{uuid.uuid4().hex[:8]}"


def text_of(template: Mapping[str, Any] | str) -> str:
    return template if isinstance(template, str) else json.dumps(template)


def aws(server: Server, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command of the aws CLI, as the server's administrator."""
    identity, secret = server.key()
    environment = {
        "AWS_ACCESS_KEY_ID": identity,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": server.endpoint,
        "PATH": os.environ["PATH"],
        "HOME": str(server.data),
    }
    command = [sys.executable, str(Path(sys.executable).with_name("aws")), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=check, timeout=120)


def create(cloudformation: Any, template: Mapping[str, Any] | str, name: str | None = None, **given: Any) -> str:
    """Make a stack and wait for it; its name."""
    name = name or new_name()
    cloudformation.create_stack(StackName=name, TemplateBody=text_of(template), Capabilities=CAPABILITIES, **given)
    wait(cloudformation, "stack_create_complete", name)
    return name


def update(cloudformation: Any, name: str, template: Mapping[str, Any] | str, **given: Any) -> None:
    cloudformation.update_stack(StackName=name, TemplateBody=text_of(template), Capabilities=CAPABILITIES, **given)
    wait(cloudformation, "stack_update_complete", name)


def delete(cloudformation: Any, name: str) -> None:
    cloudformation.delete_stack(StackName=name)
    wait(cloudformation, "stack_delete_complete", name)


def wait(cloudformation: Any, waiter: str, name: str) -> None:
    """Wait; a stack that fails says in the test's output what happened to it."""
    try:
        cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig=QUICKLY)
    except WaiterError:
        for event in reversed(events(cloudformation, name)):
            print(event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason", ""))
        raise


def events(cloudformation: Any, name: str) -> list[dict[str, Any]]:
    """All events of a stack, the youngest first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    return [event for page in pages for event in page["StackEvents"]]


def outputs(cloudformation: Any, name: str) -> dict[str, str]:
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def physical(cloudformation: Any, name: str) -> dict[str, str]:
    found = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
