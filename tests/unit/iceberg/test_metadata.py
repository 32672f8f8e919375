"""Metadata files that are none."""

import gzip

import pytest

from studiolo.domain import Invalid
from studiolo.iceberg.metadata import read

PACKED = gzip.compress(bytes(1000))


@pytest.mark.parametrize(
    "written",
    [b"{}", b"[]", b"\xff", b"", PACKED, PACKED[:-9], PACKED[:12] + b"\xff" * 20],
    ids=["empty", "list", "no text", "nothing", "packed", "torn", "damaged"],
)
@pytest.mark.parametrize("place", ["s3://b/1.metadata.json", "s3://b/1.gz.metadata.json"])
def test_a_file_that_is_no_metadata_is_refused(written: bytes, place: str) -> None:
    with pytest.raises(Invalid, match="not an Iceberg table"):
        read(written, place)
