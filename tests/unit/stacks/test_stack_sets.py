"""Operations on stack sets: what is done next, and a server that ends after any one commit."""

import json
import shutil
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from studiolo.domain import Scope
from studiolo.stacks.sets.model import Result
from studiolo.stacks.sets.preferences import Preferences, due, outcome
from tests.unit.stacks.world import ACCOUNT, SCOPE, Killed, World

EVERY = 13
"""One commit of so many is tried."""

BODY = json.dumps(
    {
        "Parameters": {"Text": {"Type": "String", "Default": "one"}},
        "Resources": {"A": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Text"}}}},
    }
)
REGIONS = ["eu-west-1", "us-east-1"]


def scenario(world: World) -> dict[str, Any]:
    """Stacks are made in two regions, changed, and deleted in one; done again, it is what it was."""
    where = {"StackSetName": "sets", "Accounts": [ACCOUNT]}
    world.call("cloudformation", "CreateStackSet", StackSetName="sets", TemplateBody=BODY, ClientRequestToken="t")
    world.call("cloudformation", "CreateStackInstances", **where, Regions=REGIONS, OperationId="make")
    world.run()
    new = [{"ParameterKey": "Text", "ParameterValue": "two"}]
    asked = {"StackSetName": "sets", "UsePreviousTemplate": True, "Parameters": new}
    world.call("cloudformation", "UpdateStackSet", **asked, OperationId="change")
    world.run()
    world.call(
        "cloudformation", "DeleteStackInstances", **where, Regions=REGIONS[:1], RetainStacks=False, OperationId="end"
    )
    world.run()
    return left_behind(world)


def left_behind(world: World) -> dict[str, Any]:
    stack_set = world.stack_sets.store.get(SCOPE, "sets")
    operations = world.stack_sets.store.operations(stack_set)
    stacks = [
        stack
        for region in REGIONS
        for stack in world.stacks.store.stacks(Scope(ACCOUNT, region), (), None, 9, False).items
    ]
    return {
        "operations": sorted((each.id, each.status) for each in operations),
        "results": sorted(
            each.status for operation in operations for each in world.stack_sets.store.results(operation)
        ),
        "instances": [(each.region, each.status) for each in world.stack_sets.store.instances(stack_set)],
        "stacks": [(stack.scope.region, stack.status) for stack in stacks],
        "values": [
            parameter.given
            for stack in stacks
            if stack.target and not stack.deleted
            for parameter in stack.target.parameters.values()
        ],
    }


def with_roles(folder: Path) -> Path:
    folder.mkdir()
    world = World(folder)

    def role(name: str, principal: dict[str, str], action: str) -> None:
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        may = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [trust]}
        world.call("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        world.call("iam", "PutRolePolicy", RoleName=name, PolicyName="may", PolicyDocument=policy)

    role("AWSCloudFormationStackSetAdministrationRole", {"Service": "cloudformation.amazonaws.com"}, "sts:AssumeRole")
    role("AWSCloudFormationStackSetExecutionRole", {"AWS": ACCOUNT}, "*")
    world.state.close()
    return folder


def test_an_operation_goes_on_after_the_end_of_the_server_at_any_commit(tmp_path: Path) -> None:
    before = with_roles(tmp_path / "before")
    shutil.copytree(before, tmp_path / "whole")
    world = World(tmp_path / "whole")
    first = world.state.commits
    whole = scenario(world)
    assert whole == {
        "operations": [("change", "SUCCEEDED"), ("end", "SUCCEEDED"), ("make", "SUCCEEDED")],
        "results": ["SUCCEEDED"] * 5,
        "instances": [("us-east-1", "CURRENT")],
        "stacks": [("eu-west-1", "DELETE_COMPLETE"), ("us-east-1", "UPDATE_COMPLETE")],
        "values": ["two"],
    }
    commits = world.state.commits - first
    assert commits > 3 * EVERY
    for after in range(1, commits, EVERY):
        folder = tmp_path / str(after)
        shutil.copytree(before, folder)
        world = World(folder)
        world.state.left = after
        try:
            scenario(world)
        except Killed:
            world.state.close()
            world = World(folder)
            world.run()
        assert scenario(world) == whole, f"the server ended after {after} commits"
        world.state.close()


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=12),
    st.integers(0, 3),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
def test_no_more_fail_than_tolerated_and_no_more_run_than_asked(
    work: list[tuple[str, bool]], tolerated: int, at_once: int, parallel: bool, strict: bool
) -> None:
    """Each account and region fails or does not; the oldest of those that run ends first."""
    work.sort()
    preferences = Preferences(parallel=parallel, tolerated=tolerated, at_once=at_once, strict=strict)
    results = [Result("s", "o", n, str(n), region, "PENDING", "new", None) for n, (region, _) in enumerate(work)]

    def put(each: Result, status: str) -> None:
        results[each.number] = Result("s", "o", each.number, each.account, each.region, status, "new", None)

    while (ended := outcome(results, preferences, False)) is None:
        next_ = due(results, preferences, False)
        for each in next_.begin:
            put(each, "RUNNING")
        for each in next_.cancel:
            put(each, "CANCELLED")
        running = [each for each in results if each.status == "RUNNING"]
        for region in "abc":
            assert sum(each.region == region for each in running) <= at_once
        assert parallel or len({each.region for each in running}) <= 1
        assert running or next_.cancel
        if running:
            put(running[0], "FAILED" if work[running[0].number][1] else "SUCCEEDED")
    failed = {region: sum(r.region == region and r.status == "FAILED" for r in results) for region in "abc"}
    assert ended == ("FAILED" if max(failed.values()) > tolerated else "SUCCEEDED")
    assert ended == "FAILED" or all(each.status == "SUCCEEDED" or work[each.number][1] for each in results)
    assert not strict or max(failed.values()) <= tolerated + 1
