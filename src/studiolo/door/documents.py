"""Bodies of requests that are looked at before our store gets them, because it takes what S3 refuses.

After PutObjectTagging, PutBucketTagging, PutBucketVersioning, CompleteMultipartUpload and CreateBucket (Amazon S3 API
Reference).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from xml.etree.ElementTree import Element

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import local_name
from studiolo.domain import now
from studiolo.door import locks, rules
from studiolo.door.names import Named
from studiolo.door.parts import checked, malformed, text_of
from studiolo.identity import Values

LARGEST = 2 * 1024 * 1024
"""Bytes of a body: 10,000 parts have fewer."""
OPERATIONS = frozenset(
    {
        "CompleteMultipartUpload", "CreateBucket", "PutBucketCors", "PutBucketTagging", "PutBucketVersioning",
        "PutObjectRetention", "PutObjectTagging",
    }
)  # fmt: skip

TELLING: Mapping[str, str] = {"CreateBucket": "s3:locationconstraint", "PutObjectTagging": "s3:requestobjecttag"}
"""Operations whose bodies tell condition keys, with how these begin in lower case."""

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}")
_MOST_TAGS: Mapping[str, int] = {"PutBucketTagging": 50, "PutObjectTagging": 10}
_OF_FRAMES = frozenset({"x-amz-decoded-content-length", "x-amz-sdk-checksum-algorithm", "x-amz-trailer"})


def check(operation: str, body: bytes) -> None:
    """Raise ServiceError (400) for a body that S3 would not take."""
    if operation in _MOST_TAGS:
        _check_tags(operation, checked(body, "Tagging"))
    elif operation == "PutBucketVersioning":
        _check_versioning(checked(body, "VersioningConfiguration"))
    elif operation == "PutObjectRetention":
        locks.check_retention(body, now())
    elif operation == "PutBucketCors":
        rules.check(operation, body)


def told(operation: str, body: bytes) -> Values:
    """The condition keys that a body tells, of an operation in TELLING. Raises ServiceError (400)."""
    if operation == "CreateBucket":
        region = (
            text_of(checked(body, "CreateBucketConfiguration"), "LocationConstraint").strip() if body.strip() else ""
        )
        return {"s3:LocationConstraint": region} if region else {}
    tags = {text_of(tag, "Key"): text_of(tag, "Value") for tag in _tags(checked(body, "Tagging"))}
    each = {f"s3:RequestObjectTag/{key}": value for key, value in tags.items()}
    return {**each, "s3:RequestObjectTagKeys": tuple(tags)} if tags else {}


def completion(body: bytes) -> Element:
    """What CompleteMultipartUpload names, its parts. Raises ServiceError (400) for a body that S3 would not take."""
    root = checked(body, "CompleteMultipartUpload") if body else None
    if root is None or not any(local_name(part.tag) == "Part" for part in root):
        raise malformed("it must name at least one Part")
    return root


def _check_versioning(root: Element) -> None:
    if not any(local_name(part.tag) == "Status" for part in root):
        message = "The Versioning element must be specified"
        raise ServiceError("IllegalVersioningConfigurationException", message, 400)
    if text_of(root, "Status") not in ("Enabled", "Suspended"):
        raise malformed("the Status of versioning is Enabled or Suspended")


def region_of(body: bytes, asked: str) -> str:
    """Where CreateBucket is to make a bucket; asked: the region that was asked, where its body names none.

    Raises ServiceError (400) for no region, and for another one than was asked: only us-east-1 makes them everywhere.
    """
    if not body.strip():
        return asked
    named = text_of(checked(body, "CreateBucketConfiguration"), "LocationConstraint").strip()
    if not named:
        return asked
    region = "eu-west-1" if named == "EU" else named
    if not _REGION.fullmatch(region):
        raise ServiceError("InvalidLocationConstraint", "The specified location-constraint is not valid", 400)
    if asked not in (region, "us-east-1"):
        message = (
            f"The {region} location constraint is incompatible for the region specific endpoint this request was sent "
            f"to: it was signed for {asked}."
        )
        raise ServiceError("IllegalLocationConstraintException", message, 400)
    return region


def unframed(named: Named) -> Named:
    """The request with its body in one piece."""
    return replace(named, headers={name: text for name, text in named.headers.items() if name not in _OF_FRAMES})


def _check_tags(operation: str, root: Element) -> None:
    tags = _tags(root)
    most, what = _MOST_TAGS[operation], "Object" if operation == "PutObjectTagging" else "Bucket"
    if len(tags) > most:
        raise ServiceError("BadRequest", f"{what} tags cannot be greater than {most}", 400)
    names = [text_of(tag, "Key") for tag in tags]
    if len(set(names)) < len(names):
        raise ServiceError("InvalidTag", "Cannot provide multiple Tags with the same key", 400)
    for tag, name in zip(tags, names, strict=True):
        if not 1 <= len(name) <= 128:
            raise ServiceError("InvalidTag", "The TagKey you have provided is invalid", 400)
        if len(text_of(tag, "Value")) > 256:
            raise ServiceError("InvalidTag", "The TagValue you have provided is invalid", 400)
        if name.startswith("aws:"):
            raise ServiceError("InvalidTag", "System tags cannot be added/updated by requester", 400)


def _tags(root: Element) -> list[Element]:
    return [tag for tag_set in root for tag in tag_set if local_name(tag.tag) == "Tag"]
