"""Tags of IAM resources."""

from collections.abc import Iterable, Mapping

from studiolo.domain import Invalid, LimitExceeded

MOST_TAGS = 50


def with_tags(tags: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """The tags with more of them. Raises LimitExceeded over 50, Invalid for a key of AWS's own."""
    if any(key.lower().startswith("aws:") for key in more):
        raise Invalid("Tag keys that begin with aws: are reserved for AWS.")
    together = {**tags, **more}
    if len(together) > MOST_TAGS:
        raise LimitExceeded(f"The number of tags has reached the maximum limit of {MOST_TAGS}.")
    return together


def without_tags(tags: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    """The tags without those keys."""
    gone = set(keys)
    return {key: value for key, value in tags.items() if key not in gone}
