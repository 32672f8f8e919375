"""Options as people give them: booleans as text, lists as JSON, one path or several."""

import json
from collections.abc import Mapping
from typing import Any


def truth(value: Any) -> bool:
    """An option that is a boolean, or the text of one; None is false. Raises ValueError for anything else."""
    text = "false" if value is None else str(value).strip().lower()
    if text not in ("true", "false"):
        raise ValueError(f"{value!r} is given for an option that is true or false.")
    return text == "true"


def names_of(given: Any) -> list[str]:
    """A list of texts, the JSON text of one, or one text."""
    if isinstance(given, str):
        return [str(name) for name in json.loads(given)] if given.startswith("[") else [given] if given else []
    return [str(name) for name in given or []]


def paths_of(options: Mapping[str, Any]) -> list[str]:
    """The paths of a connection's options. Raises ValueError when there are none."""
    paths = names_of(options.get("paths") or options.get("path"))
    if not paths:
        raise ValueError('The connection options name no files: give them as {"paths": ["s3://bucket/folder/"]}.')
    return paths
