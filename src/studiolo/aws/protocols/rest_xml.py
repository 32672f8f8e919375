"""The rest-xml protocol: HTTP bindings around an XML body."""

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpResponse
from studiolo.aws.protocols.base import error_members, is_fault
from studiolo.aws.protocols.compiler import compiler
from studiolo.aws.protocols.rest import RestProtocol
from studiolo.aws.protocols.xml_values import DECLARATION, XmlDocuments, XmlWriter, xml_text


class RestXmlProtocol(RestProtocol):
    """An operation of a service like Route 53, CloudFront or S3."""

    name = "rest-xml"
    malformed_code = "MalformedXML"
    documents_type = XmlDocuments

    def serialize_error(self, error: ServiceError, request_id: str) -> HttpResponse:
        shape = self.error_shape(error)
        status = self.error_status(error, shape)
        bound, members = self.error_parts(shape, error_members(error, shape))
        headers = {"Content-Type": "application/xml", "x-amzn-RequestId": request_id, **bound}
        inner = [f"<Code>{xml_text(self.error_code(error, shape))}</Code>"]
        inner.append(f"<Message>{xml_text(error.message)}</Message>")
        if shape is not None:
            rest = {name: value for name, value in members.items() if name != "Message"}
            compiler(XmlWriter, self.service).members(shape.members)(inner, rest)
        request_element = f"<RequestId>{xml_text(request_id)}</RequestId>"
        if self.metadata.get("signatureVersion") == "s3" or self.metadata.get("serviceId") == "S3":
            # S3 alone reports an error without a wrapper around it, and names the request in headers of its own.
            headers |= {"x-amz-request-id": request_id, "x-amz-id-2": request_id}
            host_element = f"<HostId>{xml_text(request_id)}</HostId>"
            out = [DECLARATION, "<Error>", *inner, request_element, host_element, "</Error>"]
        else:
            at_fault = status >= 500 or (shape is not None and is_fault(shape))
            kind = f"<Type>{'Receiver' if at_fault else 'Sender'}</Type>"
            out = [DECLARATION, "<ErrorResponse><Error>", kind, *inner, "</Error>", request_element, "</ErrorResponse>"]
        return HttpResponse(status, headers, "".join(out).encode())
