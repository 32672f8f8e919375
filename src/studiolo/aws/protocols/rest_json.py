"""The rest-json protocol: HTTP bindings around a JSON body."""

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpResponse
from studiolo.aws.protocols.base import error_members
from studiolo.aws.protocols.compiler import compiler
from studiolo.aws.protocols.documents import JsonDocuments
from studiolo.aws.protocols.json_values import JsonWriter, encode
from studiolo.aws.protocols.rest import RestProtocol


class RestJsonProtocol(RestProtocol):
    """An operation of a service like Lake Formation, SageMaker Runtime or API Gateway."""

    name = "rest-json"
    documents_type = JsonDocuments

    def serialize_error(self, error: ServiceError, request_id: str) -> HttpResponse:
        shape = self.error_shape(error)
        code = self.error_code(error, shape)
        bound, members = self.error_parts(shape, error_members(error, shape))
        if shape is not None:
            members = compiler(JsonWriter, self.service).of(shape)(members)
        headers = {
            "Content-Type": "application/json",
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": code,
            **bound,
        }
        return HttpResponse(self.error_status(error, shape), headers, encode({"__type": code, **members}).encode())
