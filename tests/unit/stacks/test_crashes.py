"""A stack whose server ends after any one commit, of its own or of a service it called, ends as it would have."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.unit.stacks.world import Killed, World

TEN = """
Parameters:
  Block: {Type: String, Default: 10.0.0.0/16}
  Value: {Type: String, Default: one}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Ref Block, EnableDnsHostnames: true}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: !Select [0, !Cidr [!Ref Block, 1, 8]]}}
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
  Join: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref Table, SubnetId: !Ref Subnet}}
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: all, VpcId: !Ref Vpc}}
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref Group, IpProtocol: tcp, FromPort: 1, ToPort: 2, CidrIp: 10.0.0.0/8}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: ten
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: glue.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: 2012-10-17
            Statement: [{Effect: Allow, Action: "s3:*", Resource: !Sub "arn:aws:s3:::${Value}"}]
  Place: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub "${Vpc} ${Value}"}}
  Base: {Type: AWS::Glue::Database, Properties: {CatalogId: !Ref AWS::AccountId, DatabaseInput: {Name: !Ref Value}}}
  Key: {Type: AWS::KMS::Key, Properties: {Description: !Ref Value}}
Outputs:
  Vpc: {Value: !Ref Vpc, Export: {Name: vpc}}
"""
BAD = TEN + "  Wrong: {Value: !GetAtt Vpc.Nonsense}\n"


def left_behind(world: World) -> dict[str, Any]:
    """What is there in the services, but for ids."""
    vpcs = world.call("ec2", "DescribeVpcs")["Vpcs"]
    parameters = world.call("ssm", "GetParametersByPath", Path="/", Recursive=True)["Parameters"]
    named = world.stacks.store.stacks
    keys = [world.call("kms", "DescribeKey", KeyId=key["KeyId"]) for key in world.call("kms", "ListKeys")["Keys"]]
    return {
        "vpcs": sorted(vpc["CidrBlock"] for vpc in vpcs),
        "subnets": sorted(each["CidrBlock"] for each in world.call("ec2", "DescribeSubnets")["Subnets"]),
        "tables": len(world.call("ec2", "DescribeRouteTables")["RouteTables"]),
        "groups": Counter(
            each["GroupName"] == "default" for each in world.call("ec2", "DescribeSecurityGroups")["SecurityGroups"]
        ),
        "rules": len(world.call("ec2", "DescribeSecurityGroupRules")["SecurityGroupRules"]),
        "roles": [role["RoleName"] for role in world.call("iam", "ListRoles")["Roles"]],
        "databases": [base["Name"] for base in world.call("glue", "GetDatabases")["DatabaseList"]],
        "parameters": len(world.recorder.parameters.all(world.stacks.store.find(_any(world)).scope)) + len(parameters),
        "keys": Counter((key["KeyMetadata"]["KeyState"], key["KeyMetadata"]["Description"]) for key in keys),
        "statuses": [
            stack.status for stack in named(world.stacks.store.find(_any(world)).scope, (), None, 10, False).items
        ],
    }


def _any(world: World) -> str:
    from tests.unit.stacks.world import SCOPE

    return world.stacks.store.stacks(SCOPE, (), None, 1, False).items[0].id


EVERY = 17
"""One commit of so many is tried: all of them, which is 1, takes a minute and a half of CPU."""

ENDS = {
    "create": "CREATE_COMPLETE",
    "roll back": "ROLLBACK_COMPLETE",
    "update": "UPDATE_COMPLETE",
    "revert": "UPDATE_ROLLBACK_COMPLETE",
    "delete": "DELETE_COMPLETE",
}


def ends(before: Path, folder: Path, what: str, after: int | None) -> tuple[dict[str, Any], int]:
    """Do it, with the server's end after so many commits; what there is then, and how many commits it took."""
    shutil.copytree(before, folder)
    world = World(folder)
    if what == "create":
        begin = lambda: world.create("ten", TEN)  # noqa: E731
    elif what == "roll back":
        begin = lambda: world.create("ten", BAD)  # noqa: E731
    else:
        given = {"Block": "10.1.0.0/16", "Value": "two"}
        body = BAD if what == "revert" else TEN
        begin = (
            (lambda: world.delete("ten")) if what == "delete" else lambda: world.update("ten", body, parameters=given)
        )
    first = world.state.commits
    world.state.left = after
    try:
        begin()
    except Killed:
        world.state.close()
        world = World(folder)
        world.run()
    found = left_behind(world)
    commits = world.state.commits - first
    world.close()
    return found, commits


@pytest.mark.parametrize("what", ["create", "roll back", "update", "revert", "delete"])
def test_the_end_of_the_server_after_any_commit_changes_nothing_of_how_a_stack_ends(tmp_path: Path, what: str) -> None:
    (before := tmp_path / "before").mkdir()
    world = World(before)
    if what in ("update", "revert", "delete"):
        world.create("ten", TEN)
    world.close()
    as_it_should_be, commits = ends(before, tmp_path / "whole", what, None)
    assert as_it_should_be["statuses"] == [ENDS[what]]
    # The first commit is the request's own: before it nothing was asked.
    for number in range(1 + len(what) % EVERY, commits, EVERY):
        found, _ = ends(before, tmp_path / str(number), what, number)
        assert found == as_it_should_be, f"after commit {number} of {commits}"


KEY = """
Resources:
  Key: {Type: AWS::IAM::AccessKey, Properties: {UserName: ana, Status: Inactive}}
Outputs:
  Secret: {Value: !GetAtt Key.SecretAccessKey}
"""


def test_a_user_has_one_access_key_whose_secret_is_known_whenever_the_server_ended(tmp_path: Path) -> None:
    (before := tmp_path / "before").mkdir()
    world = World(before)
    world.call("iam", "CreateUser", UserName="ana")
    world.call("iam", "CreateAccessKey", UserName="ana")
    world.close()
    number, killed = 1, True
    while killed:
        shutil.copytree(before, tmp_path / str(number))
        world = World(tmp_path / str(number))
        world.state.left, killed = number, False
        try:
            world.create("s", KEY)
        except Killed:
            killed = True
            world.state.close()
            world = World(tmp_path / str(number))
            world.run()
        world.state.left = None
        made = {
            key["AccessKeyId"]: key for key in world.call("iam", "ListAccessKeys", UserName="ana")["AccessKeyMetadata"]
        }
        key = made[str(world.physical("s")["Key"])]
        [secret] = world.stack("s").outputs
        assert (len(made), key["Status"]) == (2, "Inactive"), f"after {number}"
        world.call("iam", "UpdateAccessKey", UserName="ana", AccessKeyId=key["AccessKeyId"], Status="Active")
        found = world.identity.access_keys.find(key["AccessKeyId"])
        assert found is not None
        assert found[0].secret == secret["OutputValue"]
        assert world.stack("s").status == "CREATE_COMPLETE"
        world.close()
        number += 1
    assert number > 5
