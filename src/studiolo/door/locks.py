"""Object Lock, where our store does less than S3: it locks no copy, and says otherwise what is wrong.

After PutObject, CopyObject, PutObjectRetention and GetObjectRetention (Amazon S3 API Reference).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from studiolo.aws import timestamps
from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.protocols.xml_values import xml_text
from studiolo.door.parts import checked, malformed, text_of

READS = frozenset({"GetObjectLegalHold", "GetObjectRetention"})
_MODE, _UNTIL, _HOLD = (f"x-amz-object-lock-{name}" for name in ("mode", "retain-until-date", "legal-hold"))
_MODES = ("COMPLIANCE", "GOVERNANCE")
_ABSENT = re.compile(rb"<Code>(?:NoSuchObjectLegalHold|ObjectLockConfigurationNotFoundError)</Code><Message>[^<]*<")
_AS_S3 = (
    b"<Code>NoSuchObjectLockConfiguration</Code><Message>The specified object does not have a ObjectLock configuration<"
)


def check_headers(headers: Mapping[str, str], now: datetime) -> None:
    """Raise ServiceError (400) for a lock that cannot be."""
    mode, until = headers.get(_MODE), headers.get(_UNTIL)
    if (mode is None) != (until is None):
        raise ServiceError("InvalidArgument", f"{_UNTIL} and {_MODE} must both be supplied", 400)
    if mode is not None and mode not in _MODES:
        raise ServiceError("InvalidArgument", "Unknown wormMode directive.", 400)
    if until is not None:
        _check_until(until, now)
    if headers.get(_HOLD, "ON") not in ("ON", "OFF"):
        raise ServiceError("InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'", 400)


def check_retention(body: bytes, now: datetime) -> None:
    """Raise ServiceError (400) where a document of PutObjectRetention is for a time that has gone."""
    root = checked(body, "Retention")
    until = text_of(root, "RetainUntilDate").strip()
    if text_of(root, "Mode") not in ("", *_MODES):
        raise malformed(f"the Mode of a Retention is one of {', '.join(_MODES)}")
    if until:
        _check_until(until, now)


def _check_until(until: str, now: datetime) -> None:
    try:
        moment = timestamps.from_iso8601(until)
    except MalformedError as error:
        raise ServiceError("InvalidArgument", f"The retain until date is none: {until[:80]}", 400) from error
    if moment <= now:
        raise ServiceError("InvalidArgument", "The retain until date must be in the future!", 400)


def of_copy(headers: Mapping[str, str], default: bytes, now: datetime) -> Mapping[str, bytes]:
    """By what a copy is to be locked: documents by sub-resource.

    default: the bucket's ObjectLockConfiguration, empty where it has none.
    """
    documents: dict[str, bytes] = {}
    if _MODE in headers:
        documents["retention"] = _retention(headers[_MODE], headers[_UNTIL])
    elif default:
        rule = next(
            (part for part in checked(default, "ObjectLockConfiguration").iter() if text_of(part, "Mode")), None
        )
        if rule is not None:
            days = int(text_of(rule, "Days") or 0) + 365 * int(text_of(rule, "Years") or 0)
            until = (now.astimezone(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
            documents["retention"] = _retention(text_of(rule, "Mode"), until)
    if _HOLD in headers:
        documents["legal-hold"] = f"<LegalHold><Status>{headers[_HOLD]}</Status></LegalHold>".encode()
    return documents


def _retention(mode: str, until: str) -> bytes:
    return f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{xml_text(until)}</RetainUntilDate></Retention>".encode()


def named_as_s3_does(body: bytes) -> bytes:
    """The error of a lock that an object has not."""
    return _ABSENT.sub(_AS_S3, body)
