"""AWS Service Catalog: what a template asks for, as its answers say it."""

from collections.abc import Mapping
from typing import Any

from studiolo.stacks import read_template

CONSTRAINTS = ("AllowedPattern", "ConstraintDescription", "MaxLength", "MinLength", "MaxValue", "MinValue")


def as_parameters(text: str) -> list[dict[str, Any]]:
    return [_parameter(name, declared) for name, declared in read_template(text)[0].parameters.items()]


def as_outputs(text: str) -> list[dict[str, Any]]:
    outputs = read_template(text)[0].outputs
    return [
        {"Key": name, **({"Description": str(told["Description"])} if "Description" in told else {})}
        for name, told in outputs.items()
    ]


def _parameter(name: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    hidden = str(declared.get("NoEcho", "false")).lower() == "true"
    constraints: dict[str, Any] = {key: _text(declared[key]) for key in CONSTRAINTS if key in declared}
    if "AllowedValues" in declared:
        constraints["AllowedValues"] = [_text(value) for value in declared["AllowedValues"]]
    shown = {"ParameterKey": name, "ParameterType": declared["Type"], "IsNoEcho": hidden}
    if "Default" in declared:
        shown["DefaultValue"] = _text(declared["Default"])
    if "Description" in declared:
        shown["Description"] = str(declared["Description"])
    return {**shown, "ParameterConstraints": constraints}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
