"""Amazon SageMaker: Studio's lifecycle configurations."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.paging import decode_token
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import INVALID, next_token, refuse, sagemaker, tags
from studiolo.studio import LifecycleConfig, Listing
from studiolo.studio.values import arn

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import type_defs as shapes

FILTERS = ("CreationTimeBefore", "CreationTimeAfter", "ModifiedTimeBefore", "ModifiedTimeAfter", "AppTypeEquals")


@sagemaker.operation
def create_studio_lifecycle_config(
    call: Call, request: "shapes.CreateStudioLifecycleConfigRequestTypeDef"
) -> dict[str, Any]:
    config = call.studio.domains.lifecycle.create(
        call.scope,
        request["StudioLifecycleConfigName"],
        request["StudioLifecycleConfigAppType"],
        request["StudioLifecycleConfigContent"],
        tags(call, request),
    )
    return {"StudioLifecycleConfigArn": arn(call.scope, config.kind, config.path)}


@sagemaker.operation
def delete_studio_lifecycle_config(
    call: Call, request: "shapes.DeleteStudioLifecycleConfigRequestTypeDef"
) -> dict[str, Any]:
    call.studio.domains.lifecycle.delete(call.scope, request["StudioLifecycleConfigName"])
    return {}


@sagemaker.operation
def describe_studio_lifecycle_config(
    call: Call, request: "shapes.DescribeStudioLifecycleConfigRequestTypeDef"
) -> dict[str, Any]:
    config = call.studio.domains.lifecycle.get(call.scope, request["StudioLifecycleConfigName"])
    return {**as_config(config), "StudioLifecycleConfigContent": config.content}


@sagemaker.operation
def list_studio_lifecycle_configs(
    call: Call, request: "shapes.ListStudioLifecycleConfigsRequestTypeDef"
) -> dict[str, Any]:
    refuse(request, FILTERS, "ListStudioLifecycleConfigs")
    token = request.get("NextToken")
    asked = Listing(
        contains=request.get("NameContains"),
        by_name=request.get("SortBy") == "Name",
        by_change=request.get("SortBy") == "LastModifiedTime",
        descending=request.get("SortOrder") == "Descending",
        after=decode_token(token, INVALID) if token else None,
        limit=request.get("MaxResults", 10),
    )
    page = call.studio.domains.page(call.scope, "studio-lifecycle-config", asked)
    return {"StudioLifecycleConfigs": [as_config(each) for each in page.items], **next_token(page)}


def as_config(config: LifecycleConfig) -> dict[str, Any]:
    return {
        "StudioLifecycleConfigArn": arn(config.scope, config.kind, config.path),
        "StudioLifecycleConfigName": config.name,
        "CreationTime": config.created,
        "LastModifiedTime": config.changed,
        "StudioLifecycleConfigAppType": config.app_type,
    }
