"""Parts of the documents that requests bring."""

from xml.etree.ElementTree import Element

from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.protocols.xml_values import local_name, read_xml


def checked(body: bytes, root: str) -> Element:
    """The document, which is a `root`. Raises ServiceError (MalformedXML)."""
    try:
        document = read_xml(body)
        body.decode()
    except (MalformedError, UnicodeDecodeError) as error:
        raise malformed(str(error)) from error
    if local_name(document.tag) != root:
        raise malformed(f"it must be a {root}")
    return document


def text_of(element: Element, name: str) -> str:
    """The text of a child, empty where there is none."""
    return next((part.text or "" for part in element if local_name(part.tag) == name), "")


def malformed(reason: str) -> ServiceError:
    """The error of a document that is not what it must be."""
    return ServiceError("MalformedXML", f"The XML you provided was not well-formed: {reason}.", 400)
