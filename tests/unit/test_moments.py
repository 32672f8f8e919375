"""Moments as the world writes them, on every Python."""

from datetime import datetime, timezone

import pytest

from studiolo.moments import read_moment

NOON = datetime(2026, 5, 17, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2026-05-17T12:00:00Z", 0),
        ("2026-05-17T12:00:00", 0),
        ("2026-05-17 14:00:00+02:00", 0),
        ("20260517T120000Z", 0),
        ("2026-05-17T12:00:00.5Z", 500_000),
        ("2026-05-17T12:00:00.1234567Z", 123_456),  # as Microsoft's identity providers write them
    ],
)
def test_a_moment_is_read_in_every_spelling_of_iso_8601(text: str, microseconds: int) -> None:
    assert read_moment(text) == NOON.replace(microsecond=microseconds)


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01T00:00:00Z", "9999-12-31T24:00:00Z"])
def test_what_is_no_moment_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        read_moment(text)
