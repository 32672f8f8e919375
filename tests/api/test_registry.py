"""The model registry, lineage, model cards and Search, through boto3."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.machine_learning import LINEAR_LEARNER


@pytest.fixture(scope="module")
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


@pytest.fixture
def group(sagemaker: Any) -> str:
    name = f"group-{uuid.uuid4().hex[:8]}"
    sagemaker.create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="planes", Tags=[{"Key": "team", "Value": name}]
    )
    return name


def containers(data: str) -> dict[str, Any]:
    return {
        "Containers": [{"Image": LINEAR_LEARNER, "ModelDataUrl": data, "Environment": {"A": "1"}}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }


def register(sagemaker: Any, group: str, data: str = "s3://somewhere/model.tar.gz", **more: Any) -> str:
    made = sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=containers(data), **more)
    return str(made["ModelPackageArn"])


def test_versions_are_numbered_listed_described_and_changed(sagemaker: Any, group: str) -> None:
    quality = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://somewhere/q.json"}}}
    first = register(sagemaker, group, ModelMetrics=quality, CustomerMetadataProperties={"a": "1", "b": "2"})
    second = register(sagemaker, group, ModelApprovalStatus="Approved", ModelPackageDescription="better")
    assert [first, second] == [f"{first[:-1]}1", f"{first[:-1]}2"]
    described = sagemaker.describe_model_package(ModelPackageName=first)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelMetrics"] == quality
    assert described["ModelPackageGroupName"] == group
    sagemaker.update_model_package(
        ModelPackageArn=first,
        ModelApprovalStatus="Rejected",
        ApprovalDescription="no",
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
        ModelLifeCycle={"Stage": "Development", "StageStatus": "Failed"},
    )
    changed = sagemaker.describe_model_package(ModelPackageName=first)
    assert changed["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    assert (changed["ApprovalDescription"], changed["ModelLifeCycle"]["StageStatus"]) == ("no", "Failed")
    approved = sagemaker.list_model_packages(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert [each["ModelPackageArn"] for each in approved["ModelPackageSummaryList"]] == [second]
    page = sagemaker.list_model_packages(
        ModelPackageGroupName=group, MaxResults=1, SortBy="CreationTime", SortOrder="Descending"
    )
    rest = sagemaker.list_model_packages(
        ModelPackageGroupName=group, NextToken=page["NextToken"], SortBy="CreationTime", SortOrder="Descending"
    )
    listed = [*page["ModelPackageSummaryList"], *rest["ModelPackageSummaryList"]]
    assert [each["ModelPackageVersion"] for each in listed] == [2, 1]
    several = sagemaker.batch_describe_model_package(ModelPackageArnList=[first, f"{first}9"])
    assert several["ModelPackageSummaries"][first]["ModelPackageVersion"] == 1
    assert "does not exist" in several["BatchDescribeModelPackageErrorMap"][f"{first}9"]["ErrorResponse"]


def test_a_group_goes_when_its_last_version_has_and_numbers_are_not_used_twice(sagemaker: Any, group: str) -> None:
    with pytest.raises(ClientError, match="Model Package Group already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    first = register(sagemaker, group)
    sagemaker.delete_model_package(ModelPackageName=first)
    second = register(sagemaker, group)
    assert second.endswith(f"{group}/2")
    with pytest.raises(sagemaker.exceptions.ConflictException, match="still contains Model Packages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    sagemaker.delete_model_package(ModelPackageName=second)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match=f"ModelPackageGroup .*{group} does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_a_group_keeps_its_policy(sagemaker: Any, group: str) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]})
    sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=policy)
    assert sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"] == policy
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)


def test_a_model_is_made_of_an_approved_package_alone(sagemaker: Any, group: str, role: str, plane: str) -> None:
    package = register(sagemaker, group, plane)
    model = {
        "ModelName": group,
        "PrimaryContainer": {"ModelPackageName": package, "Environment": {"B": "2"}},
        "ExecutionRoleArn": role,
    }
    with pytest.raises(ClientError, match="ModelApprovalStatus is PendingManualApproval, and must be Approved"):
        sagemaker.create_model(**model)
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    sagemaker.create_model(**model)
    container = sagemaker.describe_model(ModelName=group)["PrimaryContainer"]
    assert (container["ModelPackageName"], container["ModelDataUrl"]) == (package, plane)
    assert container["Environment"] == {"A": "1", "B": "2"}


def test_search_finds_by_filters_tags_and_nested_conditions(sagemaker: Any, group: str, plane: str) -> None:
    for number in range(3):
        register(sagemaker, group, f"s3://somewhere/{number}", CustomerMetadataProperties={"score": str(number)})
    mine = {"Name": "ModelPackageGroupName", "Value": group}

    def found(**more: Any) -> list[int]:
        expression = {"Filters": [mine], **more}
        answer = sagemaker.search(
            Resource="ModelPackage", SearchExpression=expression, SortBy="ModelPackageVersion", SortOrder="Ascending"
        )
        return [each["ModelPackage"]["ModelPackageVersion"] for each in answer["Results"]]

    scored = {"Name": "CustomerMetadataProperties.score", "Operator": "GreaterThan", "Value": "0"}
    assert found(Filters=[mine, scored]) == [2, 3]
    data = {"Name": "InferenceSpecification.Containers.ModelDataUrl", "Value": "s3://somewhere/1"}
    image = {"Name": "InferenceSpecification.Containers.Image", "Operator": "Contains", "Value": "linear"}
    nested = [{"NestedPropertyName": "InferenceSpecification.Containers", "Filters": [data, image]}]
    assert found(NestedFilters=nested) == [2]
    either = [{"Filters": [{"Name": "ModelPackageVersion", "Value": version} for version in "13"], "Operator": "Or"}]
    assert found(SubExpressions=either) == [1, 3]
    groups = sagemaker.search(
        Resource="ModelPackageGroup", SearchExpression={"Filters": [{"Name": "Tags.team", "Value": group}]}
    )
    assert [each["ModelPackageGroup"]["ModelPackageGroupName"] for each in groups["Results"]] == [group]
    trained = sagemaker.search(
        Resource="TrainingJob",
        SearchExpression={"Filters": [{"Name": "ModelArtifacts.S3ModelArtifacts", "Value": plane}]},
    )
    assert [each["TrainingJob"]["TrainingJobName"] for each in trained["Results"]] == ["plane"]
    hint = {"PropertyNameQuery": {"PropertyNameHint": "CustomerMetadataProperties.s"}}
    suggested = sagemaker.get_search_suggestions(Resource="ModelPackage", SuggestionQuery=hint)
    names = [each["PropertyName"] for each in suggested["PropertyNameSuggestions"]]
    assert "CustomerMetadataProperties.score" in names
    with pytest.raises(ClientError, match="Resource Image is not searched"):
        sagemaker.search(Resource="Image")


def test_lineage_leads_from_a_version_s_approval_back_to_the_data(sagemaker: Any, group: str, plane: str) -> None:
    register(sagemaker, group, plane)
    [approval] = sagemaker.list_actions(SourceUri=register(sagemaker, group, plane))["ActionSummaries"]
    assert (approval["ActionType"], approval["Status"]) == ("Approval", "Unknown")
    walked = sagemaker.query_lineage(
        StartArns=[approval["ActionArn"]],
        Direction="Ascendants",
        Filters={"Types": ["DataSet", "Model", "SageMakerTrainingJob"]},
    )
    types = {each["Type"] for each in walked["Vertices"]}
    assert types == {"DataSet", "Model", "SageMakerTrainingJob"}
    assert {each["AssociationType"] for each in walked["Edges"]} == {"ContributedTo", "Produced"}
    [data] = [each["Arn"] for each in walked["Vertices"] if each["Type"] == "DataSet"]
    assert sagemaker.describe_artifact(ArtifactArn=data)["Source"]["SourceUri"].endswith("/train/")
    assert sagemaker.query_lineage(StartArns=[data], IncludeEdges=False)["Edges"] == []


def test_entities_of_lineage_are_made_associated_and_deleted(sagemaker: Any) -> None:
    mark = uuid.uuid4().hex[:8]
    artifact = sagemaker.create_artifact(
        ArtifactName="rows", Source={"SourceUri": f"s3://x/{mark}"}, ArtifactType="DataSet", Properties={"a": "1"}
    )["ArtifactArn"]
    context = sagemaker.create_context(
        ContextName=f"context-{mark}", Source={"SourceUri": "here"}, ContextType="Study"
    )["ContextArn"]
    sagemaker.add_association(SourceArn=artifact, DestinationArn=context, AssociationType="ContributedTo")
    [association] = sagemaker.list_associations(DestinationArn=context)["AssociationSummaries"]
    assert (association["SourceName"], association["SourceType"]) == ("rows", "DataSet")
    with pytest.raises(ClientError, match="has associations"):
        sagemaker.delete_artifact(ArtifactArn=artifact)
    sagemaker.delete_association(SourceArn=artifact, DestinationArn=context)
    sagemaker.update_artifact(ArtifactArn=artifact, Properties={"b": "2"}, PropertiesToRemove=["a"])
    assert sagemaker.describe_artifact(ArtifactArn=artifact)["Properties"] == {"b": "2"}
    sagemaker.delete_artifact(Source={"SourceUri": f"s3://x/{mark}"})
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_artifact(ArtifactArn=artifact)


def test_a_model_card_has_versions(sagemaker: Any) -> None:
    name = f"card-{uuid.uuid4().hex[:8]}"
    sagemaker.create_model_card(ModelCardName=name, Content='{"a": 1}', ModelCardStatus="Draft")
    with pytest.raises(sagemaker.exceptions.ConflictException):
        sagemaker.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    sagemaker.update_model_card(ModelCardName=name, Content='{"a": 2}')
    sagemaker.update_model_card(ModelCardName=name, ModelCardStatus="Approved")
    latest = sagemaker.describe_model_card(ModelCardName=name)
    assert (latest["Content"], latest["ModelCardVersion"], latest["ModelCardStatus"]) == ('{"a": 2}', 2, "Approved")
    assert sagemaker.describe_model_card(ModelCardName=name, ModelCardVersion=1)["Content"] == '{"a": 1}'
    versions = sagemaker.list_model_card_versions(ModelCardName=name)["ModelCardVersionSummaryList"]
    assert [each["ModelCardVersion"] for each in versions] == [2, 1]
    with pytest.raises(ClientError, match="must be JSON"):
        sagemaker.update_model_card(ModelCardName=name, Content="words")
    sagemaker.delete_model_card(ModelCardName=name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_model_card(ModelCardName=name)
