"""Settings of buckets that our store has not: kept beside it as they were put, and answered; nothing acts on them.

After the pages of Put..., Get..., List... and DeleteBucket... in the Amazon S3 API Reference.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import DECLARATION
from studiolo.door import rules
from studiolo.door.names import Named
from studiolo.door.parts import checked, text_of
from studiolo.storage import BucketSettings

LARGEST = 1024 * 1024
"""Bytes of a document."""

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers, body."""

XML = [(b"content-type", b"application/xml")]
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DEFAULT_ENCRYPTION = (
    "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>"
    "<BucketKeyEnabled>false</BucketKeyEnabled></Rule>"
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """root: the element that a document is; default: what is in it where none was put; else the error's code and words.

    many: the element that lists all, of kinds that a bucket has many of.
    """

    root: str
    default: str | None = None
    code: str = ""
    words: str = ""
    many: str = ""


_NONE = "The specified configuration does not exist."
KINDS = {
    "accelerate": _Kind("AccelerateConfiguration", default=""),
    "analytics": _Kind(
        "AnalyticsConfiguration", code="NoSuchConfiguration", words=_NONE, many="ListBucketAnalyticsConfigurationResult"
    ),
    "encryption": _Kind("ServerSideEncryptionConfiguration", default=_DEFAULT_ENCRYPTION),
    "intelligent-tiering": _Kind(
        "IntelligentTieringConfiguration",
        code="NoSuchConfiguration",
        words=_NONE,
        many="ListBucketIntelligentTieringConfigurationsOutput",
    ),
    "inventory": _Kind(
        "InventoryConfiguration", code="NoSuchConfiguration", words=_NONE, many="ListInventoryConfigurationsResult"
    ),
    "logging": _Kind("BucketLoggingStatus", default=""),
    "metrics": _Kind(
        "MetricsConfiguration", code="NoSuchConfiguration", words=_NONE, many="ListMetricsConfigurationsResult"
    ),
    "notification": _Kind("NotificationConfiguration", default=""),
    "publicAccessBlock": _Kind(
        "PublicAccessBlockConfiguration",
        code="NoSuchPublicAccessBlockConfiguration",
        words="The public access block configuration was not found",
    ),
    "replication": _Kind(
        "ReplicationConfiguration",
        code="ReplicationConfigurationNotFoundError",
        words="The replication configuration was not found",
    ),
    "website": _Kind(
        "WebsiteConfiguration",
        code="NoSuchWebsiteConfiguration",
        words="The specified bucket does not have a website configuration",
    ),
}
"""What is kept here, by sub-resource."""

LIFECYCLE = "lifecycle"
"""The store has rules of it, but none that move objects to another class of storage."""


def kind_of(named: Named) -> str | None:
    """Which of KINDS, or LIFECYCLE, a request reads, sets or deletes."""
    if named.key or not named.parameters:
        return None
    return next((name for name in named.parameters if name in KINDS or name == LIFECYCLE), None)


def answer(settings: BucketSettings, named: Named, operation: str, kind: str, body: bytes) -> Answer:
    """Carry out a request about a bucket that is there. Raises ServiceError."""
    name = named.parameters.get("id", "")
    if named.method == "PUT":
        root = checked(body, KINDS[kind].root)
        rules.check(operation, body)
        if name and text_of(root, "Id") != name:
            raise ServiceError("InvalidArgument", "The Id of the configuration is not the id of the request.", 400)
        settings.put(named.bucket, kind, body.decode(), name)
        return HTTPStatus.OK, [], b""
    if named.method == "DELETE":
        if name and settings.get(named.bucket, kind, name) is None:
            raise _missing(KINDS[kind])
        settings.delete(named.bucket, kind, name)
        return HTTPStatus.NO_CONTENT, [], b""
    if KINDS[kind].many and not name:
        return HTTPStatus.OK, XML, _list(KINDS[kind], settings.all(named.bucket, kind).values())
    document = settings.get(named.bucket, kind, name)
    return HTTPStatus.OK, XML, (document or _default(KINDS[kind])).encode()


def _list(kind: _Kind, documents: Iterable[str]) -> bytes:
    elements = "".join(map(_undeclared, documents))
    listed = f'{DECLARATION}<{kind.many} xmlns="{_NAMESPACE}"><IsTruncated>false</IsTruncated>{elements}</{kind.many}>'
    return listed.encode()


def _undeclared(document: str) -> str:
    return document[document.index("?>") + 2 :] if document.lstrip().startswith("<?xml") else document


def _default(kind: _Kind) -> str:
    if kind.default is None:
        raise _missing(kind)
    return f'{DECLARATION}<{kind.root} xmlns="{_NAMESPACE}">{kind.default}</{kind.root}>'


def _missing(kind: _Kind) -> ServiceError:
    return ServiceError(kind.code, kind.words, 404)
