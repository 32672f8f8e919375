"""What documents that set something of a bucket must be, which our store takes as they come or which are only kept.

First as the model of S3 has them, then by the rules that PutBucketLifecycleConfiguration, PutBucketWebsite and
PutBucketCors (Amazon S3 API Reference) and "Lifecycle configuration elements" (User Guide) state.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import time
from typing import Any

from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.models import operation_model
from studiolo.aws.protocols.xml_values import XmlDocuments
from studiolo.aws.validation import validate
from studiolo.door.parts import malformed

Document = Mapping[str, Any]

LONGEST_ID = 255
WAIT_OF_INFREQUENT = 30
"""Days before which objects do not become STANDARD_IA or ONEZONE_IA."""


def check(operation: str, body: bytes) -> None:
    """Raise ServiceError (400) where the body of an operation that sets something is not what S3 takes."""
    model = operation_model("s3", operation)
    member = model.input_shape.serialization["payload"]
    shape = model.input_shape.members[member]
    try:
        document: Document = XmlDocuments(model.service_model).reader(shape)(body)
    except (MalformedError, ServiceError) as error:
        raise malformed(str(error)) from error
    # What is not in the body is looked at elsewhere.
    others = {name: "?" for name in model.input_shape.required_members if name != member}
    validate(model, {**others, member: document}, "MalformedXML")
    further = _FURTHER.get(operation)
    if further is not None:
        further(document)


def _lifecycle(document: Document) -> None:
    rules: list[Document] = document.get("Rules", [])
    if not rules:
        raise malformed("a LifecycleConfiguration has at least one Rule")
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    if any(len(name) > LONGEST_ID for name in ids):
        raise _invalid(f"ID length should not exceed allowed limit of {LONGEST_ID}")
    if len(set(ids)) < len(ids):
        raise _invalid("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _lifecycle_rule(rule)


def _lifecycle_rule(rule: Document) -> None:
    if ("Filter" in rule) == ("Prefix" in rule):
        raise malformed("a Rule has either a Filter or a Prefix")
    actions = [name for name in rule if name not in ("ID", "Prefix", "Filter", "Status")]
    if not actions:
        raise ServiceError("InvalidRequest", "At least one action needs to be specified in a rule", 400)
    filtered = rule.get("Filter") or {}
    if "AbortIncompleteMultipartUpload" in rule and ("Tag" in filtered or filtered.get("And", {}).get("Tags")):
        message = "AbortIncompleteMultipartUpload cannot be specified with Tags"
        raise ServiceError("InvalidRequest", message, 400)
    expiration: Document = rule.get("Expiration", {})
    if "Expiration" in rule:
        _check_when("Expiration", expiration, ("Days", "Date", "ExpiredObjectDeleteMarker"), least=1)
    for transition in rule.get("Transitions", []):
        _check_when("Transition", transition, ("Days", "Date"), least=0)
        days, to = transition.get("Days"), transition.get("StorageClass")
        if days is not None and days < WAIT_OF_INFREQUENT and to in ("STANDARD_IA", "ONEZONE_IA"):
            raise _invalid(
                f"'Days' in Transition action must be greater than or equal to {WAIT_OF_INFREQUENT} for storageClass '{to}'"
            )
        if days is not None and expiration.get("Days", days + 1) <= days:
            raise _invalid("'Days' in the Expiration action must be greater than 'Days' in the Transition action")
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        days = next((days for part, days in rule.get(name, {}).items() if "Days" in part), 1)
        if days < 1:
            raise _invalid(f"The days of {name} must be a positive integer")


def _check_when(action: str, told: Document, ways: tuple[str, ...], least: int) -> None:
    if sum(way in told for way in ways) != 1:
        raise malformed(f"{action} has one of {', '.join(ways)}")
    if told.get("Days", least) < least:
        kind = "positive" if least else "nonnegative"
        raise _invalid(f"'Days' for {action} action must be a {kind} integer")
    if "Date" in told and told["Date"].time() != time.min:
        raise _invalid("'Date' must be at midnight GMT")


def _website(document: Document) -> None:
    suffix = document.get("IndexDocument", {}).get("Suffix")
    if "RedirectAllRequestsTo" in document:
        if len(document) > 1:
            message = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."
            raise ServiceError("InvalidRequest", message, 400)
    elif suffix is None:
        raise _invalid("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
    elif not suffix or "/" in suffix:
        raise _invalid("The IndexDocument Suffix is not well formed")
    if document.get("ErrorDocument", {}).get("Key") == "":
        raise _invalid("The ErrorDocument Key is not well formed")


def _cors(document: Document) -> None:
    for rule in document.get("CORSRules", []):
        for name, value in _wildcards(rule):
            most = 0 if name == "ExposeHeaders" else 1
            if value.count("*") > most:
                told = "contains a wildcard" if not most else "can not have more than one wildcard"
                raise ServiceError("InvalidRequest", f'{name.removesuffix("s")} "{value[:200]}" {told}.', 400)


def _wildcards(rule: Document) -> Iterator[tuple[str, str]]:
    for name in ("AllowedHeaders", "AllowedOrigins", "ExposeHeaders"):
        yield from ((name, value) for value in rule.get(name, []))


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgument", message, 400)


def _encryption(document: Document) -> None:
    for rule in document.get("Rules", []):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if "KMSMasterKeyID" in default and default.get("SSEAlgorithm") == "AES256":
            message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
            raise _invalid(message)


_FURTHER: Mapping[str, Callable[[Document], None]] = {
    "PutBucketCors": _cors,
    "PutBucketEncryption": _encryption,
    "PutBucketLifecycleConfiguration": _lifecycle,
    "PutBucketWebsite": _website,
}
