"""AWS IAM: the account, its root user, and what a role's policies would say."""

from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid, NotFound
from studiolo.identity import Principal
from studiolo.services.call import Call
from studiolo.services.iam.service import cut, iam, marker, paging

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        GetUserRequestTypeDef,
        ListAccountAliasesRequestTypeDef,
        SimulatePrincipalPolicyRequestTypeDef,
    )

UNSUPPORTED = (
    "PolicyInputList", "PermissionsBoundaryPolicyInputList", "PolicyExclusionList", "ResourcePolicy", "CallerArn",
)  # fmt: skip


@iam.operation
def get_user(call: Call, request: "GetUserRequestTypeDef") -> dict[str, Any]:
    """The root user: there are no others."""
    if "UserName" in request:
        raise NotFound(f"The user with name {request['UserName']} cannot be found.")
    if call.principal.role_arn is not None:
        raise Invalid("Must specify userName when calling with non-User credentials")
    caller = call.principal
    user = {"Path": "/", "UserName": "root", "UserId": caller.user_id, "Arn": caller.arn}
    return {"User": {**user, "CreateDate": call.studio.identity.root.created}}


@iam.operation
def list_account_aliases(call: Call, request: "ListAccountAliasesRequestTypeDef") -> dict[str, Any]:
    """None: an account of Studiolo goes by its number."""
    return {"AccountAliases": [], "IsTruncated": False}


@iam.operation
def simulate_principal_policy(call: Call, request: "SimulatePrincipalPolicyRequestTypeDef") -> dict[str, Any]:
    refused = [name for name in UNSUPPORTED if request.get(name)]
    if refused:
        raise Invalid(f"{', '.join(refused)} is not supported by Studiolo.")
    identity = call.studio.identity
    role = identity.role(request["PolicySourceArn"])
    principal = Principal(role.arn.split(":")[4], role.arn, role.id, role.arn)
    context = {
        entry["ContextKeyName"]: entry["ContextKeyValues"][0]
        for entry in request.get("ContextEntries", [])
        if entry.get("ContextKeyValues") and "ContextKeyName" in entry
    }
    asked = [(action, arn) for action in request["ActionNames"] for arn in request.get("ResourceArns", ["*"])]
    answers: dict[str, dict[str, Any]] = {
        f"{i:06d}": {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": identity.decide(principal, action, resource, context)[0].value,
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for i, (action, resource) in enumerate(asked)
    }
    page = cut(list(answers.items()), lambda answer: answer[0], **paging(request))
    return {"EvaluationResults": [answer for _, answer in page.items], **marker(page)}
