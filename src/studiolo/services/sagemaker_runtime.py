"""Amazon SageMaker Runtime: calls to the models behind endpoints."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import Conflict, Denied, Invalid, NotFound
from studiolo.ml.serving.asynchronous import Call as AsyncCall
from studiolo.ml.serving.invocation import (
    CUSTOM_ATTRIBUTES,
    INFERENCE_ID,
    Answer,
    NotLoaded,
    NotReady,
    Request,
    Throttled,
    Unavailable,
)
from studiolo.ml.serving.sessions import ASKED, CLOSED, OPENED
from studiolo.services.call import Call
from studiolo.services.service import Service

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime.type_defs import InvokeEndpointInputTypeDef, InvokeEndpointOutputTypeDef

REFUSED = ("EnableExplanations", "PrefixAwareId")

sagemaker_runtime = Service(
    "sagemaker-runtime",
    {
        NotFound: "ValidationError",
        Invalid: "ValidationError",
        Conflict: "ValidationError",
        Throttled: "ThrottlingException",
        NotReady: "ModelNotReadyException",
        Unavailable: "ServiceUnavailable",
        Denied: "AccessDeniedException",
    },
    invalid="ValidationError",
)


@sagemaker_runtime.operation
async def invoke_endpoint(call: Call, request: "InvokeEndpointInputTypeDef") -> "InvokeEndpointOutputTypeDef":
    asked: dict[str, Any] = dict(request)
    wanted = as_request(asked)
    try:
        answer = await call.studio.ml.invocations.call(call.scope, asked["EndpointName"], wanted, call.began)
    except NotLoaded as error:
        raise model_error(call, asked["EndpointName"], Answer(500, {}, str(error).encode(), "", "")) from error
    if answer.status != 200:
        raise model_error(call, asked["EndpointName"], answer)
    response: Any = {
        "Body": answer.body,
        "ContentType": answer.headers.get("Content-Type", ""),
        "InvokedProductionVariant": answer.variant,
    }
    told = {"CustomAttributes": CUSTOM_ATTRIBUTES, "NewSessionId": OPENED, "ClosedSessionId": CLOSED}
    response |= {member: answer.headers[header] for member, header in told.items() if header in answer.headers}
    return response  # type: ignore[no-any-return]


@sagemaker_runtime.operation
def invoke_endpoint_with_response_stream(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    name = request["EndpointName"]
    answer = call.studio.ml.streamed.call(call.scope, name, as_request(request), call.began)
    if answer.status != 200:
        said = b"".join(answer.parts)
        raise model_error(call, name, Answer(answer.status, {}, said, answer.variant, answer.log_stream_arn))
    response = {
        "Body": ({"PayloadPart": {"Bytes": part}} for part in answer.parts),
        "ContentType": answer.headers.get("Content-Type", ""),
        "InvokedProductionVariant": answer.variant,
    }
    if CUSTOM_ATTRIBUTES in answer.headers:
        response["CustomAttributes"] = answer.headers[CUSTOM_ATTRIBUTES]
    return response


@sagemaker_runtime.operation
def invoke_endpoint_async(call: Call, request: "dict[str, Any]") -> dict[str, Any]:
    # Without a content type the input has that of its object.
    told = {"ContentType": "Content-Type", "Accept": "Accept", "CustomAttributes": CUSTOM_ATTRIBUTES}
    headers = {header: request[name] for name, header in told.items() if name in request}
    asked = AsyncCall(
        headers,
        input=request.get("InputLocation"),
        body=request.get("Body") or None,
        inference=request.get("InferenceId", ""),
        keep_seconds=request.get("RequestTTLSeconds", AsyncCall.keep_seconds),
        seconds=request.get("InvocationTimeoutSeconds", AsyncCall.seconds),
        folder=request.get("S3OutputPathExtension"),
        filename=request.get("Filename"),
    )
    kept = call.studio.ml.async_invocations.submit(call.scope, request["EndpointName"], asked)
    failure = {} if kept.failure is None else {"FailureLocation": kept.failure}
    return {"InferenceId": kept.inference, "OutputLocation": kept.output, **failure}


def as_request(asked: Mapping[str, Any]) -> Request:
    """What is asked of the endpoint. Raises ServiceError for what is not done here."""
    for name in REFUSED:
        if name in asked:
            raise ServiceError("ValidationError", f"{name} is not supported by Studiolo.")
    headers = {"Content-Type": asked.get("ContentType", "application/octet-stream")}
    for member, header in (
        ("Accept", "Accept"),
        ("CustomAttributes", CUSTOM_ATTRIBUTES),
        ("InferenceId", INFERENCE_ID),
        ("SessionId", ASKED),
    ):
        if member in asked:
            headers[header] = asked[member]
    return Request(
        asked.get("Body", b""),
        headers,
        asked.get("TargetVariant"),
        asked.get("TargetModel"),
        asked.get("TargetContainerHostname"),
        component=asked.get("InferenceComponentName"),
        session=asked.get("SessionId"),
    )


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
