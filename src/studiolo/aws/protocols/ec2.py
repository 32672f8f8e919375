"""The ec2 protocol: the query protocol with its own names for fields and a flatter XML."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpResponse
from studiolo.aws.protocols.form_values import Ec2FormReader
from studiolo.aws.protocols.query import QueryProtocol
from studiolo.aws.protocols.xml_values import DECLARATION, xml_text


class Ec2Protocol(QueryProtocol):
    """An operation of EC2."""

    name = "ec2"
    malformed_code = "InvalidParameterValue"
    form_reader = Ec2FormReader

    def serialize(self, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        out = [DECLARATION, f"<{self.operation.name}Response{self.namespace}>"]
        out.append(f"<requestId>{xml_text(request_id)}</requestId>")
        if self._write is not None:
            self._write(out, result)
        out.append(f"</{self.operation.name}Response>")
        return self.response(self.status, out, request_id)

    def serialize_error(self, error: ServiceError, request_id: str) -> HttpResponse:
        out = [DECLARATION, "<Response><Errors><Error>"]
        self.write_error(out, error)
        out.append(f"</Error></Errors><RequestID>{xml_text(request_id)}</RequestID></Response>")
        return self.response(self.error_status(error, self.error_shape(error)), out, request_id)
