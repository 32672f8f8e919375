"""How operations on stacks end when something fails, is forbidden, or is to be kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from studiolo.calling import Refused
from studiolo.domain import AlreadyExists, Invalid
from studiolo.stacks import Wanted
from studiolo.stacks.nesting import Nesting
from studiolo.stacks.types.base import At
from tests.unit.stacks.world import SCOPE, World

ACCOUNT = {"Ref": "AWS::AccountId"}
ROLE = (
    '{"Version": "2012-10-17", "Statement": '
    '[{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
)


def parameter(value: str, **attributes: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}, **attributes}


def database(name: str | None = None, **given: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Glue::Database",
        "Properties": {"CatalogId": ACCOUNT, "DatabaseInput": {**({"Name": name} if name else {}), **given}},
    }


def bad(*after: str) -> dict[str, Any]:
    """A resource that cannot be made."""
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Version": "never"}}}
    return {**policy, "DependsOn": list(after)}


def body(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def value(world: World, logical: str = "One") -> str:
    name = world.physical("s")[logical]
    return str(world.call("ssm", "GetParameter", Name=name)["Parameter"]["Value"])


@pytest.mark.parametrize(
    ("option", "status", "left"),
    [
        ("ROLLBACK", "ROLLBACK_COMPLETE", {}),
        ("DELETE", "DELETE_COMPLETE", {}),
        ("DO_NOTHING", "CREATE_FAILED", {"One"}),
    ],
)
def test_a_creation_that_fails_ends_as_it_was_asked_to(world: World, option: str, status: str, left: set[str]) -> None:
    wanted = Wanted("s", body=body(One=parameter("a"), Bad=bad("One")), capabilities=("CAPABILITY_IAM",),
                    options={"on_failure": option})  # fmt: skip
    made = world.stacks.create(SCOPE, world.root, wanted)
    world.run()
    assert world.stacks.store.find(made.id).status == status
    assert len(world.recorder.parameters.all(SCOPE)) == len(left)


def test_what_was_left_of_a_failed_creation_can_be_repaired_or_rolled_back(world: World) -> None:
    failing = body(One=parameter("a"), Bad=bad("One"))
    assert world.create("s", failing, options={"on_failure": "DO_NOTHING"}).status == "CREATE_FAILED"
    assert world.update("s", body(One=parameter("a"), Two=parameter("b"))).status == "UPDATE_COMPLETE"
    assert set(world.physical("s")) == {"One", "Two"}
    assert world.create("t", failing, options={"on_failure": "DO_NOTHING"}).status == "CREATE_FAILED"
    world.stacks.roll_back(SCOPE, world.root, "t", None, None)
    world.run()
    assert world.stack("t").status == "ROLLBACK_COMPLETE"


def test_a_failed_update_restores_what_it_changed_and_touches_nothing_else(world: World) -> None:
    world.create("s", body(One=parameter("a"), Still=parameter("still"), Base=database("one")))
    before = world.physical("s")
    failing = body(
        One=parameter("b"),
        Still=parameter("still"),
        Base=database("two"),
        New=parameter("n"),
        Bad=bad("One", "Base", "New"),
    )
    count = len(world.events("s"))
    assert world.update("s", failing).status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.physical("s") == before
    assert value(world) == "a"
    assert [each["Name"] for each in world.call("glue", "GetDatabases")["DatabaseList"]] == ["one"]
    assert "Still" not in {logical for logical, _ in world.events("s")[count:]}
    assert len(world.recorder.parameters.all(SCOPE)) == 2


def test_an_update_left_as_it_failed_can_be_rolled_back_later(world: World) -> None:
    world.create("s", body(One=parameter("a")))
    failing = body(One=parameter("b"), Bad=bad("One"))
    assert world.update("s", failing, options={"on_failure": "DO_NOTHING"}).status == "UPDATE_FAILED"
    assert value(world) == "b"
    world.stacks.roll_back(SCOPE, world.root, "s", None, None)
    world.run()
    assert (world.stack("s").status, value(world)) == ("UPDATE_ROLLBACK_COMPLETE", "a")


def test_a_rollback_that_fails_goes_on_without_what_hinders_it(world: World) -> None:
    world.create("s", body(One=parameter("a"), Two=parameter("a")))
    world.stacks.update(SCOPE, world.root, Wanted("s", body=body(One=parameter("b"), Two=parameter("b"), Bad=bad("One", "Two")), capabilities=("CAPABILITY_IAM",)))  # fmt: skip # noqa: E501
    refused = world.stacks._services

    def services(principal: Any, region: str, service: str, operation: str, parameters: Any) -> Any:
        if operation == "PutParameter" and parameters["Value"] == "a" and "One" in parameters["Name"]:
            raise Refused("AccessDenied", "not now")
        return refused(principal, region, service, operation, parameters)  # type: ignore[misc]

    world.inside, own = services, world.inside  # type: ignore[assignment]
    world.run()
    world.inside = own
    assert world.stack("s").status == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(Invalid, match="can not be updated"):
        world.update("s", body(One=parameter("c")))
    world.stacks.continue_rollback(SCOPE, world.root, "s", None, None, ("One",))
    world.run()
    assert world.stack("s").status == "UPDATE_ROLLBACK_COMPLETE"
    assert (value(world, "One"), value(world, "Two")) == ("b", "a")


def test_a_replacement_of_what_the_template_names_is_refused_and_nothing_is_lost(world: World) -> None:
    role = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }

    def named(path: str) -> str:
        properties = {"RoleName": "mine", "Path": path, "AssumeRolePolicyDocument": role}
        return body(Role={"Type": "AWS::IAM::Role", "Properties": properties})

    world.create("s", named("/a/"))
    assert world.update("s", named("/b/")).status == "UPDATE_ROLLBACK_COMPLETE"
    [failed] = [
        e
        for e in world.stacks.store.events(world.stack("s").id, None, 99).items
        if e.document["ResourceStatus"] == "UPDATE_FAILED"
    ]
    assert failed.document["ResourceStatusReason"] == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        "Rename mine and update the stack again."
    )
    assert world.call("iam", "GetRole", RoleName="mine")["Role"]["Path"] == "/a/"


def test_a_named_thing_that_is_there_already_is_neither_taken_nor_deleted(world: World) -> None:
    world.call("glue", "CreateDatabase", DatabaseInput={"Name": "theirs"})
    assert world.create("s", body(Base=database("theirs"))).status == "ROLLBACK_COMPLETE"
    assert world.call("glue", "GetDatabase", Name="theirs")["Database"]["Name"] == "theirs"


def test_policies_keep_what_they_say(world: World) -> None:
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    world.create("s", body(Base={**database("one"), **kept}, One=parameter("a", **kept), Two=parameter("b")))
    world.update("s", body(Base={**database("two"), **kept}, Two=parameter("b")))
    names = {each["Name"] for each in world.call("glue", "GetDatabases")["DatabaseList"]}
    assert names == {"one", "two"}
    assert world.delete("s").status == "DELETE_COMPLETE"
    assert {each["Name"] for each in world.call("glue", "GetDatabases")["DatabaseList"]} == {"one", "two"}
    assert len(world.recorder.parameters.all(SCOPE)) == 1


def test_a_stack_policy_decides_what_an_update_may_touch(world: World) -> None:
    policy = {"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "Update:Modify", "Resource": "LogicalResourceId/One"},
    ]}  # fmt: skip
    world.create("s", body(One=parameter("a"), Two=parameter("a")), options={"policy": json.dumps(policy)})
    assert world.update("s", body(One=parameter("a"), Two=parameter("b"))).status == "UPDATE_COMPLETE"
    assert world.update("s", body(One=parameter("b"), Two=parameter("c"))).status == "UPDATE_ROLLBACK_COMPLETE"
    assert (value(world, "One"), value(world, "Two")) == ("a", "b")
    everything = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}
    meanwhile = {"policy_meanwhile": json.dumps(everything)}
    assert (
        world.update("s", body(One=parameter("b"), Two=parameter("b")), options=meanwhile).status == "UPDATE_COMPLETE"
    )
    assert value(world, "One") == "b"
    assert world.update("s", body(One=parameter("c"), Two=parameter("b"))).status == "UPDATE_ROLLBACK_COMPLETE"


def test_what_a_stack_policy_keeps_from_going_stays(world: World) -> None:
    policy = {"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "Update:Delete", "Resource": "LogicalResourceId/One"},
    ]}  # fmt: skip
    world.create("s", body(One=parameter("a"), Two=parameter("a")), options={"policy": json.dumps(policy)})
    assert world.update("s", body(Two=parameter("b"))).status == "UPDATE_ROLLBACK_COMPLETE"
    assert ("One", "UPDATE_FAILED") in world.events("s")
    assert (value(world, "One"), value(world, "Two")) == ("a", "a")
    assert world.update("s", body(One=parameter("a"))).status == "UPDATE_COMPLETE"


def test_a_protected_stack_is_not_deleted(world: World) -> None:
    world.create("s", body(One=parameter("a")), options={"protected": True})
    with pytest.raises(Invalid, match="TerminationProtection is enabled"):
        world.delete("s")
    world.stacks.protect(SCOPE, "s", False)
    assert world.delete("s").status == "DELETE_COMPLETE"


def test_an_update_can_be_cancelled(world: World) -> None:
    world.create("s", body(One=parameter("a")))
    world.stacks.update(SCOPE, world.root, Wanted("s", body=body(One=parameter("b"))))
    world.stacks.cancel(SCOPE, "s")
    world.run()
    assert (world.stack("s").status, value(world)) == ("UPDATE_ROLLBACK_COMPLETE", "a")


def test_a_stack_can_be_deleted_while_it_is_made(world: World) -> None:
    world.stacks.create(SCOPE, world.root, Wanted("s", body=body(One=parameter("a"))))
    assert world.delete("s").status == "DELETE_COMPLETE"


def test_the_same_token_is_the_same_request(world: World) -> None:
    wanted = Wanted("s", body=body(One=parameter("a")), token="t")
    first = world.stacks.create(SCOPE, world.root, wanted)
    assert world.stacks.create(SCOPE, world.root, wanted).id == first.id
    with pytest.raises(AlreadyExists, match=r"Stack \[s\] already exists"):
        world.stacks.create(SCOPE, world.root, Wanted("s", body=wanted.body, token="u"))


def test_a_wrong_property_is_told_by_its_name(world: World) -> None:
    wrong = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "a", "Colour": "red"}}
    assert world.create("s", body(One=wrong)).status == "ROLLBACK_COMPLETE"
    reasons = [
        str(e.document.get("ResourceStatusReason"))
        for e in world.stacks.store.events(world.stack("s").id, None, 99).items
    ]
    assert any("extraneous key [Colour] is not permitted" in reason for reason in reasons)


def test_texts_are_taken_for_the_booleans_and_numbers_that_a_type_wants(world: World) -> None:
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": "true"}}
    assert world.create("s", body(Vpc=vpc)).status == "CREATE_COMPLETE"
    vpc["Properties"]["EnableDnsHostnames"] = True  # type: ignore[index]
    with pytest.raises(Invalid, match="No updates are to be performed"):
        world.update("s", body(Vpc=vpc))


def test_tags_of_a_stack_are_tags_of_what_it_makes(world: World) -> None:
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "Tags": [{"Key": "a", "Value": "own"}]}}
    stack = world.create("s", body(Vpc=vpc), tags={"a": "stack", "b": "stack"})
    [found] = world.call("ec2", "DescribeVpcs", VpcIds=[world.physical("s")["Vpc"]])["Vpcs"]
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert (tags["a"], tags["b"], tags["aws:cloudformation:stack-id"]) == ("own", "stack", stack.id)
    world.update("s", body(Vpc=vpc), tags={"c": "stack"})
    [found] = world.call("ec2", "DescribeVpcs", VpcIds=[world.physical("s")["Vpc"]])["Vpcs"]
    assert {tag["Key"] for tag in found["Tags"] if not tag["Key"].startswith("aws:")} == {"a", "c"}


def test_a_bug_in_a_type_fails_its_resource_and_not_the_stacks_thread(world: World) -> None:
    own = world.inside

    def services(principal: Any, region: str, service: str, operation: str, parameters: Any) -> Any:
        return {} if operation == "GetRole" else own(principal, region, service, operation, parameters)

    world.inside = services  # type: ignore[assignment]
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": json.loads(ROLE)}}
    assert world.create("s", body(Role=role)).status == "ROLLBACK_COMPLETE"


def test_a_stack_within_a_stack_is_made_by_who_may_make_stacks_of_its_template_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world.call("iam", "CreateRole", RoleName="maker", AssumeRolePolicyDocument=ROLE)["Role"]["Arn"]
    statement = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    theirs = {"StringLike": {"cloudformation:TemplateUrl": "https://s3.amazonaws.com/approved/*"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": theirs}]})
    world.call("iam", "PutRolePolicy", RoleName="maker", PolicyName="make", PolicyDocument=document)
    outer = world.create("s", body(One=parameter("1")))
    maker = world.identity.session_of(made, "maker")
    place = ("s", outer.id, "Inner", 1, {}, Nesting(world.stacks), "AWS::CloudFormation::Stack", "")
    at = At(SCOPE, maker, world.inside, *place, world.stacks.requests)
    with pytest.raises(Refused, match="not authorized to perform: cloudformation:CreateStack"):
        at.nested.create_nested(at, {"TemplateURL": "https://s3.amazonaws.com/mine/template"})
    with pytest.raises(Refused, match="not authorized to perform: cloudformation:DeleteStack"):
        at.nested.delete_nested(at, outer.id)
    with pytest.raises(EndpointConnectionError):  # it may, and then there is no store here
        at.nested.create_nested(at, {"TemplateURL": "https://s3.amazonaws.com/approved/template"})
    monkeypatch.setattr("studiolo.stacks.nesting.DEEPEST", 1)
    with pytest.raises(Refused, match="approved/template may lead to itself"):
        at.nested.create_nested(at, {"TemplateURL": "https://s3.amazonaws.com/approved/template"})
