"""The values of a template's parameters: given, default, from SSM; their constraints, and the pseudo parameters."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from studiolo.domain import Scope
from studiolo.stacks.template.errors import TemplateInvalid
from studiolo.stacks.template.functions import as_text
from studiolo.stacks.template.sections import Template

SSM = "AWS::SSM::Parameter::"

Lookup = Callable[[str], str]
"""The value of an SSM parameter by its name. Raises TemplateInvalid."""


@dataclass(frozen=True)
class Parameter:
    """A parameter's value: as it was given, and what it comes to (a list for the types of lists)."""

    name: str
    given: str
    value: Any
    hidden: bool = False
    resolved: str | None = None
    """What SSM has under the name given."""

    @property
    def shown(self) -> str:
        """The value as it may be shown."""
        return "****" if self.hidden else self.given


def parameters(
    template: Template,
    given: Mapping[str, str],
    lookup: Lookup,
) -> dict[str, Parameter]:
    """The value of every parameter. Raises TemplateInvalid."""
    unknown = [name for name in given if name not in template.parameters]
    if unknown:
        raise TemplateInvalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    texts = {name: _given(name, declared, given) for name, declared in template.parameters.items()}
    missing = [name for name, text in texts.items() if text is None]
    if missing:
        raise TemplateInvalid(f"Parameters: [{', '.join(missing)}] must have values")
    return {
        name: _parameter(name, template.parameters[name], text, lookup)
        for name, text in texts.items()
        if text is not None
    }


def pseudo(scope: Scope, stack: str, identifier: str, notifications: list[str]) -> dict[str, Any]:
    """The pseudo parameters of a stack."""
    suffix = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}[scope.partition]
    return {
        "AWS::AccountId": scope.account,
        "AWS::NotificationARNs": notifications,
        "AWS::Partition": scope.partition,
        "AWS::Region": scope.region,
        "AWS::StackId": identifier,
        "AWS::StackName": stack,
        "AWS::URLSuffix": suffix,
    }


def _given(name: str, declared: Mapping[str, Any], given: Mapping[str, str]) -> str | None:
    if name in given:
        return given[name]
    if "Default" not in declared:
        return None
    default = declared["Default"]
    return ",".join(map(as_text, default)) if isinstance(default, list) else as_text(default)


def _parameter(name: str, declared: Mapping[str, Any], text: str, lookup: Lookup) -> Parameter:
    kind = declared["Type"]
    resolved = None
    if kind.startswith(SSM):
        inner = kind.removeprefix(SSM)
        if inner.startswith("Value<"):
            resolved = lookup(text)
            kind = inner.removeprefix("Value<").removesuffix(">")
        else:
            kind = "String"
    used = text if resolved is None else resolved
    is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
    items = [item.strip() for item in used.split(",")] if is_list and used else [] if is_list else [used]
    for item in items:
        _check(name, declared, kind.removeprefix("List<").removesuffix(">"), item)
    hidden = str(declared.get("NoEcho", "false")).lower() == "true"
    return Parameter(name, text, items if is_list else used, hidden, resolved)


def _check(name: str, declared: Mapping[str, Any], kind: str, text: str) -> None:
    def refuse(words: str) -> TemplateInvalid:
        told = declared.get("ConstraintDescription")
        if told:
            return TemplateInvalid(f"Parameter {name} failed to satisfy constraint: {told}")
        return TemplateInvalid(f"Parameter '{name}' {words}")

    allowed = declared.get("AllowedValues")
    if allowed is not None and text not in {as_text(value) for value in allowed}:
        raise refuse(f"must be one of AllowedValues: [{', '.join(map(as_text, allowed))}]")
    if kind == "Number":
        try:
            number = float(text)
        except ValueError as error:
            raise refuse("must be a number not " + repr(text)) from error
        if "MinValue" in declared and number < float(declared["MinValue"]):
            raise refuse(f"must be a number not less than {declared['MinValue']}")
        if "MaxValue" in declared and number > float(declared["MaxValue"]):
            raise refuse(f"must be a number not greater than {declared['MaxValue']}")
        return
    if "MinLength" in declared and len(text) < int(declared["MinLength"]):
        raise refuse(f"must contain at least {declared['MinLength']} characters")
    if "MaxLength" in declared and len(text) > int(declared["MaxLength"]):
        raise refuse(f"must contain at most {declared['MaxLength']} characters")
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not _fits(str(pattern), text):
        raise refuse(f"must match pattern {pattern}")


def _fits(pattern: str, text: str) -> bool:
    # A client's pattern on a client's text: re2 takes linear time, whatever they are.
    import re2

    try:
        return re2.compile(pattern).fullmatch(text) is not None
    except re2.error:
        try:
            return len(text) <= 4096 and re.fullmatch(pattern, text) is not None
        except re.error as error:
            raise TemplateInvalid(f"Template format error: {pattern} is not a pattern") from error
