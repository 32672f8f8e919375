"""What every operation asks of IAM: the tables have a row for each, and a row names what the request is for."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore import xform_name

from studiolo.app import SERVICES
from studiolo.domain import NotFound, Scope
from studiolo.door.operations import ACCOUNT, BUCKETS, OBJECTS
from studiolo.services.rights import RIGHTS
from tests.unit.identity.conftest import ACCOUNT as NUMBER

DECIDED_BY_THEIR_BODY = {"DeleteObjects", "PostObject", "Preflight"}


def role(name: str) -> Any:
    if name != "Known":
        raise NotFound(name)
    settings = SimpleNamespace(boundary="arn:aws:iam::aws:policy/ReadOnlyAccess", tags={"team": "air"})
    return SimpleNamespace(arn=f"arn:aws:iam::{NUMBER}:role/team/Known", settings=settings)


@pytest.fixture
def call() -> Any:
    identity = SimpleNamespace(roles=SimpleNamespace(get=role))
    principal = SimpleNamespace(user_name=None)
    return SimpleNamespace(
        scope=Scope(NUMBER, "eu-west-1"),
        principal=principal,
        identity=identity,
        studio=SimpleNamespace(identity=identity, catalog=SimpleNamespace(behind=lambda *_: ())),
    )


def asked(call: Any, service: str, operation: str, parameters: dict[str, Any]) -> list[str]:
    """The questions to IAM as `action on the end of an ARN`."""
    rights = RIGHTS[service]
    ends = [(each.action, each.resource) for each in rights.questions(call, operation, parameters)]
    return [f"{action} {resource.split(':', 5)[-1]}" for action, resource in ends]


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_that_is_implemented_has_a_row(service: str) -> None:
    known = {xform_name(operation) for operation in RIGHTS[service].rows}
    assert SERVICES[service].implemented() - known == set()


def test_every_operation_at_the_s3_door_asks_for_an_action() -> None:
    silent = {each.name for table in (OBJECTS, BUCKETS, ACCOUNT) for each in table.values() if not each.actions}
    assert silent == DECIDED_BY_THEIR_BODY


GLUE = [
    ("GetTable", {"DatabaseName": "Air", "Name": "Days"}, ["catalog", "database/air", "table/air/days"]),
    ("GetDatabases", {}, ["catalog"]),
    (
        "BatchDeleteTable",
        {"DatabaseName": "air", "TablesToDelete": ["a", "B"]},
        ["catalog", "database/air", "table/air/a", "table/air/b"],
    ),
    (
        "DeleteDatabase",
        {"Name": "air"},
        ["catalog", "database/air", "table/air/*", "userDefinedFunction/air/*"],
    ),
    (
        "GetTable",
        {"CatalogId": f"{NUMBER}:Lake", "DatabaseName": "air", "Name": "days"},
        ["catalog", "catalog/lake", "database/lake/air", "table/lake/air/days"],
    ),
    ("CreateSession", {"Id": "Mine"}, ["session/Mine"]),
    ("ListSessions", {}, ["*"]),
]


@pytest.mark.parametrize(("operation", "parameters", "resources"), GLUE)
def test_glue_s_resources_are_all_asked_for_in_the_catalog_s_spelling(
    call: Any, operation: str, parameters: dict[str, Any], resources: list[str]
) -> None:
    assert asked(call, "glue", operation, parameters) == [f"glue:{operation} {each}" for each in resources]


def test_another_account_s_catalog_is_asked_for_by_its_account(call: Any) -> None:
    questions = RIGHTS["glue"].questions(call, "GetDatabase", {"CatalogId": "999999999999", "Name": "air"})
    assert next(iter(questions)).resource == "arn:aws:glue:eu-west-1:999999999999:catalog"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("sagemaker", "CreateModel", {"ModelName": "m"}, ["sagemaker:CreateModel model/m"]),
        (
            "sagemaker",
            "CreateModel",
            {"ModelName": "m", "Tags": [{"Key": "a", "Value": "b"}]},
            ["sagemaker:CreateModel model/m", "sagemaker:AddTags model/m"],
        ),
        ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e"}, ["sagemaker:InvokeEndpoint endpoint/e"]),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/g", "logStreamName": "s"},
            ["logs:PutLogEvents log-group:/g:log-stream:s"],
        ),
        (
            "logs",
            "FilterLogEvents",
            {"logGroupIdentifier": f"arn:aws:logs:eu-west-1:{NUMBER}:log-group:/g:*"},
            ["logs:FilterLogEvents log-group:/g:log-stream:"],
        ),
        (
            "logs",
            "StartQuery",
            {"logGroupNames": ["/g", "/h"], "queryString": "limit 1"},
            ["logs:StartQuery log-group:/g:log-stream:", "logs:StartQuery log-group:/h:log-stream:"],
        ),
        ("logs", "DescribeMetricFilters", {}, ["logs:DescribeMetricFilters log-group::log-stream:"]),
        ("iam", "GetRole", {"RoleName": "Known"}, ["iam:GetRole role/team/Known"]),
        ("iam", "GetRole", {"RoleName": "None"}, ["iam:GetRole role/None"]),
        ("iam", "CreateRole", {"RoleName": "New", "Path": "/a/"}, ["iam:CreateRole role/a/New"]),
        ("iam", "ListRoles", {}, ["iam:ListRoles *"]),
        ("sts", "AssumeRole", {"RoleArn": f"arn:aws:iam::{NUMBER}:role/R"}, ["sts:AssumeRole role/R"]),
    ],
)  # fmt: skip
def test_a_request_is_asked_for_by_what_it_names(
    call: Any, service: str, operation: str, parameters: dict[str, Any], expected: list[str]
) -> None:
    assert asked(call, service, operation, parameters) == expected


def test_the_condition_keys_of_a_request_are_its_parameters(call: Any) -> None:
    def known(service: str, operation: str, parameters: dict[str, Any]) -> Any:
        keys = next(iter(RIGHTS[service].questions(call, operation, parameters))).keys
        assert callable(keys)
        return keys()

    asked = {
        "TrainingJobName": "j",
        "ResourceConfig": {"InstanceType": "ml.m5.large", "VolumeKmsKeyId": "k"},
        "VpcConfig": {"Subnets": ["a", "b"]},
        "EnableNetworkIsolation": True,
        "Tags": [{"Key": "team", "Value": "air"}],
    }
    assert known("sagemaker", "CreateTrainingJob", asked) == {
        "aws:RequestTag/team": "air",
        "aws:TagKeys": ("team",),
        "sagemaker:InstanceTypes": ("ml.m5.large",),
        "sagemaker:VolumeKmsKey": "k",
        "sagemaker:VpcSubnets": ("a", "b"),
        "sagemaker:NetworkIsolation": "true",
    }
    assert known("glue", "UntagResource", {"ResourceArn": "a", "TagsToRemove": ["x"]}) == {"aws:TagKeys": ("x",)}
    attached = known("iam", "AttachRolePolicy", {"RoleName": "Known", "PolicyArn": "arn:p"})
    assert attached == {"iam:PolicyARN": "arn:p", "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
