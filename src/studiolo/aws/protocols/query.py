"""The query protocol: a form in, XML out. ec2 is a dialect of it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest, HttpResponse, content
from studiolo.aws.protocols.base import Params, Protocol, error_members, is_fault
from studiolo.aws.protocols.compiler import Codec, compiler
from studiolo.aws.protocols.form_values import FormReader, read_form
from studiolo.aws.protocols.xml_values import DECLARATION, XmlWriter, xml_text

_HEADERS = {"Content-Type": "text/xml"}


class QueryProtocol(Protocol):
    """An operation of a service like STS, IAM or CloudFormation."""

    name = "query"
    malformed_code = "MalformedInput"
    form_reader: ClassVar[type[FormReader]] = FormReader

    @cached_property
    def _read(self) -> Codec | None:
        return None if self.input_shape is None else compiler(self.form_reader, self.service).of(self.input_shape)

    @cached_property
    def _write(self) -> Any:
        shape = self.output_shape
        return None if shape is None else compiler(XmlWriter, self.service).members(shape.members)

    @cached_property
    def _wrapper(self) -> str | None:
        """The element around the result; a model written for another protocol names none, the convention does."""
        shape = self.output_shape
        if shape is None:
            return None
        given: str | None = shape.serialization.get("resultWrapper")
        if given is None and "awsQueryCompatible" in self.metadata:
            return f"{self.operation.name}Result"
        return given

    def _parse(self, request: HttpRequest, max_body: int) -> Params:
        if self._read is None:
            return {}
        form = content(request, max_body)
        try:
            text = form.decode()
        except UnicodeDecodeError as error:
            raise ServiceError("MalformedQueryString", "The form is not valid UTF-8", 400) from error
        # A query may also come in the URL, and with it the parameters of a presigned one.
        params: Params = self._read(read_form(f"{request.query}&{text}" if request.query else text))
        return params

    def serialize(self, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        out = [DECLARATION, f"<{self.operation.name}Response{self.namespace}>"]
        if self._write is not None:
            out.append(f"<{self._wrapper}>" if self._wrapper else "")
            self._write(out, result)
            out.append(f"</{self._wrapper}>" if self._wrapper else "")
        out.append(f"<ResponseMetadata><RequestId>{xml_text(request_id)}</RequestId></ResponseMetadata>")
        out.append(f"</{self.operation.name}Response>")
        return self.response(self.status, out, request_id)

    def serialize_error(self, error: ServiceError, request_id: str) -> HttpResponse:
        shape = self.error_shape(error)
        status = self.error_status(error, shape)
        at_fault = status >= 500 or (shape is not None and is_fault(shape))
        out = [
            DECLARATION,
            f"<ErrorResponse{self.namespace}><Error><Type>{'Receiver' if at_fault else 'Sender'}</Type>",
        ]
        self.write_error(out, error)
        out.append(f"</Error><RequestId>{xml_text(request_id)}</RequestId></ErrorResponse>")
        return self.response(status, out, request_id)

    def write_error(self, out: list[str], error: ServiceError) -> None:
        """Append an error's code, message and further members."""
        shape = self.error_shape(error)
        out.append(f"<Code>{xml_text(self.error_code(error, shape))}</Code>")
        out.append(f"<Message>{xml_text(error.message)}</Message>")
        members = error_members(error, shape)
        if shape is not None:
            # `Message` is there already; a modeled `message` is another element.
            members = {name: value for name, value in members.items() if name != "Message"}
            compiler(XmlWriter, self.service).members(shape.members)(out, members)

    @cached_property
    def namespace(self) -> str:
        uri = self.metadata.get("xmlNamespace")
        return f' xmlns="{xml_text(uri)}"' if isinstance(uri, str) else ""

    def response(self, status: int, out: list[str], request_id: str) -> HttpResponse:
        """A response of these pieces of XML."""
        return HttpResponse(status, {**_HEADERS, "x-amzn-RequestId": request_id}, "".join(out).encode())
