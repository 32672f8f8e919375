"""The rest-json protocol: HTTP bindings around a JSON body."""

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpResponse
from studiolo.aws.protocols.base import error_members
from studiolo.aws.protocols.documents import JsonDocuments
from studiolo.aws.protocols.json_values import encode, write_error_members
from studiolo.aws.protocols.rest import RestProtocol


class RestJsonProtocol(RestProtocol):
    """An operation of a service like Lake Formation, SageMaker Runtime or API Gateway."""

    name = "rest-json"
    documents_type = JsonDocuments

    def serialize_error(self, error: ServiceError, request_id: str) -> HttpResponse:
        shape = self.error_shape(error)
        code = self.error_code(error, shape)
        bound, members = self.error_parts(shape, error_members(error, shape))
        headers = {
            "Content-Type": "application/json",
            "x-amzn-RequestId": request_id,
            "x-amzn-ErrorType": code,
            **bound,
        }
        body = encode({"__type": code, **write_error_members(self.service, shape, members)}).encode()
        return HttpResponse(self.error_status(error, shape), headers, body)
