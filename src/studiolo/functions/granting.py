"""Who else may invoke a function: the policy that it, a version or an alias of it, has itself."""

import json
from collections.abc import Mapping
from typing import Any

from studiolo.domain import AlreadyExists, Invalid, NotFound
from studiolo.identity import Identity, Policies

Statement = dict[str, Any]
SERVICES = (".amazonaws.com", ".amazonaws.com.cn")


def statements(identity: Identity, arn: str) -> list[Statement]:
    try:
        found: list[Statement] = json.loads(identity.resource_policies.document(arn))["Statement"]
    except NotFound:
        return []
    return found


def document(identity: Identity, arn: str) -> str:
    """Raises NotFound."""
    try:
        return identity.resource_policies.document(arn)
    except NotFound as error:
        raise NotFound("The resource you requested does not exist.") from error


def add(identity: Identity, arn: str, statement: Statement) -> None:
    """Raises AlreadyExists for the id of a statement that is there, Invalid for a principal that is none."""
    known = statements(identity, arn)
    if any(each["Sid"] == statement["Sid"] for each in known):
        raise AlreadyExists(
            f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or remove "
            "the existing statement."
        )
    _put(identity, arn, [*known, statement])


def remove(identity: Identity, arn: str, sid: str) -> None:
    """Raises NotFound."""
    known = statements(identity, arn)
    left = [each for each in known if each["Sid"] != sid]
    if len(left) == len(known):
        raise NotFound(f"Statement {sid} is not found in resource policy.")
    if left:
        _put(identity, arn, left)
    else:
        identity.resource_policies.delete(arn)


def forget(identity: Identity, arn: str) -> None:
    """What a deleted function, or alias, had."""
    identity.resource_policies.delete(arn)


def policies(identity: Identity, arn: str) -> Policies | None:
    return identity.resource_policies.of(arn)


def statement_of(arn: str, account: str, given: Mapping[str, Any]) -> Statement:
    """The statement that AddPermission asks for. Raises Invalid."""
    principal, conditions = given["Principal"], {}
    if given.get("SourceArn"):
        conditions["ArnLike"] = {"AWS:SourceArn": given["SourceArn"]}
    keys = {
        "AWS:SourceAccount": "SourceAccount",
        "aws:PrincipalOrgID": "PrincipalOrgID",
        "lambda:EventSourceToken": "EventSourceToken",
        "lambda:FunctionUrlAuthType": "FunctionUrlAuthType",
    }
    if given.get("InvokedViaFunctionUrl"):
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": "true"}
    if kept := {key: given[name] for key, name in keys.items() if given.get(name)}:
        conditions["StringEquals"] = kept
    if principal.endswith(SERVICES):
        named: Any = {"Service": principal}
    elif principal.isdecimal() and len(principal) == 12:
        named = {"AWS": f"arn:{arn.split(':', 2)[1]}:iam::{principal}:root"}
    elif principal.startswith("arn:"):
        named = {"AWS": principal}
    elif principal == "*":
        named = "*"
    else:
        raise Invalid("The provided principal was invalid. Please check the principal and try again.")
    found: Statement = {
        "Sid": given["StatementId"], "Effect": "Allow", "Principal": named, "Action": given["Action"], "Resource": arn,
    }  # fmt: skip
    return {**found, **({"Condition": conditions} if conditions else {})}


def _put(identity: Identity, arn: str, found: list[Statement]) -> None:
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": found}
    identity.resource_policies.put(arn, json.dumps(policy, separators=(",", ":")))
