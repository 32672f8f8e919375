"""Values before and after a change, as change sets show them: of whole resources, and place by place."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from studiolo.stacks.template import Unknown
from studiolo.stacks.types.base import Properties

Hide = Callable[[str], str]
"""A text without what may not be shown."""

KNOWN_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
PLACE = ("Path", "BeforeValue", "AfterValue", "AttributeChangeType")
"""The members of a detail's target that tell of one place within a property."""

_NONE = object()


def context(properties: Properties, hide: Hide) -> str:
    """All properties of a resource, as JSON."""
    return json.dumps({"Properties": _shown(properties, hide)}, default=str)


def places(path: str, before: Any, after: Any, hide: Hide) -> Iterator[tuple[dict[str, str], Any]]:
    """Where two values differ, as members of a detail's target, each with the value after. None: it is not given."""
    yield from _places(path, _NONE if before is None else before, _NONE if after is None else after, hide)


def without_values(change: Mapping[str, Any]) -> dict[str, Any]:
    """The change of a resource as who does not ask for values sees it: property by property."""
    found = {name: value for name, value in change.items() if name not in ("BeforeContext", "AfterContext")}
    details: list[dict[str, Any]] = []
    for each in change["Details"]:
        target = {name: value for name, value in each["Target"].items() if name not in PLACE}
        if (detail := {**each, "Target": target}) not in details:
            details.append(detail)
    return {**found, "Details": details}


def _places(path: str, before: Any, after: Any, hide: Hide) -> Iterator[tuple[dict[str, str], Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _places(f"{path}/{name}", before.get(name, _NONE), after.get(name, _NONE), hide)
    elif _is_list(before) and _is_list(after):
        for index, (old, new) in enumerate(zip_longest(before, after, fillvalue=_NONE)):
            yield from _places(f"{path}/{index}", old, new, hide)
    elif before != after:
        kind = "Add" if before is _NONE else "Remove" if after is _NONE else "Modify"
        told = {"Path": path, "AttributeChangeType": kind}
        if before is not _NONE:
            told["BeforeValue"] = _text(before, hide)
        if after is not _NONE:
            told["AfterValue"] = _text(after, hide)
        yield told, None if after is _NONE else after


def _text(value: Any, hide: Hide) -> str:
    found = _shown(value, hide)
    return found if isinstance(found, str) else json.dumps(found, default=str)


def _shown(value: Any, hide: Hide) -> Any:
    if isinstance(value, Unknown):
        return KNOWN_LATER
    if isinstance(value, Mapping):
        return {key: _shown(item, hide) for key, item in value.items()}
    if _is_list(value):
        return [_shown(item, hide) for item in value]
    return hide(value) if isinstance(value, str) else value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
