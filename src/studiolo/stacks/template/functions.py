"""The intrinsic functions: what a value of a template comes to.

What depends on a resource that is not there yet comes to an `Unknown`, and so does all that is made of it.
"""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from studiolo.stacks.template.errors import TemplateInvalid

NO_VALUE = object()
"""What `Ref: AWS::NoValue` comes to: the member, or item, is left out."""

SUBSTITUTE = re.compile(r"\$\{(!?)([^{}$]*)\}")

CONDITION_FUNCTIONS = frozenset({"Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"})
RULE_FUNCTIONS = frozenset({"Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::RefAll", "Fn::ValueOf"})


@dataclass(frozen=True)
class Unknown:
    """A value that is known only once resources are: `causes` are logical ids, with the attribute where it is one."""

    causes: frozenset[tuple[str, str | None]]


class Resources(Protocol):
    """What a template may ask of its resources and of the world."""

    def resource(self, logical: str, attribute: str | None) -> Any:
        """Ref (None) or GetAtt of a resource; an Unknown where it is not there yet."""

    def export(self, name: str) -> Any:
        """The value of an export. Raises TemplateInvalid."""

    def output(self, stack: str, name: str, region: str | None, role: str | None) -> Any:
        """The value of an output of another stack. Raises TemplateInvalid."""

    def zones(self, region: str) -> Sequence[str]:
        """The availability zones of a region."""


@dataclass
class Evaluator:
    """Values of one template, given its parameters. values: of parameters and pseudo parameters, by name."""

    values: Mapping[str, Any]
    mappings: Mapping[str, Any]
    definitions: Mapping[str, Any]
    resource_names: frozenset[str]
    resources: Resources | None = None
    _conditions: dict[str, bool] = field(default_factory=dict)

    def value(self, node: Any) -> Any:
        """What a value comes to. Raises TemplateInvalid."""
        if isinstance(node, dict):
            if len(node) == 1:
                [(name, argument)] = node.items()
                if name == "Ref" or name.startswith("Fn::"):
                    return self._call(name, argument)
            found = {key: self.value(item) for key, item in node.items()}
            return {key: item for key, item in found.items() if item is not NO_VALUE}
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not NO_VALUE]
        return node

    def fold(self, node: Any) -> Any:
        """A value with its Fn::If decided; the rest as it is written."""
        if isinstance(node, dict):
            if len(node) == 1 and "Fn::If" in node:
                return self.fold(self._chosen(node["Fn::If"]))
            if node == {"Ref": "AWS::NoValue"}:
                return NO_VALUE
            found = {key: self.fold(item) for key, item in node.items()}
            return {key: item for key, item in found.items() if item is not NO_VALUE}
        if isinstance(node, list):
            return [item for item in map(self.fold, node) if item is not NO_VALUE]
        return node

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds. Raises TemplateInvalid."""
        if name not in self._conditions:
            if name not in self.definitions:
                raise TemplateInvalid(f"Template format error: Unresolved condition dependency {name} in the template")
            self._conditions[name] = False  # until it is known: one that needs itself comes to an end
            self._conditions[name] = self.holds(self.definitions[name])
        return self._conditions[name]

    def holds(self, node: Any) -> bool:
        """Whether an expression of conditions holds."""
        if isinstance(node, dict) and len(node) == 1:
            [(name, argument)] = node.items()
            if name == "Condition":
                return self.condition(_text(argument, name))
            if name == "Fn::Not":
                return not self.holds(_list(argument, name, 1)[0])
            if name in ("Fn::And", "Fn::Or"):
                found = [self.holds(item) for item in _list(argument, name)]
                return all(found) if name == "Fn::And" else any(found)
            value = self._call(name, argument)
            if isinstance(value, Unknown):
                raise TemplateInvalid("Template error: a condition may not depend on a resource")
            return as_boolean(value)
        return as_boolean(node)

    def _call(self, name: str, argument: Any) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise TemplateInvalid(f"Template format error: Unknown function {name}")
        return function(self, argument)

    def _chosen(self, argument: Any) -> Any:
        condition, yes, no = _list(argument, "Fn::If", 3)
        held = self.condition(condition) if isinstance(condition, str) else self.holds(condition)
        return yes if held else no

    def _if(self, argument: Any) -> Any:
        return self.value(self._chosen(argument))

    def _ref(self, argument: Any) -> Any:
        if not isinstance(argument, str):
            raise TemplateInvalid("Template error: every Ref object must have a single String value.")
        if argument == "AWS::NoValue":
            return NO_VALUE
        if argument in self.values:
            return self.values[argument]
        return self._resource(argument, None)

    def _get_att(self, argument: Any) -> Any:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        if not isinstance(argument, list) or len(argument) < 2 or not isinstance(argument[0], str):
            raise TemplateInvalid(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
                "resource attribute"
            )
        attribute = self.value(argument[1]) if len(argument) == 2 else ".".join(map(str, argument[1:]))
        return self._resource(argument[0], str(attribute))

    def _resource(self, name: str, attribute: str | None) -> Any:
        if name not in self.resource_names:
            raise TemplateInvalid(f"Template format error: Unresolved resource dependencies [{name}] in the template")
        if self.resources is None:
            return Unknown(frozenset({(name, attribute)}))
        return self.resources.resource(name, attribute)

    def _sub(self, argument: Any) -> Any:
        if isinstance(argument, str):
            text, given = argument, {}
        else:
            text, given = _list(argument, "Fn::Sub", 2)
        if not isinstance(text, str) or not isinstance(given, dict):
            raise TemplateInvalid(
                "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
                "string as first argument, and an optional second argument to specify a mapping of values to replace "
                "in the string"
            )
        unknown: set[tuple[str, str | None]] = set()

        def replaced(match: re.Match[str]) -> str:
            name = match[2].strip()
            if match[1]:
                return f"${{{name}}}"
            value = self.value(given[name]) if name in given else self._named(name)
            if isinstance(value, Unknown):
                unknown.update(value.causes)
                return ""
            return ",".join(map(as_text, value)) if isinstance(value, list) else as_text(value)

        text = SUBSTITUTE.sub(replaced, text)
        return Unknown(frozenset(unknown)) if unknown else text

    def _named(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        logical, dot, attribute = name.partition(".")
        return self._resource(logical, attribute if dot else None)

    def _join(self, argument: Any) -> Any:
        separator, items = self._two(argument, "Fn::Join")
        if not isinstance(items, (list, Unknown)):
            raise TemplateInvalid("Template error: every Fn::Join object requires two parameters, (1) a string "
                                  "delimiter and (2) a list of strings to be joined")  # fmt: skip
        listed: Any = items
        return known([separator, items], lambda: as_text(separator).join(map(as_text, listed)))

    def _select(self, argument: Any) -> Any:
        index, items = self._two(argument, "Fn::Select")

        def selected() -> Any:
            if not isinstance(items, list):
                raise TemplateInvalid("Template error: Fn::Select requires a list argument with two elements: an "
                                      "integer index and a list")  # fmt: skip
            number = _integer(index, "Fn::Select")
            if not 0 <= number < len(items):
                raise TemplateInvalid(f"Template error: Fn::Select cannot select nonexistent value at index {number}")
            return items[number]

        if isinstance(items, list) and not isinstance(index, Unknown):
            return selected()
        return known([index, items], selected)

    def _split(self, argument: Any) -> Any:
        separator, text = self._two(argument, "Fn::Split")
        return known([separator, text], lambda: as_text(text).split(as_text(separator)))

    def _find_in_map(self, argument: Any) -> Any:
        items = _list(argument, "Fn::FindInMap")
        default = items[3]["DefaultValue"] if len(items) == 4 and isinstance(items[3], dict) else NO_VALUE
        if len(items) not in (3, 4):
            raise TemplateInvalid("Template error: every Fn::FindInMap object requires three parameters, the map name, "
                                  "map key and the attribute for return value")  # fmt: skip
        found: Any = self.mappings
        keys = [as_text(self.value(item)) for item in items[:3]]
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                if default is not NO_VALUE:
                    return self.value(default)
                raise TemplateInvalid(f"Template error: Unable to get mapping for {'::'.join(keys)}")
            found = found[key]
        return found

    def _import_value(self, argument: Any) -> Any:
        name = self.value(argument)
        if isinstance(name, Unknown) or self.resources is None:
            return name if isinstance(name, Unknown) else Unknown(frozenset())
        return self.resources.export(as_text(name))

    def _get_stack_output(self, argument: Any) -> Any:
        allowed = {"StackName", "OutputName", "Region", "RoleArn"}
        if not isinstance(argument, dict) or not {"StackName", "OutputName"} <= set(argument) <= allowed:
            raise TemplateInvalid(
                "Template error: every Fn::GetStackOutput object requires StackName and OutputName, and may have Region "
                "and RoleArn"
            )
        found = self.value(argument)
        if self.resources is None:
            return Unknown(causes_of(found))
        place, optional = self.resources, (found.get("Region"), found.get("RoleArn"))
        return known(
            list(found.values()),
            lambda: place.output(as_text(found["StackName"]), as_text(found["OutputName"]), *optional),
        )

    def _get_azs(self, argument: Any) -> Any:
        region = self.value(argument) or self.values["AWS::Region"]
        if isinstance(region, Unknown) or self.resources is None:
            return region if isinstance(region, Unknown) else Unknown(frozenset())
        return list(self.resources.zones(as_text(region)))

    def _base64(self, argument: Any) -> Any:
        text = self.value(argument)
        return known([text], lambda: base64.b64encode(as_text(text).encode()).decode())

    def _cidr(self, argument: Any) -> Any:
        given = [self.value(item) for item in _list(argument, "Fn::Cidr")]
        return known(given, lambda: _cidr_blocks(*given))

    def _length(self, argument: Any) -> Any:
        found = self.value(argument)
        return known([found] if isinstance(found, Unknown) else [], lambda: len(found))

    def _to_json(self, argument: Any) -> Any:
        found = self.value(argument)
        return known([found], lambda: json.dumps(found, separators=(",", ":")))

    def _equals(self, argument: Any) -> Any:
        left, right = self._two(argument, "Fn::Equals")
        return known([left, right], lambda: _comparable(left) == _comparable(right))

    def _contains(self, argument: Any) -> Any:
        items, value = self._two(argument, "Fn::Contains")
        return as_text(value) in map(as_text, items)

    def _each_member_equals(self, argument: Any) -> Any:
        items, value = self._two(argument, "Fn::EachMemberEquals")
        return all(as_text(item) == as_text(value) for item in items)

    def _each_member_in(self, argument: Any) -> Any:
        items, among = self._two(argument, "Fn::EachMemberIn")
        return {as_text(item) for item in items} <= {as_text(item) for item in among}

    def _two(self, argument: Any, name: str) -> tuple[Any, Any]:
        first, second = _list(argument, name, 2)
        return self.value(first), self.value(second)


def known(values: Sequence[Any], compute: Callable[[], Any]) -> Any:
    """What is computed of values; an Unknown where one of them is, or holds, one."""
    causes = frozenset().union(*(causes_of(value) for value in values)) if values else frozenset()
    if causes or any(isinstance(value, Unknown) for value in values):
        return Unknown(causes)
    return compute()


def causes_of(value: Any) -> frozenset[tuple[str, str | None]]:
    """All that a value waits for."""
    if isinstance(value, Unknown):
        return value.causes
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return frozenset().union(*(causes_of(item) for item in items))


def as_text(value: Any) -> str:
    """A scalar as CloudFormation writes it. Raises TemplateInvalid for a list or map."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        raise TemplateInvalid("Template error: a text was expected where there is a list or a map")
    return str(value)


def as_boolean(value: Any) -> bool:
    """A boolean, or its name."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise TemplateInvalid("Template format error: every condition must be a boolean expression")


def _comparable(value: Any) -> Any:
    return [_comparable(item) for item in value] if isinstance(value, list) else as_text(value)


def _cidr_blocks(block: Any, count: Any, bits: Any = None) -> list[str]:
    try:
        network = ipaddress.ip_network(as_text(block), strict=False)
        length = network.max_prefixlen - (_integer(bits, "Fn::Cidr") if bits is not None else 8)
        number = _integer(count, "Fn::Cidr")
        if not 1 <= number <= 256 or 2 ** max(0, length - network.prefixlen) < number:
            raise ValueError
        subnets = network.subnets(new_prefix=length)
        return [str(next(subnets)) for _ in range(number)]
    except ValueError as error:
        raise TemplateInvalid(f"Template error: Fn::Cidr cannot make {count} blocks of {block}") from error


def _list(argument: Any, name: str, length: int | None = None) -> list[Any]:
    if not isinstance(argument, list) or (length is not None and len(argument) != length):
        many = "a list" if length is None else f"a list of {length}"
        raise TemplateInvalid(f"Template error: every {name} object requires {many}")
    return argument


def _text(argument: Any, name: str) -> str:
    if not isinstance(argument, str):
        raise TemplateInvalid(f"Template error: every {name} object must have a single String value")
    return argument


def _integer(value: Any, name: str) -> int:
    try:
        return int(as_text(value))
    except ValueError as error:
        raise TemplateInvalid(f"Template error: {name} needs an integer, and {value} is none") from error


_FUNCTIONS: Mapping[str, Callable[[Evaluator, Any], Any]] = {
    "Ref": Evaluator._ref,
    "Fn::Base64": Evaluator._base64,
    "Fn::Cidr": Evaluator._cidr,
    "Fn::Contains": Evaluator._contains,
    "Fn::EachMemberEquals": Evaluator._each_member_equals,
    "Fn::EachMemberIn": Evaluator._each_member_in,
    "Fn::Equals": Evaluator._equals,
    "Fn::FindInMap": Evaluator._find_in_map,
    "Fn::GetAZs": Evaluator._get_azs,
    "Fn::GetAtt": Evaluator._get_att,
    "Fn::GetStackOutput": Evaluator._get_stack_output,
    "Fn::If": Evaluator._if,
    "Fn::ImportValue": Evaluator._import_value,
    "Fn::Join": Evaluator._join,
    "Fn::Length": Evaluator._length,
    "Fn::Select": Evaluator._select,
    "Fn::Split": Evaluator._split,
    "Fn::Sub": Evaluator._sub,
    "Fn::ToJsonString": Evaluator._to_json,
}


def unknown_function(node: Any) -> str | None:
    """The name of a function in a value that is none."""
    if isinstance(node, dict):
        [name] = node if len(node) == 1 else [""]
        if name.startswith("Fn::") and name not in _KNOWN and not name.startswith("Fn::ForEach::"):
            return str(name)
    items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return next((found for item in items if (found := unknown_function(item)) is not None), None)


_KNOWN = frozenset({*_FUNCTIONS, "Fn::And", "Fn::Not", "Fn::Or", "Fn::Transform"})
