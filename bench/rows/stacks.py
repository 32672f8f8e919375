"""A stack of 80 resources made, changed in nothing, and deleted, against moto, which does it in memory and unsigned; and
the events of one that has 10,000 of them.

moto cannot delete it: it deletes in the order of the template, and a VPC that others depend on does not go.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from bench.bench import Bench
from bench.row import Quantity, Row, Unavailable, at_most, at_most_times
from bench.rows.reads import ANY_KEY, Target, emulator
from bench.signing import client

RESOURCES = 80
MANY, EVENTS = 490, 10_000
"""Resources of a stack that is changed until it has so many events."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def template() -> str:
    """A VPC with subnets and routes, roles, parameters, topics: `RESOURCES` of them."""
    vpc = {"Ref": "Vpc"}
    resources: dict[str, Any] = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}
    for number in range(10):
        cidr = f"10.0.{number}.0/24"
        resources[f"Subnet{number}"] = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": vpc, "CidrBlock": cidr}}
        resources[f"Table{number}"] = {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": vpc}}
        joined = {"SubnetId": {"Ref": f"Subnet{number}"}, "RouteTableId": {"Ref": f"Table{number}"}}
        resources[f"Join{number}"] = {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": joined}
        role = {"AssumeRolePolicyDocument": TRUST}
        resources[f"Role{number}"] = {"Type": "AWS::IAM::Role", "Properties": role}
        group = {"GroupDescription": "bench", "VpcId": vpc}
        resources[f"Group{number}"] = {"Type": "AWS::EC2::SecurityGroup", "Properties": group}
        resources[f"Topic{number}"] = {"Type": "AWS::SNS::Topic"}
    for number in range(RESOURCES - len(resources)):
        # moto gives nothing a name.
        value = {"Name": f"bench-{number}", "Type": "String", "Value": {"Fn::Sub": "${Vpc}"}}
        resources[f"Parameter{number}"] = {"Type": "AWS::SSM::Parameter", "Properties": value}
    return json.dumps({"Resources": resources})


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    server.settle()
    ours = _life(server.client("cloudformation"))
    with emulator(bench, "moto", _moto) as moto:
        theirs = None if isinstance(moto, Unavailable) else _life(moto.client)
    for what, taken in ours.items():
        name = f"a stack of {RESOURCES} resources: {what}, against moto"
        if theirs is None or what not in theirs:
            yield Row(name, "none", Quantity(taken, "s"), note="moto could not be had, or could not do it")
        else:
            yield at_most_times(
                name, 1 if what == "create" else None, Quantity(taken, "s"), Quantity(theirs[what], "s")
            )

    page, whole, events = _history(server.client("cloudformation"))
    told = f"{events:,} events of a stack"
    yield at_most(f"the newest page of {told}", Quantity(50, "ms"), Quantity(page * 1000, "ms"))
    yield at_most(f"all pages of {told}", Quantity(5, "s"), Quantity(whole, "s"))


def _history(cloudformation: Any) -> tuple[float, float, int]:
    """Seconds of DescribeStackEvents' first page, median of nine, and of all its pages, and how many events there are."""
    number, called = 0, "history"
    given = {"StackName": called, "TemplateBody": _many(number)}
    cloudformation.create_stack(**given)
    waiter = cloudformation.get_waiter("stack_create_complete")
    while True:
        waiter.wait(StackName=called, WaiterConfig={"Delay": 1})
        began = time.perf_counter()
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=called)
        events = sum(len(page["StackEvents"]) for page in pages)
        whole = time.perf_counter() - began
        if events >= EVENTS:
            return _median(lambda: cloudformation.describe_stack_events(StackName=called)), whole, events
        number += 1
        cloudformation.update_stack(StackName=called, TemplateBody=_many(number))
        waiter = cloudformation.get_waiter("stack_update_complete")


def _median(ask: Callable[[], Any], times: int = 9) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _many(number: int) -> str:
    value = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": str(number)}}
    return json.dumps({"Resources": {f"P{each}": value for each in range(MANY)}})


def _moto(port: int) -> Target:
    cloudformation = client("cloudformation", f"http://127.0.0.1:{port}", ANY_KEY)
    return Target(port, cloudformation, cloudformation.list_stacks)


def _life(cloudformation: Any) -> dict[str, float]:
    """Seconds of each part of a stack's life."""
    body = template()
    taken = {}
    began = time.perf_counter()
    cloudformation.create_stack(StackName="bench", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="bench", WaiterConfig={"Delay": 1})
    taken["create"] = time.perf_counter() - began
    began = time.perf_counter()
    try:
        cloudformation.update_stack(StackName="bench", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    except ClientError as error:
        if "No updates" not in str(error):
            raise
    taken["an update that changes nothing"] = time.perf_counter() - began
    began = time.perf_counter()
    try:
        cloudformation.delete_stack(StackName="bench")
    except ClientError:
        return taken
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="bench", WaiterConfig={"Delay": 1})
    taken["delete"] = time.perf_counter() - began
    return taken
