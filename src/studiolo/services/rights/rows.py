"""The language of the tables that say what each operation needs, and what a row makes of a request.

A row is a line: the operation, and the resources on which its action (`service:Operation`) must be allowed, all of them.

    GetTable            catalog  database/{DatabaseName}  table/{DatabaseName}/{Name}
    CreateModel?Tags    @sagemaker:AddTags  model/{ModelName}
    ListSessions        *

A resource is the last part of an ARN of the service, or with `=` a whole ARN. Braces hold a parameter of the request, as
JMESPath: a list makes a resource of each; where there is nothing the resource is left out, or has what stands behind
`:` (`@caller`: the name of the user who calls). `@action` asks for another action; `?Parameter` behind the operation
makes the row one more, for requests that have that parameter.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import jmespath

from studiolo.aws.arns import partition_of
from studiolo.domain import DomainError, Scope
from studiolo.identity import Policies, Question, of_tags
from studiolo.services.call import Call

_EXPRESSION = re.compile(r"\{([^}:]+)(?::([^}]*))?\}")
_TAGS = ("Tags", "tags", "TagsToAdd")
_TAG_KEYS = ("TagKeys", "tagKeys", "TagsToRemove", "tags")

Parameters = Mapping[str, Any]
Find = Callable[[Parameters], Any]


@dataclass(frozen=True)
class Resource:
    """A resource of a row: fixed texts, with the parameters between them; whole: an ARN, not its last part."""

    texts: tuple[str, ...]
    found: tuple[tuple[Find, str | None], ...]
    whole: bool

    def of(self, call: Call, parameters: Parameters) -> Iterator[str]:
        """The resources that a request names."""
        if not self.found:
            yield self.texts[0]
            return
        values = [_values(find(parameters), default, call) for find, default in self.found]
        for chosen in product(*values):
            pairs = zip(self.texts[1:], chosen, strict=True)
            yield self.texts[0] + "".join(value + text for text, value in pairs)


@dataclass(frozen=True)
class Row:
    """What an operation needs. parameter: the row is only for requests that have it; makes: its first resource is new."""

    action: str
    resources: tuple[Resource, ...]
    parameter: str | None = None
    makes: bool = False


@dataclass(frozen=True)
class Rights:
    """What every operation of a service needs.

    rows: by operation; keys: the condition keys of the service by operation, each with the parameter it is. names: a
    resource as the service spells it in ARNs, with what is above it; tags: those of a resource by ARN; policy: of the
    resources themselves; known: further condition keys of an operation; place: whose the resources are; behind: the
    ARNs of what a resource stands for beside itself, to an action.
    """

    service: str
    rows: Mapping[str, Sequence[Row]]
    keys: Mapping[str, Mapping[str, Find]] = field(default_factory=dict)
    names: Callable[[Call, str, Parameters], Sequence[str]] = lambda _call, resource, _parameters: (resource,)
    tags: Callable[[Call, str], Mapping[str, str]] | None = None
    policy: Callable[[Call, Parameters], Policies | None] = lambda _call, _parameters: None
    known: Callable[[Call, str, Parameters], Mapping[str, str | Sequence[str]]] = (
        lambda _call, _operation, _parameters: {}
    )
    place: Callable[[Call, Parameters], Scope] = lambda call, _parameters: call.scope
    behind: Callable[[Call, str, str, Parameters], Sequence[str]] = lambda _call, _action, _resource, _parameters: ()

    def action(self, operation: str) -> str:
        """The first action that an operation needs. Raises KeyError for one without a row."""
        return self.rows[operation][0].action

    def questions(self, call: Call, operation: str, parameters: Parameters) -> Iterator[Question]:
        """All that must be allowed for a request. Raises KeyError for an operation without a row."""

        def keys() -> Mapping[str, str | Sequence[str]]:
            return {**self._told(operation, parameters), **self.known(call, operation, parameters)}

        for row in self.rows[operation]:
            if row.parameter is not None and not parameters.get(row.parameter):
                continue
            for i, arn in enumerate(self._arns(row, call, parameters)):
                made = row.makes and i == 0
                yield Question(row.action, arn, keys, self._tags_of(call, arn, keys if made else None))

    def _arns(self, row: Row, call: Call, parameters: Parameters) -> Sequence[str]:
        place = self.place(call, parameters)
        partition = partition_of(place.region) if place.region else call.studio.identity.partition
        prefix = f"arn:{partition}:{self.service}:{place.region}:{place.account}:"
        arns: dict[str, None] = {}
        for resource in row.resources:
            for text in resource.of(call, parameters):
                if resource.whole or text == "*":
                    arns[text] = None
                else:
                    arns.update(dict.fromkeys(prefix + name for name in self.names(call, text, parameters)))
                    arns.update(dict.fromkeys(self.behind(call, row.action, text, parameters)))
        return list(arns) or ["*"]

    def _tags_of(
        self, call: Call, arn: str, making: Callable[[], Mapping[str, str | Sequence[str]]] | None
    ) -> Callable[[], Mapping[str, str]] | None:
        """Finds the tags of a resource. making: the keys of the request that makes it; its tags are those it brings."""
        find = self.tags
        if find is None or (arn == "*" and making is None):
            return None

        def tags() -> Mapping[str, str]:
            with suppress(DomainError, ValueError):
                # What is not there, or is named by no ARN, has no tags.
                if arn != "*" and (found := find(call, arn)):
                    return found
            brought = {} if making is None else making()
            start = "aws:RequestTag/"
            return {key.removeprefix(start): str(value) for key, value in brought.items() if key.startswith(start)}

        return tags

    def _told(self, operation: str, parameters: Parameters) -> Mapping[str, str | Sequence[str]]:
        known = dict(of_tags(_tags(parameters)))
        removed = next((parameters[name] for name in _TAG_KEYS if _names(parameters.get(name))), None)
        if removed is not None:
            known["aws:TagKeys"] = tuple(removed)
        for key, find in self.keys.get(operation, {}).items():
            value = find(parameters)
            if value is not None:
                known[key] = tuple(map(_text, value)) if isinstance(value, list) else _text(value)
        return known


def table(service: str, text: str) -> Mapping[str, Sequence[Row]]:
    """The rows of a table, by operation."""
    rows: dict[str, list[Row]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        head, *words = line.split()
        operation, _, parameter = head.partition("?")
        actions = [word[1:] for word in words if word.startswith("@")]
        resources = tuple(_resource(word) for word in words if not word.startswith("@"))
        # EC2's CreateTags makes nothing.
        makes = operation.startswith(("Create", "Run")) and operation != "CreateTags"
        row = Row(actions[0] if actions else f"{service}:{operation}", resources, parameter or None, makes)
        rows.setdefault(operation, []).append(row)
    return rows


def conditions(text: str) -> Mapping[str, Mapping[str, Find]]:
    """The condition keys of a table of lines: operations separated by commas, the key, the parameter."""
    keys: dict[str, dict[str, Find]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        operations, key, expression = line.split(None, 2)
        for operation in operations.split(","):
            keys.setdefault(operation, {})[key] = _finder(expression)
    return keys


def _resource(text: str) -> Resource:
    whole = text.startswith("=")
    parts = _EXPRESSION.split(text.removeprefix("="))
    found = tuple((_finder(parts[i]), parts[i + 1]) for i in range(1, len(parts), 3))
    return Resource(tuple(parts[::3]), found, whole)


def _finder(expression: str) -> Find:
    if expression.isidentifier():
        return lambda parameters: parameters.get(expression)
    compiled = jmespath.compile(expression)
    return lambda parameters: compiled.search(parameters)


def _values(found: Any, default: str | None, call: Call) -> Sequence[str]:
    if isinstance(found, list):
        return [_text(each) for each in found]
    if found not in (None, ""):
        return (_text(found),)
    if default == "@caller":
        return (call.principal.user_name or "*",)
    return () if default is None else (default,)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tags(parameters: Parameters) -> Mapping[str, str]:
    for name in _TAGS:
        given = parameters.get(name)
        if isinstance(given, Mapping):
            return given
        if isinstance(given, list) and not _names(given):
            # KMS alone calls them TagKey and TagValue.
            tags = [tag for tag in given if isinstance(tag, Mapping)]
            pairs = [(tag.get("Key", tag.get("TagKey")), tag.get("Value", tag.get("TagValue", ""))) for tag in tags]
            return {key: value for key, value in pairs if key is not None}
    return {}


def _names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
