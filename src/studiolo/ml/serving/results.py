"""What topics are told of asynchronous calls that were answered, or have failed.

After "Check prediction results" of Asynchronous inference (Amazon SageMaker Developer Guide).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

SUCCESS, ERROR = "SuccessTopic", "ErrorTopic"


def topic_of(recorded: Mapping[str, Any], *, failed: bool) -> str | None:
    """The ARN of the topic that an AsyncInferenceConfig names for that."""
    notified = recorded.get("OutputConfig", {}).get("NotificationConfig", {})
    found: str | None = notified.get(ERROR if failed else SUCCESS)
    return found


def result_of(
    region: str,
    endpoint: str,
    asked: Mapping[str, Any],
    inference: str,
    received: datetime,
    present: datetime,
    answered: Mapping[str, Any],
    reason: str | None,
) -> str:
    """The message. asked, answered: parameters of request and response, as the message has them; reason: of a failure."""
    failed = {} if reason is None else {"failureReason": reason}
    told = {
        "awsRegion": region,
        "eventTime": _moment(present),
        "receivedTime": _moment(received),
        "invocationStatus": "Completed" if reason is None else "Failed",
        **failed,
        "requestParameters": {"endpointName": endpoint, **_known(asked)},
        "responseParameters": _known(answered),
        "inferenceId": inference,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    return json.dumps(told)


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _known(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}
