"""What the operations of Application Auto Scaling share: its error codes, resources and lists."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.identity import Question
from studiolo.scaling import COPIES, DIMENSION, Resource
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]

INVALID = "ValidationException"
application_autoscaling = Service(
    "application-autoscaling",
    {
        NotFound: "ObjectNotFoundException",
        AlreadyExists: INVALID,
        Invalid: INVALID,
        Conflict: "ConcurrentUpdateException",
        Denied: "AccessDeniedException",
        LimitExceeded: "LimitExceededException",
    },
)


def resource_of(call: Call, request: Request) -> Resource:
    """The resource that a request is about. Raises ServiceError where its dimension is of another service."""
    resource = Resource(call.scope, request["ResourceId"], request["ScalableDimension"])
    if resource.namespace != request["ServiceNamespace"]:
        raise ServiceError(
            INVALID,
            f"The scalable dimension {resource.dimension} is not of the service namespace "
            f"{request['ServiceNamespace']}.",
        )
    return resource


def require_scaling(call: Call, resource: Resource) -> None:
    """Raise NotAuthorized unless the caller may itself do what is to be done for it, as users of AWS must."""
    scope, name = call.scope, "".join(resource.id.split("/")[1:2])
    kind, actions = "endpoint", ("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities")
    if resource.dimension == COPIES:
        kind = "inference-component"
        actions = ("sagemaker:DescribeInferenceComponent", "sagemaker:UpdateInferenceComponentRuntimeConfig")
    arn = f"arn:{scope.partition}:sagemaker:{scope.region}:{scope.account}:{kind}/{name}"

    def tags() -> Mapping[str, str]:
        return call.studio.ml.tags.of(scope, arn)

    call.studio.identity.authorize(call.principal, [Question(action, arn, {}, tags) for action in actions])


def require_alarms(call: Call, resource: Resource) -> None:
    """Raise NotAuthorized unless the caller may make the alarms of a policy that tracks a target."""
    scope = call.scope
    arn = f"arn:{scope.partition}:cloudwatch:{scope.region}:{scope.account}:alarm:TargetTracking-{resource.id}-*"
    call.studio.identity.authorize(call.principal, [Question("cloudwatch:PutMetricAlarm", arn)])


def as_resource(resource: Resource) -> dict[str, str]:
    return {
        "ServiceNamespace": resource.namespace,
        "ResourceId": resource.id,
        "ScalableDimension": resource.dimension,
    }


def has_none(request: Request) -> bool:
    """Whether a list is of a namespace or dimension that Studiolo does not scale: nothing is registered there."""
    asked = request.get("ScalableDimension", DIMENSION)
    return bool(request["ServiceNamespace"] != "sagemaker" or asked not in (DIMENSION, COPIES))


def paging(request: Request) -> tuple[str | None, int]:
    """Where a page begins, and how long it is."""
    token = request.get("NextToken")
    after = decode_token(token, "InvalidNextTokenException") if token else None
    return after, min(max(request.get("MaxResults", 50), 1), 50)


def next_token(page: Page[Any]) -> dict[str, str]:
    return {} if page.next is None else {"NextToken": encode_token(page.next)}
