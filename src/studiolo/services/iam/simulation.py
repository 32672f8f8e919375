"""AWS IAM: what policies would say, and which condition keys they ask for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid
from studiolo.identity import Answer, Layer, Match, Position, Scenario, Simulated, context_keys, simulate
from studiolo.services.call import Call
from studiolo.services.iam.service import cut, iam, marker, paging

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        GetContextKeysForCustomPolicyRequestTypeDef,
        GetContextKeysForPrincipalPolicyRequestTypeDef,
        SimulateCustomPolicyRequestTypeDef,
        SimulatePrincipalPolicyRequestTypeDef,
    )

ANYBODY = "arn:aws:iam::{account}:user/simulated"
"""Who would call where a simulation of policies alone does not say."""


@iam.operation
def get_context_keys_for_custom_policy(
    call: Call, request: "GetContextKeysForCustomPolicyRequestTypeDef"
) -> dict[str, Any]:
    return {"ContextKeyNames": context_keys(request["PolicyInputList"])}


@iam.operation
def get_context_keys_for_principal_policy(
    call: Call, request: "GetContextKeysForPrincipalPolicyRequestTypeDef"
) -> dict[str, Any]:
    scenario = call.identity.scenario(request["PolicySourceArn"])
    return {"ContextKeyNames": context_keys([*scenario.identity.values(), *request.get("PolicyInputList", [])])}


@iam.operation
def simulate_custom_policy(call: Call, request: "SimulateCustomPolicyRequestTypeDef") -> dict[str, Any]:
    caller = request.get("CallerArn", ANYBODY.format(account=call.scope.account))
    scenario = Scenario(call.identity.caller_of(caller), {})
    return _answer(scenario, request)


@iam.operation
def simulate_principal_policy(call: Call, request: "SimulatePrincipalPolicyRequestTypeDef") -> dict[str, Any]:
    source = request["PolicySourceArn"]
    return _answer(call.identity.scenario(source, request.get("CallerArn", source)), request)


def _answer(scenario: Scenario, request: Mapping[str, Any]) -> dict[str, Any]:
    resources: Sequence[str] = request.get("ResourceArns", ["*"])
    if "*" in resources and len(resources) > 1:
        raise Invalid("You cannot include both * and individual resources in the resource list.")
    if request.get("PolicyExclusionList"):
        raise Invalid("PolicyExclusionList is not supported by Studiolo.")
    actions = [(f"{i:06d}", action) for i, action in enumerate(request["ActionNames"])]
    # The page first: all that a request can name is decided for many seconds.
    page = cut(actions, lambda action: action[0], **paging(request))
    results = simulate(_with_request(scenario, request), [action for _, action in page.items], resources)
    return {"EvaluationResults": [as_result(each) for each in results], **marker(page)}


def _with_request(scenario: Scenario, request: Mapping[str, Any]) -> Scenario:
    """The scenario with the policies and condition keys that the request adds."""
    bounding = request.get("PermissionsBoundaryPolicyInputList")
    added = {f"PolicyInputList.{i + 1}": text for i, text in enumerate(request.get("PolicyInputList", []))}
    known = {
        entry["ContextKeyName"]: tuple(entry.get("ContextKeyValues", ()))
        for entry in request.get("ContextEntries", [])
        if "ContextKeyName" in entry
    }
    return Scenario(
        scenario.caller,
        {**scenario.identity, **added},
        {"PermissionsBoundaryPolicyInputList.1": bounding[0]} if bounding else scenario.boundary,
        request.get("ResourcePolicy"),
        {**scenario.known, **known},
    )


def as_result(of_resources: Sequence[Simulated]) -> dict[str, Any]:
    """One action, on each of the resources."""
    first = of_resources[0]
    answers = {each.answer for each in of_resources}
    worst = next((each for each in (Answer.DENIED, Answer.SILENT) if each in answers), Answer.ALLOWED)
    shown = {
        "EvalActionName": first.action,
        "EvalResourceName": first.resource if len(of_resources) == 1 else "*",
        "EvalDecision": worst.value,
        "MatchedStatements": [as_statement(match) for each in of_resources for match in each.matched],
        "MissingContextValues": sorted({key for each in of_resources for key in each.missing}),
        **_details(first),
    }
    if first.resource == "*":
        return shown
    return {**shown, "ResourceSpecificResults": [as_resource_result(each) for each in of_resources]}


def as_resource_result(each: Simulated) -> dict[str, Any]:
    return {
        "EvalResourceName": each.resource,
        "EvalResourceDecision": each.answer.value,
        "MatchedStatements": [as_statement(match) for match in each.matched],
        "MissingContextValues": list(each.missing),
        **_details(each),
    }


def as_statement(match: Match) -> dict[str, Any]:
    return {
        "SourcePolicyId": match.policy.rpartition("/")[2] if match.policy.startswith("arn:") else match.policy,
        "SourcePolicyType": "Resource Policy" if match.layer is Layer.RESOURCE else "IAM Policy",
        "StartPosition": as_position(match.begin),
        "EndPosition": as_position(match.end),
    }


def as_position(position: Position) -> dict[str, int]:
    return {"Line": position.line, "Column": position.column}


def _details(each: Simulated) -> dict[str, Any]:
    """What the kinds of policies say by themselves, where there are several."""
    shown: dict[str, Any] = {}
    if Layer.RESOURCE in each.layers:
        kinds = {Layer.IDENTITY: "IAM Policy", Layer.RESOURCE: "Resource Policy"}
        shown["EvalDecisionDetails"] = {name: each.layers[layer].value for layer, name in kinds.items()}
    if each.bounded is not None:
        shown["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": each.bounded}
    return shown
