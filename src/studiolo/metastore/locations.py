"""Locations in the object store: `s3://bucket/folder`, and as Hadoop spells them."""

from studiolo.domain import Invalid

SCHEMES = ("s3://", "s3a://", "s3n://")


def split(location: str) -> tuple[str, str]:
    """The bucket and the folder (without slashes around it) of a location. Raises Invalid."""
    bucket, _, folder = location.partition("://")[2].partition("/")
    if not bucket:
        raise Invalid(f"The location {location} names no bucket.")
    return bucket, folder.strip("/")
