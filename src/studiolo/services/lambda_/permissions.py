"""AWS Lambda: the policies that functions have themselves."""

import hashlib
import json
from typing import Any

from studiolo.functions import Changed, granting
from studiolo.services.call import Call
from studiolo.services.lambda_.service import Request, lambda_, named


@lambda_.operation
def add_permission(call: Call, request: Request) -> dict[str, Any]:
    arn = _checked(call, request)
    statement = granting.statement_of(arn, call.scope.account, request)
    granting.add(call.studio.identity, arn, statement)
    return {"Statement": json.dumps(statement, separators=(",", ":"))}


@lambda_.operation
def get_policy(call: Call, request: Request) -> dict[str, Any]:
    arn = _arn(call, request)
    document = granting.document(call.studio.identity, arn)
    return {"Policy": document, "RevisionId": _revision(document)}


@lambda_.operation
def remove_permission(call: Call, request: Request) -> dict[str, Any]:
    granting.remove(call.studio.identity, _checked(call, request), request["StatementId"])
    return {}


def _arn(call: Call, request: Request) -> str:
    """The ARN of what has the policy, which is there."""
    name, qualifier = named(call, request)
    found = call.studio.functions.find(call.scope, name, qualifier)
    return found.arn if qualifier is None else f"{found.arn}:{qualifier}"


def _checked(call: Call, request: Request) -> str:
    arn, revision = _arn(call, request), request.get("RevisionId")
    if revision is not None:
        policy = json.dumps({"Statement": granting.statements(call.studio.identity, arn)})
        if granting.statements(call.studio.identity, arn):
            policy = granting.document(call.studio.identity, arn)
        if _revision(policy) != revision:
            raise Changed
    return arn


def _revision(document: str) -> str:
    """Of a policy: another one for another content."""
    digest = hashlib.sha256(document.encode()).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
