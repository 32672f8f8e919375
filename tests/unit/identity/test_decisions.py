"""Every decision that AWS's documentation tells, case by case; and what a decision says of itself."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from studiolo.identity import Policies
from studiolo.identity.context import keyed
from studiolo.identity.decisions import Decision, Layers, decide
from studiolo.identity.policies import Request, compile_policy
from tests.unit.identity.decision_cases import CASES, OBJECT, USER, Case, allow, deny


def policies(statements: Sequence[dict[str, Any]] | None, version: str, name: str) -> Policies | None:
    if statements is None:
        return None
    return Policies([compile_policy(json.dumps({"Version": version, "Statement": list(statements)}), name)])


def decided(case: Case) -> Decision:
    identity = policies(case.identity, case.version, "identity")
    assert identity is not None
    boundary, session, resource = (
        policies(statements, case.version, name)
        for statements, name in ((case.boundary, "boundary"), (case.session, "session"), (case.policy, "resource"))
    )
    layers = Layers(identity, resource, boundary, session, case.same_account)
    names = case.caller.own_names | case.caller.account_names
    return decide(Request(case.action, case.resource, keyed(case.context), names), case.caller, layers)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.section)
def test_what_the_documentation_says_is_what_is_decided(case: Case) -> None:
    assert decided(case).answer is case.expected


def test_there_are_cases_enough_of_every_part() -> None:
    assert len(CASES) >= 150
    assert len({case.section for case in CASES}) >= 25


def test_a_decision_carries_the_statement_that_made_it() -> None:
    named = deny("s3:Get*", Sid="NoReading")
    decision = decided(Case("", CASES[0].expected, [allow("s3:Put*"), named]))
    assert decision.statement is not None
    assert (decision.statement.policy, decision.statement.index, decision.statement.sid) == ("identity", 1, "NoReading")
    assert decision.reason("s3:GetObject") == "with an explicit deny in an identity-based policy"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"identity": []}, "because no identity-based policy allows the s3:GetObject action"),
        ({"boundary": []}, "because no permissions boundary allows the s3:GetObject action"),
        ({"session": []}, "because no session policy allows the s3:GetObject action"),
        ({"policy": [], "same_account": False}, "because no resource-based policy allows the s3:GetObject action"),
        ({"boundary": [deny()]}, "with an explicit deny in a permissions boundary"),
        ({"session": [deny()]}, "with an explicit deny in a session policy"),
        ({"policy": [{**deny(), "Principal": "*"}]}, "with an explicit deny in a resource-based policy"),
    ],
)
def test_a_denial_says_in_aws_s_words_which_policy_it_was(more: dict[str, Any], reason: str) -> None:
    case = Case("", CASES[0].expected, **{"identity": [allow("*")], **more}, caller=USER, resource=OBJECT)
    assert decided(case).reason("s3:GetObject") == reason
