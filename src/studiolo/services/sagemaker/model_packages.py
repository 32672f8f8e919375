"""Amazon SageMaker: model packages and their groups."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import NotFound
from studiolo.ml.names import arn
from studiolo.ml.registry.packages import GROUP, PACKAGE
from studiolo.ml.registry.records import Record
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import INVALID, kept, listing, next_token, refuse, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        BatchDescribeModelPackageInputTypeDef,
        BatchDescribeModelPackageOutputTypeDef,
        CreateModelPackageGroupInputTypeDef,
        CreateModelPackageGroupOutputTypeDef,
        CreateModelPackageInputTypeDef,
        CreateModelPackageOutputTypeDef,
        DeleteModelPackageGroupInputTypeDef,
        DeleteModelPackageGroupPolicyInputTypeDef,
        DeleteModelPackageInputTypeDef,
        DescribeModelPackageGroupInputTypeDef,
        DescribeModelPackageGroupOutputTypeDef,
        DescribeModelPackageInputTypeDef,
        DescribeModelPackageOutputTypeDef,
        GetModelPackageGroupPolicyInputTypeDef,
        GetModelPackageGroupPolicyOutputTypeDef,
        ListModelPackageGroupsInputTypeDef,
        ListModelPackageGroupsOutputTypeDef,
        ListModelPackagesInputTypeDef,
        ListModelPackagesOutputTypeDef,
        PutModelPackageGroupPolicyInputTypeDef,
        PutModelPackageGroupPolicyOutputTypeDef,
        UpdateModelPackageInputTypeDef,
        UpdateModelPackageOutputTypeDef,
    )

RECORDED = (
    "ModelPackageDescription", "ModelPackageRegistrationType", "InferenceSpecification", "CertifyForMarketplace",
    "ModelApprovalStatus", "MetadataProperties", "ModelMetrics", "ClientToken", "Domain", "Task", "SamplePayloadUrl",
    "CustomerMetadataProperties", "DriftCheckBaselines", "AdditionalInferenceSpecifications", "SkipModelValidation",
    "SourceUri", "SecurityConfig", "ModelCard", "ModelLifeCycle",
)  # fmt: skip
CHANGED = (
    "ModelApprovalStatus", "ModelPackageRegistrationType", "ApprovalDescription", "CustomerMetadataProperties",
    "InferenceSpecification", "SourceUri", "ModelCard", "ModelLifeCycle",
)  # fmt: skip
SUMMARY = (
    "ModelPackageName", "ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "ModelPackageDescription",
    "CreationTime", "ModelPackageStatus", "ModelApprovalStatus", "ModelLifeCycle", "ModelPackageRegistrationType",
)  # fmt: skip
VERSIONED = {"Versioned": True, "Unversioned": False, "Both": None}


@sagemaker.operation
def batch_describe_model_package(
    call: Call, request: "BatchDescribeModelPackageInputTypeDef"
) -> "BatchDescribeModelPackageOutputTypeDef":
    found, missing = {}, {}
    for name in request["ModelPackageArnList"]:
        try:
            package = as_model_package(call.studio.ml.registry.packages.get(call.scope, name))
            found[name] = kept(package, (*SUMMARY, "InferenceSpecification"))
        except NotFound as error:
            missing[name] = {"ErrorCode": INVALID, "ErrorResponse": str(error)}
    answer: Any = {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": missing}
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def create_model_package(call: Call, request: "CreateModelPackageInputTypeDef") -> "CreateModelPackageOutputTypeDef":
    refuse(
        request, ["ValidationSpecification", "SourceAlgorithmSpecification", "ManagedStorageType"], "CreateModelPackage"
    )
    if request.get("CertifyForMarketplace"):
        raise ServiceError(INVALID, "CertifyForMarketplace is not supported by Studiolo, which has no marketplace.")
    logged = request.get("ModelPackageRegistrationType") == "Logged"
    if not logged and not any(request.get(name) for name in ("InferenceSpecification", "SourceUri")):
        raise ServiceError(INVALID, "A model package needs an InferenceSpecification or a SourceUri.")
    package = call.studio.ml.registry.packages.create(
        call.scope,
        call.principal,
        request.get("ModelPackageName"),
        request.get("ModelPackageGroupName"),
        kept(request, RECORDED),
        tags(call, request),
    )
    return {"ModelPackageArn": arn(call.scope, PACKAGE, package.name)}  # type: ignore[typeddict-item]


@sagemaker.operation
def create_model_package_group(
    call: Call, request: "CreateModelPackageGroupInputTypeDef"
) -> "CreateModelPackageGroupOutputTypeDef":
    refuse(request, ["ManagedConfiguration"], "CreateModelPackageGroup")
    name = request["ModelPackageGroupName"]
    document = kept(request, ["ModelPackageGroupDescription"])
    call.studio.ml.registry.packages.create_group(call.scope, call.principal, name, document, tags(call, request))
    return {"ModelPackageGroupArn": arn(call.scope, GROUP, name)}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_model_package(call: Call, request: "DeleteModelPackageInputTypeDef") -> dict[str, object]:
    call.studio.ml.registry.packages.delete(call.scope, request["ModelPackageName"])
    return {}


@sagemaker.operation
def delete_model_package_group(call: Call, request: "DeleteModelPackageGroupInputTypeDef") -> dict[str, object]:
    call.studio.ml.registry.packages.delete_group(call.scope, request["ModelPackageGroupName"])
    return {}


@sagemaker.operation
def delete_model_package_group_policy(
    call: Call, request: "DeleteModelPackageGroupPolicyInputTypeDef"
) -> dict[str, object]:
    call.studio.ml.registry.packages.set_policy(call.scope, request["ModelPackageGroupName"], None)
    return {}


@sagemaker.operation
def describe_model_package(
    call: Call, request: "DescribeModelPackageInputTypeDef"
) -> "DescribeModelPackageOutputTypeDef":
    answer: Any = as_model_package(call.studio.ml.registry.packages.get(call.scope, request["ModelPackageName"]))
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def describe_model_package_group(
    call: Call, request: "DescribeModelPackageGroupInputTypeDef"
) -> "DescribeModelPackageGroupOutputTypeDef":
    answer: Any = as_group(call.studio.ml.registry.packages.group(call.scope, request["ModelPackageGroupName"]))
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def get_model_package_group_policy(
    call: Call, request: "GetModelPackageGroupPolicyInputTypeDef"
) -> "GetModelPackageGroupPolicyOutputTypeDef":
    policy = call.studio.ml.registry.packages.policy(call.scope, request["ModelPackageGroupName"])
    return {"ResourcePolicy": policy}  # type: ignore[typeddict-item]


@sagemaker.operation
def list_model_package_groups(
    call: Call, request: "ListModelPackageGroupsInputTypeDef"
) -> "ListModelPackageGroupsOutputTypeDef":
    if request.get("CrossAccountFilterOption") == "CrossAccount":
        return {"ModelPackageGroupSummaryList": []}  # type: ignore[typeddict-item]
    page = call.studio.ml.registry.packages.groups(call.scope, listing(request, descending=False))
    groups = [as_group(group) for group in page.items]
    return {"ModelPackageGroupSummaryList": groups, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def list_model_packages(call: Call, request: "ListModelPackagesInputTypeDef") -> "ListModelPackagesOutputTypeDef":
    asked = {**request, "StatusEquals": request.get("ModelApprovalStatus")}
    group = request.get("ModelPackageGroupName")
    versioned = VERSIONED[request.get("ModelPackageType", "Unversioned")] if group is None else True
    page = call.studio.ml.registry.packages.page(call.scope, listing(asked, descending=False), group, versioned)
    summaries = [kept(as_model_package(package), SUMMARY) for package in page.items]
    return {"ModelPackageSummaryList": summaries, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def put_model_package_group_policy(
    call: Call, request: "PutModelPackageGroupPolicyInputTypeDef"
) -> "PutModelPackageGroupPolicyOutputTypeDef":
    group = call.studio.ml.registry.packages.set_policy(
        call.scope, request["ModelPackageGroupName"], request["ResourcePolicy"]
    )
    return {"ModelPackageGroupArn": arn(call.scope, GROUP, group.name)}  # type: ignore[typeddict-item]


@sagemaker.operation
def update_model_package(call: Call, request: "UpdateModelPackageInputTypeDef") -> "UpdateModelPackageOutputTypeDef":
    added: Any = request.get("AdditionalInferenceSpecificationsToAdd", [])
    package = call.studio.ml.registry.packages.update(
        call.scope,
        call.principal,
        request["ModelPackageArn"],
        kept(request, CHANGED),
        request.get("CustomerMetadataPropertiesToRemove", []),
        added,
    )
    return {"ModelPackageArn": arn(call.scope, PACKAGE, package.name)}  # type: ignore[typeddict-item]


def as_model_package(package: Record) -> dict[str, Any]:
    changed = {"LastModifiedTime": package.changed} if "LastModifiedBy" in package.document else {}
    return {
        "ModelPackageName": package.parent or package.name,
        **({} if package.parent is None else {"ModelPackageGroupName": package.parent}),
        "ModelPackageArn": arn(package.scope, PACKAGE, package.name),
        "CreationTime": package.created,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {
            "ValidationStatuses": [{"Name": package.parent or package.name, "Status": "NotStarted"}]
        },
        **changed,
        **without(package, ["ClientToken"]),
    }


def as_group(group: Record) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": group.name,
        "ModelPackageGroupArn": arn(group.scope, GROUP, group.name),
        "CreationTime": group.created,
        "ModelPackageGroupStatus": group.status,
        **kept(group.document, ["ModelPackageGroupDescription", "CreatedBy"]),
    }


def without(record: Record, names: list[str]) -> Mapping[str, Any]:
    return {name: value for name, value in record.document.items() if name not in names}
