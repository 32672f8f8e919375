"""AWS Glue: tags."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import parse_arn
from studiolo.domain import Invalid, NotFound
from studiolo.services.call import Call
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes


@glue.operation
def get_tags(call: Call, request: "shapes.GetTagsRequestTypeDef") -> dict[str, Any]:
    kind, name = _resource(call, request["ResourceArn"])
    if kind == "session":
        return {"Tags": dict(call.studio.sessions.session(call.scope, name).asked.tags)}
    return {"Tags": call.catalog.tags(call.scope, f"{kind}/{name}")}


@glue.operation
def tag_resource(call: Call, request: "shapes.TagResourceRequestTypeDef") -> dict[str, Any]:
    kind, name = _resource(call, request["ResourceArn"])
    if kind == "session":
        call.studio.sessions.set_tags(call.scope, name, add=request["TagsToAdd"])
    else:
        call.catalog.change_tags(call.scope, f"{kind}/{name}", add=request["TagsToAdd"])
    return {}


@glue.operation
def untag_resource(call: Call, request: "shapes.UntagResourceRequestTypeDef") -> dict[str, Any]:
    kind, name = _resource(call, request["ResourceArn"])
    if kind == "session":
        call.studio.sessions.set_tags(call.scope, name, remove=request["TagsToRemove"])
    else:
        call.catalog.change_tags(call.scope, f"{kind}/{name}", remove=request["TagsToRemove"])
    return {}


def _resource(call: Call, text: str) -> tuple[str, str]:
    """The kind and name of the resource that an ARN of this scope names."""
    try:
        arn = parse_arn(text)
    except ValueError as error:
        raise Invalid(f"{error}.") from error
    kind, _, name = arn.resource.partition("/")
    scope = call.scope
    # Of another spelling the rights that were asked for would be another resource's.
    if (arn.partition, arn.service, arn.account, arn.region) != (scope.partition, "glue", scope.account, scope.region):
        raise NotFound(f"There is no resource {text} here.")
    return kind, name
