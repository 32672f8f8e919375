"""What is said of policies before they are put."""

import json
from typing import Any

import pytest

from studiolo.identity.validation import findings

PASS: dict[str, Any] = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
READ: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::air/*"}
ANYBODY = {**READ, "NotPrincipal": {"AWS": "123456789012"}}
BY_SERVICE = {**PASS, "Condition": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}}


@pytest.mark.parametrize(
    ("kind", "statement", "codes"),
    [
        ("identity", READ, []),
        ("identity", PASS, ["PASS_ROLE_WITH_STAR_IN_RESOURCE"]),
        ("identity", {**PASS, "Effect": "Deny"}, []),
        ("identity", BY_SERVICE, []),
        ("identity", {**PASS, "Action": "*"}, ["PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"]),
        ("identity", {**READ, "Effect": "Maybe"}, ["INVALID_EFFECT"]),
        ("identity", {"Action": "s3:GetObject", "Resource": "*"}, ["MISSING_EFFECT"]),
        ("identity", {**READ, "Action": "GetObject"}, ["INVALID_ACTION"]),
        ("identity", {**READ, "Resource": "arn:aws:s3:eu-west-1::air"}, ["ARN_REGION_NOT_ALLOWED"]),
        ("identity", {**READ, "Principal": "*"}, ["UNSUPPORTED_PRINCIPAL"]),
        ("resource", READ, ["MISSING_PRINCIPAL"]),
        ("resource", ANYBODY, ["ALLOW_WITH_NOT_PRINCIPAL"]),
        ("bucket", {**READ, "Principal": "*", "Action": "glue:GetTable"}, ["UNSUPPORTED_ACTION_IN_POLICY"]),
    ],
)
def test_a_policy_is_told_what_is_wrong_with_it(kind: str, statement: dict[str, Any], codes: list[str]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    assert [each.code for each in findings(document, kind)] == codes


def test_each_statement_that_is_wrong_is_shown_where_it_stands() -> None:
    wrong = {"Effect": "Allow", "Action": "s3:GetObject"}
    document = json.dumps({"Statement": [wrong, READ, {**wrong, "Effect": "x"}]}, indent=1)
    found = findings(document, "identity")
    assert [(each.code, each.statement) for each in found] == [("MISSING_RESOURCE", 0), ("INVALID_EFFECT", 2)]
    assert (found[0].begin.line, found[0].end.line) == (3, 6)


def test_a_text_that_is_no_policy_is_one_finding() -> None:
    assert [each.code for each in findings("{", "identity")] == ["JSON_SYNTAX_ERROR"]
    assert [each.code for each in findings("[]", "identity")] == ["INVALID_POLICY_ELEMENT"]
    assert [each.code for each in findings('{"Version": "2012-10-17"}', "identity")] == ["MISSING_STATEMENT"]
    assert [each.code for each in findings(json.dumps({"Statement": READ}), "identity")] == ["MISSING_VERSION"]
