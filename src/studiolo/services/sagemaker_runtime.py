"""Amazon SageMaker Runtime: calls to the models behind endpoints."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import Conflict, Denied, Invalid, NotFound
from studiolo.ml.serving.invocation import Answer, Unavailable
from studiolo.services.call import Call
from studiolo.services.service import Service

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime.type_defs import InvokeEndpointInputTypeDef, InvokeEndpointOutputTypeDef

CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
REFUSED = (
    "TargetModel", "TargetContainerHostname", "EnableExplanations", "InferenceComponentName", "SessionId",
)  # fmt: skip

sagemaker_runtime = Service(
    "sagemaker-runtime",
    {
        NotFound: "ValidationError",
        Invalid: "ValidationError",
        Conflict: "ValidationError",
        Unavailable: "ServiceUnavailable",
        Denied: "AccessDeniedException",
    },
    invalid="ValidationError",
)


@sagemaker_runtime.operation
async def invoke_endpoint(call: Call, request: "InvokeEndpointInputTypeDef") -> "InvokeEndpointOutputTypeDef":
    asked: dict[str, Any] = dict(request)
    for name in REFUSED:
        if name in asked:
            raise ServiceError("ValidationError", f"{name} is not supported by Studiolo.")
    headers = {"Content-Type": asked.get("ContentType", "application/octet-stream")}
    if "Accept" in asked:
        headers["Accept"] = asked["Accept"]
    if "CustomAttributes" in asked:
        headers[CUSTOM_ATTRIBUTES] = asked["CustomAttributes"]
    answer = await call.studio.ml.invocations.call(
        call.scope, asked["EndpointName"], asked.get("TargetVariant"), asked.get("Body", b""), headers, call.began
    )
    if answer.status != 200:
        raise model_error(call, asked["EndpointName"], answer)
    response: Any = {
        "Body": answer.body,
        "ContentType": answer.headers.get("Content-Type", ""),
        "InvokedProductionVariant": answer.variant,
    }
    if CUSTOM_ATTRIBUTES in answer.headers:
        response["CustomAttributes"] = answer.headers[CUSTOM_ATTRIBUTES]
    return response  # type: ignore[no-any-return]


def model_error(call: Call, endpoint: str, answer: Answer) -> ServiceError:
    """What the model refused or failed at, in SageMaker's words around its own."""
    said = answer.body.decode(errors="replace")[:1024]
    kind = "client" if answer.status < 500 else "server"
    return ServiceError(
        "ModelError",
        f'Received {kind} error ({answer.status}) from primary with message "{said}". See the log group '
        f"/aws/sagemaker/Endpoints/{endpoint} in account {call.scope.account} for more information.",
        status=424,
        members={
            "OriginalStatusCode": answer.status,
            "OriginalMessage": said,
            "LogStreamArn": answer.log_stream_arn,
        },
    )
