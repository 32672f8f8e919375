"""Stacks and what is there: drift from what a template says, and imports of what was made without one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.stack_parts import ALLOW, TRUST, trust
from tests.api.stacks import create, delete, new_name, outputs, physical, wait


def drifts(cloudformation: Any, stack: str) -> dict[str, dict[str, Any]]:
    """What a look at the stack finds, by logical id."""
    look = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    told = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=look)
    found = cloudformation.describe_stack_resource_drifts(StackName=stack)["StackResourceDrifts"]
    drifted = [each for each in found if each["StackResourceDriftStatus"] in ("MODIFIED", "DELETED")]
    assert (told["DetectionStatus"], told["DriftedStackResourceCount"]) == ("DETECTION_COMPLETE", len(drifted))
    [shown] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    assert shown["DriftInformation"]["StackDriftStatus"] == told["StackDriftStatus"]
    return {each["LogicalResourceId"]: each for each in found}


def test_what_was_changed_past_a_stack_is_told_by_its_property_and_what_was_not_is_in_sync(
    client: Callable[..., Any],
) -> None:
    cloudformation, name = client("cloudformation"), new_name()
    base = {"Name": name, "Description": "one", "Parameters": {"a": "1"}}
    database = {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseInput": base}
    role = {
        "AssumeRolePolicyDocument": TRUST,
        "MaxSessionDuration": "7200",
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
        "Policies": [{"PolicyName": "own", "PolicyDocument": ALLOW}],
        "Tags": [{"Key": "team", "Value": "air"}],
    }
    bucket = {"VersioningConfiguration": {"Status": "Enabled"}, "Tags": [{"Key": "team", "Value": "air"}]}
    template = {
        "Resources": {
            "Base": {"Type": "AWS::Glue::Database", "Properties": database},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket},
            "Words": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "one"}},
            "Gone": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "one"}},
            "Key": {"Type": "AWS::KMS::Key"},
        }
    }
    stack = create(cloudformation, template)
    made = physical(cloudformation, stack)
    found = drifts(cloudformation, stack)
    assert {each["StackResourceDriftStatus"] for each in found.values()} == {"IN_SYNC"}
    # A key cannot be read back: it is told as what it is, not looked at.
    assert "Key" not in found

    changed = {"Name": name, "Description": "two", "Parameters": {"b": "2"}}
    client("glue").update_database(Name=name, DatabaseInput=changed)
    iam = client("iam")
    iam.update_assume_role_policy(RoleName=made["Role"], PolicyDocument=json.dumps(trust("ec2")))
    iam.put_role_policy(RoleName=made["Role"], PolicyName="other", PolicyDocument=json.dumps(ALLOW))
    client("s3").put_bucket_versioning(Bucket=made["Bucket"], VersioningConfiguration={"Status": "Suspended"})
    client("ssm").delete_parameter(Name=made["Gone"])
    found = drifts(cloudformation, stack)
    assert {name: each["StackResourceDriftStatus"] for name, each in found.items()} == {
        "Base": "MODIFIED",
        "Role": "MODIFIED",
        "Bucket": "MODIFIED",
        "Words": "IN_SYNC",
        "Gone": "DELETED",
    }
    told = {(each["PropertyPath"], each["DifferenceType"]) for each in found["Base"]["PropertyDifferences"]}
    inside = "/DatabaseInput/Parameters"
    assert told == {("/DatabaseInput/Description", "NOT_EQUAL"), (f"{inside}/a", "REMOVE"), (f"{inside}/b", "ADD")}
    kinds = {each["PropertyPath"].split("/")[1] for each in found["Role"]["PropertyDifferences"]}
    assert kinds == {"AssumeRolePolicyDocument", "Policies"}
    [difference] = found["Bucket"]["PropertyDifferences"]
    assert (difference["ExpectedValue"], difference["ActualValue"]) == ("Enabled", "Suspended")
    modified = cloudformation.describe_stack_resource_drifts(
        StackName=stack, StackResourceDriftStatusFilters=["MODIFIED"], MaxResults=2
    )
    assert len(modified["StackResourceDrifts"]) == 2
    assert modified["NextToken"]

    client("s3").put_bucket_versioning(Bucket=made["Bucket"], VersioningConfiguration={"Status": "Enabled"})
    again = cloudformation.detect_stack_resource_drift(StackName=stack, LogicalResourceId="Bucket")[
        "StackResourceDrift"
    ]
    assert again["StackResourceDriftStatus"] == "IN_SYNC"
    [shown] = [
        each
        for each in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        if each["LogicalResourceId"] == "Gone"
    ]
    assert shown["DriftInformation"]["StackResourceDriftStatus"] == "DELETED"
    iam.delete_role_policy(RoleName=made["Role"], PolicyName="other")
    delete(cloudformation, stack)


def test_what_is_there_becomes_a_stack_s_by_an_import_untouched_and_what_is_not_is_refused(
    client: Callable[..., Any],
) -> None:
    cloudformation, glue, name = client("cloudformation"), client("glue"), new_name()
    glue.create_database(DatabaseInput={"Name": name, "Description": "mine"})
    client("ssm").put_parameter(Name=name, Type="String", Value="one")
    base = {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseInput": {"Name": name, "Description": "its"}}
    words = {"Type": "String", "Value": "one", "Name": name}
    resources = {
        "Base": {"Type": "AWS::Glue::Database", "DeletionPolicy": "Retain", "Properties": base},
        "Words": {"Type": "AWS::SSM::Parameter", "DeletionPolicy": "Delete", "Properties": words},
    }
    template = {"Resources": resources, "Outputs": {"Base": {"Value": {"Ref": "Base"}}}}
    imports = [
        {
            "LogicalResourceId": "Base",
            "ResourceType": "AWS::Glue::Database",
            "ResourceIdentifier": {"DatabaseName": name},
        },
        {"LogicalResourceId": "Words", "ResourceType": "AWS::SSM::Parameter", "ResourceIdentifier": {"Name": name}},
    ]

    def plan(change_set: str, given: list[dict[str, Any]], **other: Any) -> dict[str, Any]:
        body = json.dumps({**template, **other})
        which = {"StackName": name, "ChangeSetName": change_set}
        cloudformation.create_change_set(**which, ChangeSetType="IMPORT", TemplateBody=body, ResourcesToImport=given)
        return dict(cloudformation.describe_change_set(**which))

    absent = {**imports[1], "ResourceIdentifier": {"Name": f"{name}-none"}}
    with pytest.raises(ClientError, match="does not exist"):
        plan("absent", [imports[0], absent])
    with pytest.raises(ClientError, match="cannot modify or add"):
        plan("more", imports[:1])
    planned = plan("first", imports)
    assert [each["ResourceChange"]["Action"] for each in planned["Changes"]] == ["Import", "Import"]
    cloudformation.execute_change_set(StackName=name, ChangeSetName="first")
    wait(cloudformation, "stack_import_complete", name)
    assert physical(cloudformation, name) == {"Base": name, "Words": name}
    assert outputs(cloudformation, name) == {"Base": name}
    assert glue.get_database(Name=name)["Database"]["Description"] == "mine"
    found = drifts(cloudformation, name)
    assert (found["Base"]["StackResourceDriftStatus"], found["Words"]["StackResourceDriftStatus"]) == (
        "MODIFIED",
        "IN_SYNC",
    )
    delete(cloudformation, name)
    assert glue.get_database(Name=name)["Database"]["Name"] == name
    with pytest.raises(ClientError, match="ParameterNotFound"):
        client("ssm").get_parameter(Name=name)
