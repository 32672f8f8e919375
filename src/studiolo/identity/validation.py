"""What is wrong with a policy, or unwise, statement by statement: Access Analyzer's checks that need no list of actions.

After "IAM Access Analyzer policy check reference" (IAM User Guide), whose codes they have.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from studiolo.identity.documents import INLINE, OF_BUCKET, RESOURCE, TRUST, Grammar, MalformedPolicy, check
from studiolo.identity.policies import as_list
from studiolo.identity.positions import Position, statement_positions

KINDS: Mapping[str, Grammar] = {"identity": INLINE, "resource": RESOURCE, "bucket": OF_BUCKET, "trust": TRUST}
"""The kinds of policies that can be looked at."""

_ERRORS = {
    "json": "JSON_SYNTAX_ERROR", "syntax": "INVALID_POLICY_ELEMENT", "field": "INVALID_POLICY_ELEMENT",
    "version": "INVALID_VERSION", "statement": "MISSING_STATEMENT", "effect": "INVALID_EFFECT",
    "sid": "INVALID_POLICY_ELEMENT", "sids": "UNIQUE_SIDS_REQUIRED", "no actions": "MISSING_ACTION",
    "no resources": "MISSING_RESOURCE", "no principal": "MISSING_PRINCIPAL", "principal": "UNSUPPORTED_PRINCIPAL",
    "resource": "INVALID_POLICY_ELEMENT", "invalid principal": "INVALID_PRINCIPAL_FORMAT", "no vendor": "INVALID_ACTION",
    "colons": "INVALID_ACTION", "vendor": "INVALID_ACTION", "foreign action": "UNSUPPORTED_ACTION_IN_POLICY",
    "no arn": "INVALID_ARN_PREFIX", "partition": "INVALID_PARTITION", "resource vendor": "INVALID_SERVICE",
    "region": "ARN_REGION_NOT_ALLOWED", "iam region": "ARN_REGION_NOT_ALLOWED", "arn": "MISSING_ARN_FIELD",
    "operator": "INVALID_CONDITION_OPERATOR", "value": "DATA_TYPE_MISMATCH",
}  # fmt: skip
"""The codes of the grammar's faults."""

_ALL = Position(1, 1)


class Impact(Enum):
    """What a finding means, in Access Analyzer's words."""

    ERROR = "ERROR"
    SECURITY = "SECURITY_WARNING"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be mended. statement: which it is in, None for the whole policy; begin, end: where that stands."""

    code: str
    impact: Impact
    words: str
    statement: int | None
    begin: Position
    end: Position


def findings(document: str, kind: str) -> list[Finding]:
    """All that there is to say of a policy of one of KINDS; nothing where nothing is wrong."""
    grammar = KINDS[kind]
    found = list(_errors(document, grammar))
    if found:
        return found
    policy = json.loads(document)
    if "Version" not in policy:
        words = "We recommend that you specify the Version element to help you with debugging permission issues."
        found.append(_of_whole(document, "MISSING_VERSION", Impact.WARNING, words))
    places = statement_positions(document)
    for i, statement in enumerate(as_list(policy["Statement"])):
        found += [Finding(code, Impact.SECURITY, words, i, *places[i]) for code, words in _unwise(statement)]
    return found


def _errors(document: str, grammar: Grammar) -> Iterator[Finding]:
    try:
        check(document, grammar)
    except MalformedPolicy as error:
        whole = error
    else:
        return
    alone = list(_errors_of_statements(document, grammar))
    yield from alone
    if not alone:
        yield _of_whole(document, _ERRORS[whole.fault], Impact.ERROR, str(whole))


def _errors_of_statements(document: str, grammar: Grammar) -> Iterator[Finding]:
    """The first error of each statement, as if it were alone."""
    try:
        policy = json.loads(document)
        statements = as_list(policy["Statement"])
        places = statement_positions(document)
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    for i, statement in enumerate(statements):
        try:
            check(json.dumps({"Version": "2012-10-17", "Statement": [statement]}), grammar)
        except MalformedPolicy as error:
            missing = error.fault == "effect" and isinstance(statement, dict) and "Effect" not in statement
            code = "MISSING_EFFECT" if missing else _ERRORS[error.fault]
            yield Finding(code, Impact.ERROR, str(error), i, *places[i])


def _unwise(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The codes of what a statement gives too much of, with a sentence for each."""
    if statement["Effect"] != "Allow":
        return
    if "NotPrincipal" in statement:
        yield (
            "ALLOW_WITH_NOT_PRINCIPAL",
            "Using Allow with NotPrincipal can be overly permissive. We recommend that you use Principal instead.",
        )
    actions = {str(each).lower() for each in as_list(statement.get("Action", []))}
    wide = any("*" in str(each) for each in as_list(statement.get("Resource", [])))
    asked = {key.lower() for keys in statement.get("Condition", {}).values() for key in keys}
    if not wide or "iam:passedtoservice" in asked:
        return
    advice = (
        "We recommend that you specify resource ARNs or add the iam:PassedToService condition key to your statement."
    )
    if "iam:passrole" in actions:
        words = "Using the iam:PassRole action with wildcards (*) in the resource can be overly permissive."
        yield "PASS_ROLE_WITH_STAR_IN_RESOURCE", f"{words} {advice}"
    elif actions & {"*", "iam:*", "iam:pass*"}:
        words = "Using wildcards (*) in the action and the resource can allow iam:PassRole for all roles."
        yield "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", f"{words} {advice}"


def _of_whole(document: str, code: str, impact: Impact, words: str) -> Finding:
    lines = document.split("\n")
    return Finding(code, impact, words, None, _ALL, Position(len(lines), len(lines[-1]) + 1))
