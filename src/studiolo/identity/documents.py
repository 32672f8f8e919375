"""Whether a text is a policy that IAM would take; what is wrong is said in IAM's words."""

import json
import re
from collections.abc import Mapping
from typing import Any

from studiolo.domain import Invalid
from studiolo.identity.conditions import UnknownOperator, conditions
from studiolo.identity.policies import as_list

VERSIONS = ("2012-10-17", "2008-10-17")
SYNTAX = "Syntax errors in policy."
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."

_DOCUMENT_FIELDS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_FIELDS = frozenset(
    {
        "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition",
    }
)  # fmt: skip
_PRINCIPAL_KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_ACCOUNT_OR_ARN = re.compile(r"^(\*|\d{12}|arn:aws[\w-]*:(iam|sts)::(\d{12}|cloudfront):.+|A[A-Z0-9]{15,})$")


class MalformedPolicy(Invalid):
    """The text is not a policy."""


def check_identity_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a policy that can be given to a role."""
    for statement in _statements(document, identity=True):
        _refuse(statement, ("Principal", "NotPrincipal"), "Policy document should not specify a principal.")
        resources = _strings(statement, "Resource", "Policy statement must contain resources.")
        for resource in resources:
            if resource != "*" and not re.match(r"^(arn|\$\{|\*|\?)", resource):
                raise MalformedPolicy(f'Resource {resource} must be in ARN format or "*".')


def check_trust_policy(document: str) -> None:
    """Raise MalformedPolicy unless it is a policy that says who may take a role."""
    for statement in _statements(document, identity=False):
        _refuse(statement, ("Resource", "NotResource"), "Has prohibited field Resource")
        principals = statement.get("Principal", statement.get("NotPrincipal"))
        if principals is None:
            raise MalformedPolicy("Missing required field Principal")
        _check_principals(principals)
        if not all(action.lower().startswith("sts:") for action in as_list(statement.get("Action", []))):
            raise MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.")


def _statements(document: str, *, identity: bool) -> list[Mapping[str, Any]]:
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        raise MalformedPolicy("This policy contains invalid Json") from None
    if not isinstance(policy, dict) or not policy.keys() <= _DOCUMENT_FIELDS:
        raise MalformedPolicy(SYNTAX)
    # Trust policies of old have the old version or none, and IAM takes them.
    if policy.get("Version", VERSIONS[1]) not in VERSIONS:
        raise MalformedPolicy(SYNTAX)
    if identity and policy.get("Version") != VERSIONS[0]:
        raise MalformedPolicy("Policy document must be version 2012-10-17 or greater.")
    statements = as_list(policy.get("Statement", []))
    if not statements:
        raise MalformedPolicy(SYNTAX)
    for statement in statements:
        _check_statement(statement)
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")
    return statements


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or not statement.keys() <= _STATEMENT_FIELDS:
        raise MalformedPolicy(SYNTAX)
    if statement.get("Effect") not in ("Allow", "Deny") or not isinstance(statement.get("Sid", ""), str):
        raise MalformedPolicy(SYNTAX)
    if any(name in statement and f"Not{name}" in statement for name in ("Action", "Resource", "Principal")):
        raise MalformedPolicy(SYNTAX)
    for action in _strings(statement, "Action", "Policy statement must contain actions."):
        vendor, separator, _ = action.partition(":")
        if action != "*" and not separator:
            raise MalformedPolicy(VENDOR)
        if action != "*" and not re.fullmatch(r"[A-Za-z0-9-]+|\*", vendor):
            raise MalformedPolicy(f"Vendor {vendor} is not valid")
    _check_conditions(statement.get("Condition", {}))


def _check_conditions(block: Any) -> None:
    if not isinstance(block, dict) or not all(isinstance(keys, dict) for keys in block.values()):
        raise MalformedPolicy(SYNTAX)
    for keys in block.values():
        for key, value in keys.items():
            if ":" not in key:
                raise MalformedPolicy(VENDOR)
            if not all(isinstance(each, str | int | float | bool) for each in as_list(value)):
                raise MalformedPolicy(SYNTAX)
    try:
        conditions(block)
    except UnknownOperator as error:
        raise MalformedPolicy(str(error)) from None


def _check_principals(principals: Any) -> None:
    if principals == "*":
        return
    if not isinstance(principals, dict) or not principals or not principals.keys() <= _PRINCIPAL_KINDS:
        raise MalformedPolicy(SYNTAX)
    for kind, names in principals.items():
        for name in as_list(names):
            if not isinstance(name, str):
                raise MalformedPolicy(SYNTAX)
            wrong_account = kind == "AWS" and not _ACCOUNT_OR_ARN.match(name)
            wrong_service = kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.[a-z0-9.-]+", name)
            if wrong_account or wrong_service:
                raise MalformedPolicy(f'Invalid principal in policy: "{kind}":"{name}"')


def _strings(statement: Mapping[str, Any], name: str, missing: str) -> list[str]:
    """The strings of a field or its negation, at least one."""
    values = as_list(statement.get(name, statement.get(f"Not{name}", [])))
    if not values:
        raise MalformedPolicy(missing)
    if not all(isinstance(value, str) for value in values):
        raise MalformedPolicy(SYNTAX)
    return values


def _refuse(statement: Mapping[str, Any], fields: tuple[str, ...], reason: str) -> None:
    if any(field in statement for field in fields):
        raise MalformedPolicy(reason)
