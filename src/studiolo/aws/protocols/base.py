"""What every protocol does: read a request, write a result, write an error, for one operation."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from random import Random
from typing import Any, ClassVar
from uuid import UUID

from botocore.model import OperationModel, Shape, StructureShape

from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.http import MAX_BODY, HttpRequest, HttpResponse

Params = dict[str, Any]

# Deeper than any model's own shapes; well below Python's recursion limit.
MAX_DEPTH = 100


# No secrets. The system's own randomness gives the interpreter away: taking it back costs more than the rest of a head.
_IDS = Random()  # noqa: S311 (they are to differ, not to be unknown)


def new_request_id() -> str:
    """A request id in the form AWS uses."""
    return str(UUID(int=_IDS.getrandbits(128), version=4))


class Protocol(ABC):
    """One operation in one protocol. What depends on the model is compiled at first use and kept."""

    name: ClassVar[str]
    malformed_code: ClassVar[str] = "SerializationException"

    def __init__(self, operation: OperationModel) -> None:
        self.operation = operation
        self.service = operation.service_model
        self.metadata: Mapping[str, Any] = self.service.metadata

    def parse(self, request: HttpRequest, max_body: int = MAX_BODY) -> Params:
        """The operation's parameters. Raises ServiceError, and nothing else, whatever the client sent."""
        try:
            return self._parse(request, max_body)
        except MalformedError as error:
            raise ServiceError(self.malformed_code, str(error)) from error
        except RecursionError as error:
            raise ServiceError(self.malformed_code, "The request is nested too deeply") from error

    @abstractmethod
    def _parse(self, request: HttpRequest, max_body: int) -> Params: ...

    @abstractmethod
    def serialize(self, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        """The response of a successful call."""

    @abstractmethod
    def serialize_error(self, error: ServiceError, request_id: str) -> HttpResponse:
        """The response of a failed call."""

    @cached_property
    def status(self) -> int:
        """The HTTP status of success, as the model states it."""
        return int(self.operation.http.get("responseCode", 200))

    @cached_property
    def input_shape(self) -> StructureShape | None:
        return self.operation.input_shape

    @cached_property
    def output_shape(self) -> StructureShape | None:
        return self.operation.output_shape

    @cached_property
    def _error_shapes(self) -> dict[str, StructureShape]:
        """By shape name and by error code; what the operation itself declares wins over the rest of the service."""
        shapes: dict[str, StructureShape] = {}
        for shape in [*self.operation.error_shapes, *self.service.error_shapes]:
            shapes.setdefault(shape.name, shape)
            shapes.setdefault(shape.metadata.get("error", {}).get("code") or shape.name, shape)
        return shapes

    def error_shape(self, error: ServiceError) -> StructureShape | None:
        """The model's shape for an error, None where the model has none of that code."""
        return self._error_shapes.get(error.code)

    def error_status(self, error: ServiceError, shape: StructureShape | None) -> int:
        """The status given with the error, else the model's, else 400 (500 for a modeled fault)."""
        if shape is None or error.status_given:
            return error.status
        modeled = shape.metadata.get("error", {}).get("httpStatusCode")
        return int(modeled or (500 if is_fault(shape) else error.status))

    def error_code(self, error: ServiceError, shape: StructureShape | None) -> str:
        """The code clients know the error by: the model's error trait, else the shape's name."""
        return error.code if shape is None else str(shape.metadata.get("error", {}).get("code") or shape.name)


def is_fault(shape: Shape) -> bool:
    """Whether the model calls this error the service's own fault (`Shape.metadata` leaves the trait out)."""
    return bool(shape._shape_model.get("fault"))


def error_members(error: ServiceError, shape: StructureShape | None) -> Params:
    """The members of an error under the model's names, and its message even where the model has no member for it."""
    names = () if shape is None else shape.members
    message_name = next((name for name in ("message", "Message", "errorMessage") if name in names), "message")
    return {message_name: error.message, **error.members}
