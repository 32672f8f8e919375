"""Amazon SageMaker: tags of its resources."""

from typing import TYPE_CHECKING

from studiolo.services.call import Call
from studiolo.services.sagemaker.service import refuse_reserved, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        AddTagsInputTypeDef,
        AddTagsOutputTypeDef,
        DeleteTagsInputTypeDef,
        ListTagsInputTypeDef,
        ListTagsOutputTypeDef,
        TagTypeDef,
    )


@sagemaker.operation
def add_tags(call: Call, request: "AddTagsInputTypeDef") -> "AddTagsOutputTypeDef":
    after = call.studio.ml.tag(call.scope, request["ResourceArn"], tags(call, request))
    return {"Tags": as_tags(after)}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_tags(call: Call, request: "DeleteTagsInputTypeDef") -> dict[str, object]:
    refuse_reserved(call, request["TagKeys"])
    call.studio.ml.tags.remove(call.scope, request["ResourceArn"], request["TagKeys"])
    return {}


@sagemaker.operation
def list_tags(call: Call, request: "ListTagsInputTypeDef") -> "ListTagsOutputTypeDef":
    # A resource has 50 tags at most: one page holds them.
    return {"Tags": as_tags(call.studio.ml.tags.of(call.scope, request["ResourceArn"]))}  # type: ignore[typeddict-item]


def as_tags(values: dict[str, str]) -> "list[TagTypeDef]":
    return [{"Key": key, "Value": value} for key, value in values.items()]
