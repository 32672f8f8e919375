"""Names of partitions, `year=2024/month=1`, escaped as Hive does (FileUtils.escapePathName)."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from studiolo.catalog.model import HIVE_NULL, Column
from studiolo.domain import Invalid

ESCAPED = re.compile(r"""[\x00-\x1f"#%'*/:=?\\\x7f{\[\]^]""")


def partition_name(keys: Iterable[Column], values: Iterable[str]) -> str:
    """The name of the partition with these values, which is its folder as well."""
    return "/".join(
        f"{_escape(key.name)}={_escape(value or HIVE_NULL)}" for key, value in zip(keys, values, strict=True)
    )


def partition_values(name: str, keys: Sequence[Column]) -> tuple[str, ...]:
    """The values, in the order of the table's keys, that a name tells. Raises Invalid."""
    told = {key.lower(): value for key, value in split_name(name).items()}
    values = tuple(told.get(key.name.lower()) for key in keys)
    if None in values or len(told) != len(keys):
        expected = "/".join(f"{key.name}=…" for key in keys)
        raise Invalid(f"Partition name {name} is not of the form {expected}.")
    return tuple(value or "" for value in values)


def split_name(name: str) -> dict[str, str]:
    """What a name tells of each key, in its order."""
    parts = [part.partition("=") for part in name.strip("/").split("/")]
    return {unquote(key): unquote(value) for key, _, value in parts}


def _escape(text: str) -> str:
    return ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", text)
