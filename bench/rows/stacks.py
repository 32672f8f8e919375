"""A stack of 80 resources made, changed in nothing, and deleted, against moto, which does it in memory and unsigned.

moto cannot delete it: it deletes in the order of the template, and a VPC that others depend on does not go.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from bench.bench import Bench
from bench.row import Quantity, Row, Unavailable, at_most_times
from bench.rows.reads import ANY_KEY, Target, emulator
from bench.signing import client

RESOURCES = 80
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
