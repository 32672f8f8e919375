"""JSON in the body of an inference request: a list of instances, or an instance a line."""

from __future__ import annotations

import json
from typing import Any

from studiolo.domain import Invalid


def parsed(text: bytes, what: str) -> Any:
    """The value of a JSON text, which messages call `what`. Raises Invalid."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{what} is not JSON: {error}.") from error


def instances_of(body: bytes) -> tuple[list[Any], Any]:
    """The list of `{"instances": [...], "configuration": {...}}`, and the configuration: `{}` where there is none.

    Raises Invalid.
    """
    document = parsed(body, "The body")
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list):
        raise Invalid('The body is not a JSON object with a list "instances".')
    return instances, document.get("configuration") or {}


def lines_of(body: bytes) -> list[Any]:
    """The JSON value of each line that is not empty. Raises Invalid."""
    lines = (line for line in body.split(b"\n") if line.strip())
    return [parsed(line, f"Line {number}") for number, line in enumerate(lines, 1)]
