"""Wait conditions: stacks that wait for what somebody else says."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.api.stacks import delete, events, new_name, outputs, text_of, wait
from tests.waiting import until


@pytest.fixture(scope="module")
def cloudformation(client: Callable[..., Any]) -> Any:
    return client("cloudformation")


def begin(cloudformation: Any, timeout: str = "60") -> tuple[str, str]:
    """A stack that waits for two signals, and where they are written to."""
    waiting = {"Handle": {"Ref": "Handle"}, "Timeout": timeout, "Count": 2}
    template = {
        "Resources": {
            "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "Waited": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": waiting},
        },
        "Outputs": {"Told": {"Value": {"Fn::GetAtt": ["Waited", "Data"]}}},
    }
    name = new_name()
    cloudformation.create_stack(StackName=name, TemplateBody=text_of(template))

    def address() -> str:
        found = events(cloudformation, name)
        return next((each["PhysicalResourceId"] for each in found if each["PhysicalResourceId"].startswith("http")), "")

    return name, until(address)


def signal(address: str, **told: str) -> int:
    request = urllib.request.Request(address, json.dumps(told).encode(), method="PUT")
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_stack_waits_for_signals_of_different_senders_and_tells_what_they_said(cloudformation: Any) -> None:
    name, address = begin(cloudformation)
    assert signal(address, Status="SUCCESS", Reason="no id") == 400
    for _ in range(2):
        assert signal(address, Status="SUCCESS", UniqueId="first", Data="installed") == 200
    assert cloudformation.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_IN_PROGRESS"
    assert signal(address, Status="SUCCESS", UniqueId="second", Data="") == 200
    wait(cloudformation, "stack_create_complete", name)
    assert json.loads(outputs(cloudformation, name)["Told"]) == {"first": "installed", "second": ""}
    delete(cloudformation, name)
    assert signal(address, Status="SUCCESS", UniqueId="third") == 404


def test_a_signal_of_failure_and_one_that_never_comes_fail_the_stack_with_their_reason(cloudformation: Any) -> None:
    failed, address = begin(cloudformation)
    late, _ = begin(cloudformation, "0")
    signal(address, Status="FAILURE", UniqueId="x", Reason="no space")
    for name, reason in (
        (failed, "WaitCondition received failed message: 'no space' for uniqueId: x"),
        (late, "WaitCondition timed out. Received 0 conditions when expecting 2"),
    ):
        with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
            wait(cloudformation, "stack_create_complete", name)
        assert reason in [each.get("ResourceStatusReason") for each in events(cloudformation, name)]
        delete(cloudformation, name)
