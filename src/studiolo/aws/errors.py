"""What the wire reports to a client: one exception, and the errors that belong to the wire itself."""

from collections.abc import Mapping
from typing import Any


class ServiceError(Exception):
    """An error as an AWS service words it.

    code: the error code (or the name of an error shape of the model); message: a sentence for the person;
    status: the HTTP status, which, when not given, is the model's for that error, else 400;
    members: further members of the model's error shape.
    """

    def __init__(
        self, code: str, message: str, status: int | None = None, members: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = 400 if status is None else status
        self.status_given = status is not None
        self.members: Mapping[str, Any] = {} if members is None else members


class MalformedError(ValueError):
    """A request that its protocol cannot read; each protocol reports it under its own error code."""


def not_implemented(service: str, operation: str) -> ServiceError:
    """The operation exists at AWS, and not here (HTTP 501)."""
    return ServiceError("NotImplemented", f"{service} {operation} is not implemented by Studiolo", 501)


def internal_failure(request_id: str) -> ServiceError:
    """A bug of ours (HTTP 500): the log has the traceback under this request id."""
    message = f"The request failed because of an internal error; the log has it under request id {request_id}"
    return ServiceError("InternalFailure", message, 500)


def unknown_operation(protocol: str, what: str) -> ServiceError:
    """No operation of that name or path: `InvalidAction` where a form names it, else `UnknownOperationException`."""
    if protocol in ("query", "ec2"):
        return ServiceError("InvalidAction", f"Could not find operation {what}", 400)
    status = 400 if protocol == "json" else 404
    return ServiceError("UnknownOperationException", f"The requested operation {what} is not recognized", status)
