"""AWS CloudFormation: templates, given back, checked, summed up."""

import json
from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import Invalid
from studiolo.services.call import Call
from studiolo.services.cloudformation.service import INVALID, check_body, cloudformation
from studiolo.stacks import Missing, Template, find_type, needed_capabilities, processed, read_template

Request = Mapping[str, Any]


@cloudformation.operation
def estimate_template_cost(call: Call, request: Request) -> dict[str, Any]:
    """Nothing here costs anything; the URL is that of AWS's calculator."""
    read_template(text_of(call, request))
    return {"Url": "https://calculator.aws/"}


@cloudformation.operation
def get_template(call: Call, request: Request) -> dict[str, Any]:
    store = call.studio.stacks.store
    if "ChangeSetName" in request:
        target = store.change_set(call.scope, request["ChangeSetName"], request.get("StackName")).target
    else:
        name = request.get("StackName")
        if name is None:
            raise ServiceError(INVALID, "StackName must not be null")
        found = store.stack(call.scope, name, deleted=name.startswith("arn:")).target
        if found is None:
            # Of a stack under review, which CDK asks for before it executes the first change set.
            return {"StagesAvailable": []}
        target = found
    is_original = request.get("TemplateStage", "Original") == "Original"
    return {
        "TemplateBody": target.body if is_original else processed(target),
        "StagesAvailable": ["Original", "Processed"],
    }


@cloudformation.operation
def get_template_summary(call: Call, request: Request) -> dict[str, Any]:
    stacks = call.studio.stacks
    if "StackName" in request:
        target = stacks.store.stack(call.scope, request["StackName"]).target
        if target is None:
            raise Missing("The stack is under review: it has no template yet.", request["StackName"])
        text = target.body
    else:
        text = text_of(call, request)
    template, transforms = read_template(text)
    capabilities = [*needed_capabilities(template), *(["CAPABILITY_AUTO_EXPAND"] if transforms else [])]
    shown: dict[str, Any] = {
        "Parameters": [as_parameter(name, declared) for name, declared in template.parameters.items()],
        "ResourceTypes": template.types,
        "DeclaredTransforms": transforms,
        **_description(template),
    }
    if capabilities:
        shown["Capabilities"] = capabilities
        named = [name for name in template.types if name.startswith("AWS::IAM::")]
        shown["CapabilitiesReason"] = (
            f"The following resource(s) require capabilities: [{', '.join(named or transforms)}]"
        )
    if "Metadata" in template.body:
        shown["Metadata"] = json.dumps(template.body["Metadata"])
    if "AWSTemplateFormatVersion" in template.body:
        shown["Version"] = str(template.body["AWSTemplateFormatVersion"])
    identified: dict[str, list[str]] = {}
    for logical, resource in template.resources.items():
        identified.setdefault(resource["Type"], []).append(logical)
    shown["ResourceIdentifierSummaries"] = [
        {"ResourceType": name, "LogicalResourceIds": logical, "ResourceIdentifiers": list(kind.schema.identifier)}
        for name, logical in identified.items()
        if (kind := find_type(name)) is not None and kind.schema is not None
    ]
    return shown


@cloudformation.operation
def validate_template(call: Call, request: Request) -> dict[str, Any]:
    text = text_of(call, request)
    template, transforms = read_template(text)
    unknown = [name for name in template.types if find_type(name) is None and not transforms]
    if unknown:
        raise Invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    capabilities = [*needed_capabilities(template), *(["CAPABILITY_AUTO_EXPAND"] if transforms else [])]
    shown: dict[str, Any] = {
        "Parameters": [
            {
                "ParameterKey": name,
                "NoEcho": _hidden(declared),
                **({"DefaultValue": _text(declared["Default"])} if "Default" in declared else {}),
                **({"Description": str(declared["Description"])} if "Description" in declared else {}),
            }
            for name, declared in template.parameters.items()
        ],
        "DeclaredTransforms": transforms,
        **_description(template),
    }
    if capabilities:
        shown["Capabilities"] = capabilities
        named = [name for name in template.types if name.startswith("AWS::IAM::")]
        shown["CapabilitiesReason"] = (
            f"The following resource(s) require capabilities: [{', '.join(named or transforms)}]"
        )
    return shown


def text_of(call: Call, request: Request) -> str:
    """The text of the template that a request gives or names."""
    check_body(call, request)
    return call.studio.stacks.targets.text(call.principal, request.get("TemplateBody"), request.get("TemplateURL"))


def as_parameter(name: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ParameterKey": name,
        "ParameterType": declared["Type"],
        "NoEcho": _hidden(declared),
        "ParameterConstraints": {},
    }
    if "Default" in declared:
        shown["DefaultValue"] = _text(declared["Default"])
    if "Description" in declared:
        shown["Description"] = str(declared["Description"])
    if "AllowedValues" in declared:
        shown["ParameterConstraints"] = {"AllowedValues": [_text(value) for value in declared["AllowedValues"]]}
    return shown


def _description(template: Template) -> dict[str, str]:
    return {} if template.description is None else {"Description": template.description}


def _hidden(declared: Mapping[str, Any]) -> bool:
    return str(declared.get("NoEcho", "false")).lower() == "true"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
