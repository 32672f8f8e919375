"""Stack policies: what an update may do to which resources."""

import json
from fnmatch import fnmatchcase
from typing import Any

from studiolo.calling import Refused
from studiolo.domain import Invalid


def check_policy(document: str) -> None:
    """Raise Invalid for what is no stack policy."""
    try:
        statements = json.loads(document)["Statement"]
        for statement in statements:
            if statement["Effect"] not in ("Allow", "Deny") or not ({"Action", "NotAction"} & set(statement)):
                raise ValueError
            if not {"Resource", "NotResource"} & set(statement):
                raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("Error validating stack policy: Invalid stack policy") from error


def require(document: str | None, action: str, logical: str, kind: str) -> None:
    """Raise Refused unless the policy of a stack lets an update do that (`Update:Modify`) to a resource."""
    if document is None:
        return
    allowed = False
    for number, statement in enumerate(json.loads(document)["Statement"], 1):
        if not (
            _covers(statement, "Action", action) and _covers(statement, "Resource", f"LogicalResourceId/{logical}")
        ):
            continue
        if not _typed(statement.get("Condition", {}), kind):
            continue
        if statement["Effect"] == "Deny":
            raise Refused("StackPolicy", _words(f"Statement [#{number}] does not allow [{action}]", logical))
        allowed = True
    if not allowed:
        raise Refused("StackPolicy", _words(f"no statement allows [{action}]", logical))


def _words(what: str, logical: str) -> str:
    return f"Action denied by stack policy: {what} for resource [LogicalResourceId/{logical}]; "


def _covers(statement: dict[str, Any], name: str, value: str) -> bool:
    if name in statement:
        return any(fnmatchcase(value.lower(), pattern.lower()) for pattern in _many(statement[name]))
    return not any(fnmatchcase(value.lower(), pattern.lower()) for pattern in _many(statement[f"Not{name}"]))


def _typed(condition: dict[str, Any], kind: str) -> bool:
    for operator, keys in condition.items():
        patterns = _many(keys.get("ResourceType", []))
        matches = any(fnmatchcase(kind, pattern) for pattern in patterns)
        if patterns and matches == operator.startswith("StringNot"):
            return False
    return True


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
