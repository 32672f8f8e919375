"""The language extensions: Fn::ForEach written out, and functions in place of logical ids."""

import re
from collections.abc import Mapping
from typing import Any

from studiolo.stacks.template.errors import TemplateInvalid
from studiolo.stacks.template.functions import Evaluator, as_text

FOR_EACH = "Fn::ForEach::"
MOST_ITEMS = 2000


class Loops:
    """Writes out Fn::ForEach: its identifier, as `${}` or `&{}`, in all keys and texts."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._left = MOST_ITEMS

    def unrolled(self, node: Any, bound: Mapping[str, str]) -> Any:
        if isinstance(node, list):
            return [self.unrolled(item, bound) for item in node]
        if isinstance(node, str):
            return _substituted(node, bound)
        if not isinstance(node, dict):
            return node
        if len(node) == 1 and isinstance(node.get("Ref"), str) and node["Ref"] in bound:
            return bound[node["Ref"]]
        found: dict[str, Any] = {}
        for key, item in node.items():
            if key.startswith(FOR_EACH):
                found.update(self._loop(key, item, bound))
            elif key == "Fn::Sub":
                found[key] = self._texts(item, bound)
            else:
                found[_substituted(key, bound)] = self.unrolled(item, bound)
        return self._named(found)

    def _named(self, node: dict[str, Any]) -> dict[str, Any]:
        """A Ref or GetAtt with the logical id that functions make."""
        if len(node) == 1 and isinstance(node.get("Ref"), dict):
            return {"Ref": self._evaluator.value(node["Ref"])}
        parts = node.get("Fn::GetAtt")
        if len(node) == 1 and isinstance(parts, list) and parts and isinstance(parts[0], dict):
            return {"Fn::GetAtt": [self._evaluator.value(parts[0]), *parts[1:]]}
        return node

    def _texts(self, node: Any, bound: Mapping[str, str]) -> Any:
        if isinstance(node, str):
            return _substituted(node, bound)
        if isinstance(node, list) and node:
            return [self._texts(node[0], bound), *(self.unrolled(item, bound) for item in node[1:])]
        return node

    def _loop(self, key: str, argument: Any, bound: Mapping[str, str]) -> dict[str, Any]:
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[2], dict):
            raise TemplateInvalid(f"Template error: {key} requires an identifier, a collection and an object")
        identifier, collection, body = argument
        items = self._evaluator.value(self.unrolled(collection, bound))
        if isinstance(items, str):
            items = items.split(",")
        if not isinstance(items, list):
            raise TemplateInvalid(f"Template error: the collection of {key} is not a list")
        found: dict[str, Any] = {}
        for item in items:
            self._left -= 1
            if self._left < 0:
                raise TemplateInvalid(f"Template error: {key} makes more than {MOST_ITEMS} items")
            values = {**bound, str(identifier): as_text(item)}
            for name, value in body.items():
                if name.startswith(FOR_EACH):
                    found.update(self._loop(name, value, values))
                else:
                    found[_substituted(name, values)] = self.unrolled(value, values)
        return found


def _substituted(text: str, bound: Mapping[str, str]) -> str:
    def replaced(match: re.Match[str]) -> str:
        value = bound.get(match[2])
        if value is None:
            return match[0]
        # `&{}` leaves letters and digits alone: logical ids have no others.
        return re.sub(r"[^A-Za-z0-9]", "", value) if match[1] == "&" else value

    return re.sub(r"([$&])\{(\w+)\}", replaced, text)
