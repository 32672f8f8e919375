"""What a target is given of an event: all of it, a part of it, a constant, or a text made of parts.

After "Transform input" (Amazon EventBridge User Guide).
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studiolo.domain import Invalid

_STEP = re.compile(r"""\.([\w:-]+)|\[['"]([^'"\]]+)['"]\]|\[(\d+|\*)\]""")
_PATH = re.compile(rf"\$(?:{_STEP.pattern})*")
_NAME = re.compile(r"<([A-Za-z0-9_.-]{1,256})>")
_OWN = "aws.events."
"""How the variables begin that every template has."""


def check_input(target: Mapping[str, Any]) -> None:
    """Raises Invalid for a target whose input cannot be made."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if name in target]
    if len(given) > 1:
        raise Invalid(f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}.")
    if "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError as error:
            raise Invalid(f"JSON syntax error in input for target {target['Id']} : {error}") from error
    paths = list(target.get("InputTransformer", {}).get("InputPathsMap", {}).values())
    for path in [*paths, *([target["InputPath"]] if target.get("InputPath") else [])]:
        if not _PATH.fullmatch(path):
            raise Invalid(f"Invalid InputPath for target {target['Id']} : {path}")
    if any(name.lower().startswith("aws.") for name in target.get("InputTransformer", {}).get("InputPathsMap", {})):
        raise Invalid(f"Names of InputPathsMap of target {target['Id']} must not begin with AWS.")


def made_input(
    target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str, ingested: datetime
) -> str:
    """The text that a target is given: JSON, unless a template makes it otherwise."""
    if "Input" in target:
        return str(target["Input"])
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
        values |= {
            f"{_OWN}rule-arn": rule_arn,
            f"{_OWN}rule-name": rule_name,
            f"{_OWN}event.ingestion-time": ingested.strftime("%Y-%m-%dT%H:%M:%SZ"),
            f"{_OWN}event": {name: value for name, value in event.items() if name != "detail"},
            f"{_OWN}event.json": event,
        }
        return _filled(str(transformer["InputTemplate"]), values)
    path = target.get("InputPath")
    return json.dumps(event if path is None else _at(event, path))


def _at(event: Any, path: str) -> Any:
    """What is at a path; None where there is nothing."""
    found = event
    for name, quoted, index in _STEP.findall(path):
        if index == "*":
            found = found if isinstance(found, list) else None
        elif index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
        else:
            found = found.get(name or quoted) if isinstance(found, Mapping) else None
    return found


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Between quotation marks a value is the text in them; elsewhere it is JSON."""
    parts, end, quoted = [], 0, False
    for found in _NAME.finditer(template):
        between = template[end : found.start()]
        quoted ^= len(re.findall(r'(?<!\\)"', between)) % 2 == 1
        parts.append(between)
        parts.append(_written(values[found[1]], quoted=quoted) if found[1] in values else found[0])
        end = found.end()
    return "".join(parts) + template[end:]


def _written(value: Any, *, quoted: bool) -> str:
    if not quoted:
        return json.dumps(value)
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]
