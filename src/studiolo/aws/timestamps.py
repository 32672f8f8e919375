"""The three timestamp formats of the AWS protocols: unixTimestamp, iso8601 and rfc822."""

import re
from datetime import datetime, timedelta, timezone
from email.utils import formatdate, parsedate

from studiolo.aws.errors import MalformedError

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO8601 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_HTTP_DATE = re.compile(
    r"(?:[A-Za-z]+, )?(\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d)(?:\.(\d{1,9}))? (?:GMT|UTC|\+0000)"
)


def from_epoch(seconds: float) -> datetime:
    """Seconds since 1970, with fractions. Raises MalformedError outside the years 1 to 9999."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise MalformedError(f"{seconds!r} is not a timestamp") from error


def from_iso8601(text: str) -> datetime:
    """A date, or a date and time; without an offset it is UTC. Raises MalformedError."""
    match = _ISO8601.fullmatch(text)
    if match is None:
        raise MalformedError(f"{text[:80]!r} is not an ISO 8601 timestamp")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micros = int(fraction[:6].ljust(6, "0")) if fraction else 0
    try:
        naive = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micros)  # noqa: DTZ001
        if offset is None or offset in "Zz":
            return naive.replace(tzinfo=timezone.utc)
        shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
        return (naive + shift if offset[0] == "-" else naive - shift).replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError) as error:
        raise MalformedError(f"{text[:80]!r} is not an ISO 8601 timestamp") from error


def from_rfc822(text: str) -> datetime:
    """`Tue, 29 Apr 2014 18:30:38 GMT`, perhaps with a fraction of a second. Raises MalformedError."""
    match = _HTTP_DATE.fullmatch(text.strip())
    parts = parsedate(match[1]) if match is not None else None
    if match is None or parts is None:
        raise MalformedError(f"{text[:80]!r} is not an RFC 822 timestamp")
    try:
        whole = datetime(*parts[:6], tzinfo=timezone.utc)
    except ValueError as error:
        raise MalformedError(f"{text[:80]!r} is not an RFC 822 timestamp") from error
    return whole.replace(microsecond=int((match[2] or "0")[:6].ljust(6, "0")))


def from_text(text: str, form: str) -> datetime:
    """Text of the named format (any letter case). Raises MalformedError."""
    form = form.lower()
    if form == "iso8601":
        return from_iso8601(text)
    if form == "rfc822":
        return from_rfc822(text)
    try:
        return from_epoch(float(text))
    except ValueError as error:
        raise MalformedError(f"{text[:80]!r} is not a timestamp in seconds") from error


def moment(value: datetime | str | float) -> datetime:
    """A timestamp of a handler as an aware UTC datetime: naive ones are UTC, numbers seconds since 1970."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc) if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
    return from_iso8601(value) if isinstance(value, str) else from_epoch(value)


def to_epoch(value: datetime | str | float) -> float:
    """Seconds since 1970: a whole number where there is no fraction."""
    if isinstance(value, (int, float)):
        return value
    since = moment(value) - EPOCH
    seconds = since.days * 86400 + since.seconds
    # One division only: adding a fraction to the seconds would round twice.
    return (seconds * 1_000_000 + since.microseconds) / 1_000_000 if since.microseconds else seconds


def to_iso8601(value: datetime | str | float) -> str:
    """`2014-04-29T18:30:38Z`, with microseconds where there are any."""
    return moment(value).replace(tzinfo=None).isoformat() + "Z"


def to_rfc822(value: datetime | str | float) -> str:
    """`Tue, 29 Apr 2014 18:30:38 GMT`; the format has whole seconds only."""
    return formatdate(int(to_epoch(value) // 1), usegmt=True)


def to_text(value: datetime | str | float, form: str) -> str:
    """Text in the named format (any letter case)."""
    form = form.lower()
    if form == "iso8601":
        return to_iso8601(value)
    return to_rfc822(value) if form == "rfc822" else str(to_epoch(value))
