"""Tags of IAM resources. Their keys are kept as they are written, and are the same whatever their case."""

from collections.abc import Iterable, Mapping

import re2

from studiolo.domain import Invalid, LimitExceeded

MOST_TAGS = 50
CHARACTERS = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]"
_TEXT = re2.compile(f"{CHARACTERS}*")


class InvalidTag(Invalid):
    """A tag has characters that no tag can have."""


def tags_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """New tags. Raises InvalidTag, Invalid for a key that is there twice or is AWS's own, LimitExceeded over 50."""
    pairs = list(pairs)
    for number, pair in enumerate(pairs, 1):
        for text, member, count in zip(pair, ("key", "value"), "+*", strict=True):
            if not _is_text(text):
                raise InvalidTag(
                    f"1 validation error detected: Value '{text}' at 'tags.{number}.member.{member}' failed to satisfy "
                    f"constraint: Member must satisfy regular expression pattern: {CHARACTERS}{count}"
                )
    if len({key.lower() for key, _ in pairs}) < len(pairs):
        raise Invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.lower().startswith("aws:") for key, _ in pairs):
        raise Invalid("Tag keys that begin with aws: are reserved for AWS.")
    if len(pairs) > MOST_TAGS:
        raise LimitExceeded(f"The number of tags has reached the maximum limit of {MOST_TAGS}.")
    return dict(pairs)


def with_tags(tags: Mapping[str, str], more: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The tags with more of them, which take the place of those of the same key. Raises as `tags_of` does."""
    added = tags_of(more)
    return tags_of([*without_tags(tags, added).items(), *added.items()])


def without_tags(tags: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    """The tags without those keys."""
    gone = {key.lower() for key in keys}
    return {key: value for key, value in tags.items() if key.lower() not in gone}


def _is_text(text: str) -> bool:
    try:
        return _TEXT.fullmatch(text) is not None
    except UnicodeEncodeError:
        return False
