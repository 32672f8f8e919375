"""A template's text as plain values: JSON, or YAML with its short forms (`!Ref`, `!GetAtt a.b`) written out."""

import json
import re
from typing import Any

import yaml

from studiolo.stacks.template.errors import TemplateInvalid

MOST_NODES = 200_000
"""Values of a template with its YAML aliases written out: a few lines can stand for billions."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_PLAIN = ("Ref", "Condition")


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """YAML as CloudFormation reads it: keys and dates are texts, and so are numbers that would lose their zeros."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        return {
            key.value if isinstance(key, yaml.ScalarNode) else self.construct_object(key, deep=True):
            self.construct_object(value, deep=deep)
            for key, value in node.value
        }  # fmt: skip


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = node.value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in _PLAIN else f"Fn::{suffix}": value}


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int | str:
    text = str(node.value)
    return int(text) if _INTEGER.fullmatch(text) else text


_Loader.add_multi_constructor("!", _short_form)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: node.value)


def load(text: str) -> dict[str, Any]:
    """The template. Raises TemplateInvalid."""
    loaded = _json(text) if text.lstrip()[:1] == "{" else _yaml(text)
    if not isinstance(loaded, dict):
        raise TemplateInvalid("Template format error: unsupported structure.")
    _count(loaded, [MOST_NODES])
    return loaded


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise TemplateInvalid("Template format error: the template is nested too deeply.") from error
    except json.JSONDecodeError as error:
        try:
            # YAML's flow style begins with a brace too.
            return _yaml(text)
        except TemplateInvalid:
            place = f"(line {error.lineno}, column {error.colno})"
            raise TemplateInvalid(f"Template format error: JSON not well-formed. {place}") from error


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader with constructors of plain values)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        raise TemplateInvalid(f"Template format error: YAML not well-formed.{place}") from error
    except (RecursionError, ValueError, TypeError) as error:
        raise TemplateInvalid("Template format error: YAML not well-formed.") from error


def _count(value: Any, left: list[int], depth: int = 0) -> None:
    left[0] -= 1
    if left[0] < 0 or depth > 100:
        raise TemplateInvalid("Template format error: the template holds too many values.")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TemplateInvalid(f"Template format error: the key {key!r} is not a text.")
            _count(item, left, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _count(item, left, depth + 1)
