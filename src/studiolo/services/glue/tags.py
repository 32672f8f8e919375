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
    session = call.studio.sessions.session(call.scope, _session(call, request["ResourceArn"]))
    return {"Tags": dict(session.asked.tags)}


@glue.operation
def tag_resource(call: Call, request: "shapes.TagResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.sessions.set_tags(call.scope, _session(call, request["ResourceArn"]), add=request["TagsToAdd"])
    return {}


@glue.operation
def untag_resource(call: Call, request: "shapes.UntagResourceRequestTypeDef") -> dict[str, Any]:
    call.studio.sessions.set_tags(call.scope, _session(call, request["ResourceArn"]), remove=request["TagsToRemove"])
    return {}


def _session(call: Call, text: str) -> str:
    """The session that an ARN of this scope names."""
    try:
        arn = parse_arn(text)
    except ValueError as error:
        raise Invalid(f"{error}.") from error
    kind, _, name = arn.resource.partition("/")
    if (arn.account, arn.region) != (call.scope.account, call.scope.region) or kind != "session":
        raise NotFound(f"There is no resource {text} here.")
    return name
