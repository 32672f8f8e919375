"""Transforms: AWS::Include, serverless applications, macros, and the language extensions (Fn::ForEach; the functions are
always understood).

Those within the template come first, the deepest before what is around it; then those that the template declares, in
their order.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from studiolo.stacks.template.errors import TemplateInvalid
from studiolo.stacks.template.functions import Evaluator
from studiolo.stacks.template.loader import load
from studiolo.stacks.template.loops import Loops

LANGUAGE = "AWS::LanguageExtensions"
INCLUDE = "AWS::Include"
SERVERLESS = "AWS::Serverless-2016-10-31"
TRANSFORM = "Fn::Transform"

Values = Mapping[str, Any]
"""Of parameters and pseudo parameters."""


class Outside(Protocol):
    """What transforms ask of the world. Each raises TemplateInvalid."""

    def fetch(self, url: str) -> str:
        """The text of a file in S3."""

    def serverless(self, body: Mapping[str, Any], values: Values) -> dict[str, Any]:
        """A template with what its AWS::Serverless resources stand for."""

    def macro(self, name: str, fragment: Any, parameters: Mapping[str, Any], values: Values) -> Any:
        """What a macro makes of a part of a template, or of all of it."""


def named_transforms(body: Mapping[str, Any]) -> list[str]:
    """The names of the transforms that a template declares, or asks for within; each once."""
    names = [*(name for name, _ in _each(body.get("Transform", []))), *_within(body)]
    return list(dict.fromkeys(names))


def transformed(body: Mapping[str, Any], values: Values, outside: Outside) -> dict[str, Any]:
    """The template with its transforms carried out. Raises TemplateInvalid."""
    evaluator = Evaluator(values, body.get("Mappings", {}), {}, frozenset())
    inner = _Inner(evaluator, outside)
    found: Any = inner.carried_out({key: item for key, item in body.items() if key != "Transform"})
    for name, parameters in _each(body.get("Transform", [])):
        if name == LANGUAGE:
            found = {key: Loops(evaluator).unrolled(item, {}) for key, item in found.items()}
        elif name == SERVERLESS:
            found = outside.serverless(found, values)
        else:
            found = inner.applied(name, found, parameters)
        if not isinstance(found, dict):
            raise TemplateInvalid(f"Transform {name} failed with: it made no template of the template.")
    return dict(found)


class _Inner:
    """Carries out the transforms within a template."""

    def __init__(self, evaluator: Evaluator, outside: Outside) -> None:
        self._evaluator = evaluator
        self._outside = outside

    def carried_out(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.carried_out(item) for item in node]
        if not isinstance(node, dict):
            return node
        found: Any = {key: self.carried_out(item) for key, item in node.items() if not _is_transform(key, item)}
        for key, item in node.items():
            if _is_transform(key, item):
                for name, parameters in _each(item):
                    found = self.applied(name, found, parameters)
        return found

    def applied(self, name: str, fragment: Any, parameters: Mapping[str, Any]) -> Any:
        """What a transform makes of what is beside it."""
        given = self._evaluator.value(dict(parameters))
        if name != INCLUDE:
            if name in (LANGUAGE, SERVERLESS):
                raise TemplateInvalid(
                    f"The transform {name} is for a whole template: declare it in the section Transform."
                )
            return self._outside.macro(name, fragment, given, self._evaluator.values)
        location = given.get("Location")
        if not isinstance(location, str):
            raise TemplateInvalid("Transform AWS::Include failed with: The location parameter is not a text.")
        found = self.carried_out(load(self._outside.fetch(location)))
        return {**fragment, **found}


def _is_transform(key: str, item: Any) -> bool:
    # AWS::Include may be spelled without Fn::, in any place.
    return key == TRANSFORM or (key == "Transform" and isinstance(item, dict) and item.get("Name") == INCLUDE)


def _each(declared: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The transforms that one place asks for: their names and parameters."""
    for item in declared if isinstance(declared, list) else [declared]:
        named = item if isinstance(item, dict) else {"Name": item}
        parameters = named.get("Parameters") or {}
        if not isinstance(named.get("Name"), str) or not isinstance(parameters, dict):
            raise TemplateInvalid("Template format error: a transform is a name, or a Name with Parameters.")
        yield named["Name"], parameters


def _within(node: Any) -> Iterator[str]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, item in items:
        if isinstance(key, str) and _is_transform(key, item):
            yield from (name for name, _ in _each(item))
        else:
            yield from _within(item)
