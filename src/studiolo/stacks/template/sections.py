"""A template, its form checked: sections, resources, what refers to what."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.stacks.template.errors import TemplateInvalid
from studiolo.stacks.template.functions import Evaluator, unknown_function
from studiolo.stacks.template.references import references

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions",
        "Transform", "Resources", "Outputs", "Hooks", "Globals",
    }
)  # fmt: skip
ATTRIBUTES = frozenset(
    {
        "Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy",
        "CreationPolicy", "UpdatePolicy",
    }
)  # fmt: skip
VERSION = "2010-09-09"
PARAMETER = frozenset(
    {
        "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description", "MaxLength", "MaxValue",
        "MinLength", "MinValue", "NoEcho", "Type",
    }
)  # fmt: skip
KINDS = re.compile(r"String|Number|List<Number>|CommaDelimitedList|(?:List<)?AWS::[\w:]+(?:<[\w:<>]+>)?>?")
"""What the type of a parameter may be."""

POLICIES = frozenset({"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"})

MOST_RESOURCES = 500
MOST_PARAMETERS = 200
MOST_OUTPUTS = 200


@dataclass(frozen=True)
class Definition:
    """A resource as its template defines it, conditions decided: `properties` hold functions still."""

    logical: str
    type: str
    properties: Mapping[str, Any]
    depends: tuple[str, ...]
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Template:
    """The sections of a template whose transforms have been carried out."""

    body: Mapping[str, Any]

    def __post_init__(self) -> None:
        unknown = sorted(set(self.body) - SECTIONS)
        if unknown:
            raise TemplateInvalid(
                f"Template format error: Invalid template property or properties [{', '.join(unknown)}]"
            )
        if str(self.body.get("AWSTemplateFormatVersion", VERSION)) != VERSION:
            raise TemplateInvalid("Template format error: unsupported value for AWSTemplateFormatVersion.")
        for name in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Rules"):
            if not isinstance(self.body.get(name, {}), dict):
                raise TemplateInvalid(f"Template format error: {name} must be a map.")
        if not self.resources:
            raise TemplateInvalid("Template format error: At least one Resources member must be defined.")
        for section, most in (
            ("Resources", MOST_RESOURCES),
            ("Parameters", MOST_PARAMETERS),
            ("Outputs", MOST_OUTPUTS),
        ):
            if len(self.body.get(section, {})) > most:
                raise TemplateInvalid(
                    f"Template format error: Number of {section.lower()}, {len(self.body[section])}, is greater than "
                    f"maximum allowed, {most}"
                )
        for logical, resource in self.resources.items():
            _check_resource(logical, resource)
        for name, output in self.outputs.items():
            if not isinstance(output, dict) or "Value" not in output:
                raise TemplateInvalid(f"Template format error: Output {name} must have a Value.")
        for name, parameter in self.parameters.items():
            if not isinstance(parameter, dict) or not isinstance(parameter.get("Type"), str):
                raise TemplateInvalid(
                    f"Template format error: Every Parameters object must contain a Type member: {name}."
                )
            _check_parameter(parameter)
        for mapping in self.body.get("Mappings", {}).values():
            if not isinstance(mapping, dict) or not all(isinstance(each, dict) for each in mapping.values()):
                raise TemplateInvalid("Template format error: Every Mappings object must contain members of maps.")
        self._check_references()

    @property
    def resources(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body.get("Resources", {})
        return found

    @property
    def parameters(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body.get("Parameters", {})
        return found

    @property
    def outputs(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body.get("Outputs", {})
        return found

    @property
    def description(self) -> str | None:
        found = self.body.get("Description")
        return None if found is None else str(found)

    @property
    def types(self) -> Sequence[str]:
        """The types of its resources, each once."""
        return sorted({resource["Type"] for resource in self.resources.values()})

    def evaluator(self, values: Mapping[str, Any]) -> Evaluator:
        """Evaluates its values; values: of parameters and pseudo parameters."""
        return Evaluator(
            values, self.body.get("Mappings", {}), self.body.get("Conditions", {}), frozenset(self.resources)
        )

    def checked(self) -> "Template":
        """Itself. Raises TemplateInvalid for functions that are none; a template that is kept already was let pass."""
        for name in ("Conditions", "Resources", "Outputs"):
            if (function := unknown_function(self.body.get(name))) is not None:
                raise TemplateInvalid(f"Template format error: Unknown function {function}")
        return self

    def definitions(self, evaluator: Evaluator) -> dict[str, Definition]:
        """The resources whose conditions hold, in an order in which each comes after those that it needs.

        Raises TemplateInvalid, for a circle among others.
        """
        there = [
            name
            for name, resource in self.resources.items()
            if "Condition" not in resource or evaluator.condition(resource["Condition"])
        ]
        found = {}
        for logical in there:
            resource = self.resources[logical]
            properties = evaluator.fold(resource.get("Properties") or {})
            named = resource.get("DependsOn", [])
            depends = {name for name, _ in references(properties)} | set([named] if isinstance(named, str) else named)
            for name in sorted({name for name, _ in references(properties)} & set(self.resources) - set(there)):
                raise TemplateInvalid(
                    f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the "
                    "template"
                )
            found[logical] = Definition(
                logical,
                resource["Type"],
                properties,
                tuple(sorted(depends & set(there) - {logical})),
                str(evaluator.value(evaluator.fold(resource.get("DeletionPolicy", "Delete")))),
                str(evaluator.value(evaluator.fold(resource.get("UpdateReplacePolicy", "Delete")))),
                resource.get("Metadata"),
            )
            if logical in depends & set(there):
                raise TemplateInvalid(f"Circular dependency between resources: [{logical}]")
        return {name: found[name] for name in in_order({name: each.depends for name, each in found.items()})}

    def _check_references(self) -> None:
        known = set(self.resources) | set(self.parameters)
        for block, node in (("Resources", self.resources), ("Outputs", self.outputs)):
            named = {name for name, _ in references(node) if not name.startswith("AWS::")}
            if block == "Resources":
                for resource in self.resources.values():
                    depends = resource.get("DependsOn", [])
                    named |= {depends} if isinstance(depends, str) else set(depends)
            if missing := sorted(named - known):
                raise TemplateInvalid(
                    f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {block} "
                    "block of the template"
                )


def in_order(depends: Mapping[str, Iterable[str]]) -> list[str]:
    """Names, each after those that it depends on, else in the order given. Raises TemplateInvalid for a circle."""
    left = {name: set(needs) for name, needs in depends.items()}
    followers: dict[str, list[str]] = {name: [] for name in left}
    for name, needs in left.items():
        for need in needs:
            followers[need].append(name)
    free = [name for name, needs in left.items() if not needs]
    ordered: list[str] = []
    while free:
        name = free.pop(0)
        ordered.append(name)
        for follower in followers[name]:
            left[follower].discard(name)
            if not left[follower]:
                free.append(follower)
    if len(ordered) < len(left):
        circle = sorted(set(left) - set(ordered))
        raise TemplateInvalid(f"Circular dependency between resources: [{', '.join(circle)}]")
    return ordered


def _check_parameter(parameter: Mapping[str, Any]) -> None:
    if unknown := sorted(set(parameter) - PARAMETER):
        raise TemplateInvalid(f"Invalid template parameter property '{unknown[0]}'")
    if KINDS.fullmatch(parameter["Type"]) is None:
        raise TemplateInvalid(f"Template format error: Unrecognized parameter type: {parameter['Type']}")


def _check_resource(logical: str, resource: Any) -> None:
    if not isinstance(resource, dict):
        raise TemplateInvalid(f"Template format error: [/Resources/{logical}] resource definition is malformed")
    if not isinstance(resource.get("Type"), str):
        raise TemplateInvalid(
            f"Template format error: [/Resources/{logical}] Every Resources object must contain a Type member."
        )
    if not logical.isalnum() or not logical.isascii():
        raise TemplateInvalid(f"Template format error: Resource name {logical} is non alphanumeric.")
    unknown = sorted(set(resource) - ATTRIBUTES)
    if unknown:
        raise TemplateInvalid(
            f"Invalid template resource property '{unknown[0]}' of {logical}: it is no attribute of a resource"
        )
    if not isinstance(resource.get("Properties") or {}, dict):
        raise TemplateInvalid(f"Template format error: [/Resources/{logical}] Properties must be a map.")
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        policy = resource.get(name)
        if isinstance(policy, str) and policy not in POLICIES:
            raise TemplateInvalid(f"Template error: unrecognized {name} {policy}")
        if policy == "Snapshot":
            raise TemplateInvalid(
                f"Template error: resource type {resource['Type']} does not support {name} value Snapshot"
            )
