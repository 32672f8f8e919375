"""Tokens out of what clients send: they put the user name into tables, databases, functions, locks and parameters."""

from typing import Any

from hive_metastore import ttypes as hive

PARTS: dict[type, tuple[str, ...]] = {hive.Partition: ("parameters",)}
"""Where a user name may be in things that come by the thousand; of all others, everything is looked through."""


def redacted(thing: Any, secret: str, name: str) -> Any:
    """The thing with `name` in place of `secret` in all its text; structures and lists are changed in place."""
    if isinstance(thing, str):
        return thing.replace(secret, name) if secret in thing else thing
    if isinstance(thing, list):
        thing[:] = [redacted(each, secret, name) for each in thing]
    elif isinstance(thing, dict):
        found = {redacted(key, secret, name): redacted(value, secret, name) for key, value in thing.items()}
        thing.clear()
        thing.update(found)
    elif hasattr(thing, "thrift_spec"):
        for field in PARTS.get(type(thing)) or vars(thing):
            value = getattr(thing, field)
            if value is not None:
                setattr(thing, field, redacted(value, secret, name))
    return thing
