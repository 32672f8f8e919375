"""AWS Glue: resource policies and encryption settings."""

from typing import TYPE_CHECKING, Any

from studiolo.catalog import Policy
from studiolo.services.call import Call
from studiolo.services.glue.common import after, next_token, scope_of
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100
MUST_EXIST = {"MUST_EXIST": True, "NOT_EXIST": False}


@glue.operation
def delete_resource_policy(call: Call, request: "shapes.DeleteResourcePolicyRequestTypeDef") -> dict[str, Any]:
    call.catalog.delete_policy(
        call.scope, request.get("ResourceArn", ""), expected_hash=request.get("PolicyHashCondition")
    )
    return {}


@glue.operation
def get_data_catalog_encryption_settings(
    call: Call, request: "shapes.GetDataCatalogEncryptionSettingsRequestTypeDef"
) -> dict[str, Any]:
    return {"DataCatalogEncryptionSettings": call.catalog.encryption_settings(scope_of(call, request))}


@glue.operation
def get_resource_policies(call: Call, request: "shapes.GetResourcePoliciesRequestTypeDef") -> dict[str, Any]:
    page = call.catalog.policies(call.scope, after(request), request.get("MaxResults", DEFAULT_PAGE))
    shown = [as_policy(policy) for policy in page.items]
    return {"GetResourcePoliciesResponseList": shown, **next_token(page.next)}


@glue.operation
def get_resource_policy(call: Call, request: "shapes.GetResourcePolicyRequestTypeDef") -> dict[str, Any]:
    return as_policy(call.catalog.policy(call.scope, request.get("ResourceArn", "")))


@glue.operation
def put_data_catalog_encryption_settings(
    call: Call, request: "shapes.PutDataCatalogEncryptionSettingsRequestTypeDef"
) -> dict[str, Any]:
    settings: Any = request["DataCatalogEncryptionSettings"]
    call.catalog.put_encryption_settings(scope_of(call, request), settings)
    return {}


@glue.operation
def put_resource_policy(call: Call, request: "shapes.PutResourcePolicyRequestTypeDef") -> dict[str, Any]:
    return {
        "PolicyHash": call.catalog.put_policy(
            call.scope,
            request["PolicyInJson"],
            request.get("ResourceArn", ""),
            expected_hash=request.get("PolicyHashCondition"),
            must_exist=MUST_EXIST.get(request.get("PolicyExistsCondition", "NONE")),
        )
    }


def as_policy(policy: Policy) -> dict[str, Any]:
    return {
        "PolicyInJson": policy.text,
        "PolicyHash": policy.hash,
        "CreateTime": policy.created,
        "UpdateTime": policy.updated,
    }
