"""What a record may hold: event times, and values of each type of feature. Plain functions; all raise Invalid."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation

from studiolo.domain import Invalid
from studiolo.features.model import Feature, Specification, Value

NANOSECONDS = 10**9
LATEST = 2**63 - 1
ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")
LARGEST_INTEGRAL = 2**63
LONGEST_IDENTIFIER = 2 * 1024
LARGEST_RECORD = 350 * 1024
"""Bytes, as "Quotas, naming rules and data types" of Feature Store has both."""


def event_time(feature: Feature, text: str) -> int:
    """An event time in nanoseconds since 1970: Unix seconds for Fractional, ISO-8601 in UTC for String."""
    found = _seconds(text) if feature.type == "Fractional" else _iso(text)
    if found is None or not 0 <= found <= LATEST:
        form = (
            "a Unix timestamp in seconds"
            if feature.type == "Fractional"
            else "an ISO-8601 string in UTC, yyyy-MM-dd'T'HH:mm:ssZ or yyyy-MM-dd'T'HH:mm:ss.SSSZ"
        )
        raise Invalid(
            f"Validation Error: Failed to convert feature value: {text[:100]!r} of the EventTime feature "
            f"{feature.name} is not {form}."
        )
    return found


def moment_of(event: int) -> datetime:
    """The moment of an event time, to the microsecond."""
    seconds, rest = divmod(event, NANOSECONDS)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest // 1000)


def checked_record(specification: Specification, record: Mapping[str, Value]) -> tuple[str, int]:
    """The identifier and the event time of a record whose values all fit their features."""
    for name, value in record.items():
        feature = specification.feature(name)
        if feature is None:
            raise Invalid(f"Validation Error: FeatureGroup has no Feature with name {name}.")
        check_value(feature, value)
    missing = [name for name in (specification.identifier, specification.event_time) if not record.get(name)]
    if missing:
        raise Invalid(f"Validation Error: The record needs a value of {' and of '.join(missing)}.")
    if size_of(record) > LARGEST_RECORD:
        raise Invalid(f"Validation Error: The record is larger than {LARGEST_RECORD // 1024} KB.")
    identifier, told = record[specification.identifier], record[specification.event_time]
    feature = specification.feature(specification.event_time)
    if feature is None or not isinstance(identifier, str) or not isinstance(told, str):
        raise Invalid("Validation Error: The record identifier and the event time are single values.")
    return checked_identifier(identifier), event_time(feature, told)


def checked_identifier(identifier: str) -> str:
    if not identifier or len(identifier.encode()) > LONGEST_IDENTIFIER:
        raise Invalid(f"Validation Error: A record identifier value has 1 to {LONGEST_IDENTIFIER} bytes.")
    return identifier


def size_of(record: Mapping[str, Value]) -> int:
    """About the bytes of a record."""
    return sum(
        len(name) + sum(len(text.encode()) for text in ([value] if isinstance(value, str) else value))
        for name, value in record.items()
    )


def check_value(feature: Feature, value: Value) -> None:
    """Raise Invalid unless the value is one of the feature's type."""
    if isinstance(value, str) is not (feature.collection is None):
        member = "ValueAsString" if feature.collection is None else "ValueAsStringList"
        raise Invalid(f"Validation Error: The value of Feature {feature.name} is to be given as {member}.")
    if feature.dimension is not None and len(value) != feature.dimension:
        raise Invalid(
            f"Validation Error: Feature {feature.name} is a Vector of dimension {feature.dimension}; "
            f"{len(value)} values were given."
        )
    for text in [value] if isinstance(value, str) else value:
        try:
            typed(feature, text)
        except ValueError:
            raise Invalid(
                f"Validation Error: Failed to convert feature value: {text[:100]!r} is not of the FeatureType "
                f"{feature.type} of Feature {feature.name}."
            ) from None


def typed(feature: Feature, text: str) -> int | float | str:
    """A value as the number or text that it is. Raises ValueError."""
    if feature.type == "Integral":
        if not re.fullmatch(r"[+-]?\d+", text, re.ASCII) or not -LARGEST_INTEGRAL <= int(text) < LARGEST_INTEGRAL:
            raise ValueError(text)
        return int(text)
    if feature.type == "Fractional":
        number = float(text)
        if math.isinf(number) or "_" in text:
            raise ValueError(text)
        return number
    return text


def _seconds(text: str) -> int | None:
    try:
        number = Decimal(text)
        return int(number * NANOSECONDS) if number.is_finite() and abs(number) < LATEST else None
    except InvalidOperation:
        return None


def _iso(text: str) -> int | None:
    match = ISO.fullmatch(text)
    if match is None:
        return None
    try:
        whole = datetime.fromisoformat(f"{match[1]}+00:00")
    except ValueError:
        return None
    return int(whole.timestamp()) * NANOSECONDS + int((match[2] or "").ljust(9, "0"))
