"""Policies that IAM refuses, in its words."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.identity import MalformedPolicy
from studiolo.identity.documents import (
    check_bucket_policy,
    check_identity_policy,
    check_inline_policy,
    check_trust_policy,
)
from tests.unit.identity.conftest import allow, policy, trust

GOOD = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}


def changed(**fields: Any) -> str:
    return policy({name: value for name, value in {**GOOD, **fields}.items() if value is not None})


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{", "invalid Json"),
        ("[]", "Syntax errors"),
        ('{"Version": "2012-10-17"}', "Syntax errors"),
        (json.dumps({"Statement": GOOD}), "must be version 2012-10-17 or greater"),
        (json.dumps({"Version": "2008-10-17", "Statement": GOOD}), "must be version 2012-10-17 or greater"),
        (json.dumps({"Version": "2020-01-01", "Statement": GOOD}), "Syntax errors"),
        (changed(Effect=None), "Syntax errors"),
        (changed(Effect="allow"), "Syntax errors"),
        (changed(Action=None), "must contain actions"),
        (changed(Action=[]), "must contain actions"),
        (changed(Action="GetObject"), "prefaced by a vendor"),
        (changed(Action="s 3:Get"), "Vendor s 3 is not valid"),
        (changed(NotAction="s3:*"), "Syntax errors"),
        (changed(Resource=None), "must contain resources"),
        (changed(Resource="bucket"), 'Resource bucket must be in ARN format or "\\*"'),
        (changed(Resource=""), 'Resource  must be in ARN format or "\\*"'),
        (changed(Resource="arn::s3:::b"), 'Partition "" is not valid for resource "arn::s3:::b"'),
        (changed(Resource="arn:${P}:s3:::b"), r'Partition "\$\{P\}" is not valid for resource'),
        (changed(Resource="arn:aws:s*:::b"), "Resource vendor must be fully qualified and cannot contain regexes"),
        (changed(Resource="arn:aws:s3::b"), "The policy failed legacy parsing"),
        (changed(Resource="arn:aws:s3:eu-west-1::b"), "Resource arn:aws:s3:eu-west-1::b can not contain region"),
        (changed(Resource="arn:aws:iam:us-east-1::role/x"), "IAM resource .* cannot contain region information"),
        (changed(Action="s3:List:Bucket"), "Actions/Condition can contain only one colon"),
        (changed(Sid="not alpha-numeric"), r"must be alpha-numeric.*\[0-9A-Za-z\]\*"),
        (changed(Condition={"DateGreaterThan": {"aws:CurrentTime": "sdfdsf"}}), "The policy failed legacy parsing"),
        (changed(Condition={"NumericLessThan": {"s3:max-keys": "ten"}}), "The policy failed legacy parsing"),
        (changed(Condition={"IpAddress": {"aws:SourceIp": "300.0.0.0/8"}}), "The policy failed legacy parsing"),
        ('{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', "Syntax errors"),
        (changed(Resource=3), "Syntax errors"),
        (changed(Principal="*"), "should not specify a principal"),
        (changed(Resources="*"), "Syntax errors"),
        (changed(Condition={"StringIs": {"aws:a": "b"}}), "Invalid Condition type : StringIs"),
        (changed(Condition={"StringEquals": "a"}), "Syntax errors"),
        (policy({**GOOD, "Sid": "a"}, {**GOOD, "Sid": "a"}), "must be unique"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_the_reason(document: str, reason: str) -> None:
    with pytest.raises(MalformedPolicy, match=reason):
        check_identity_policy(document)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (policy({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
        (trust({"AWS": "somebody"}), 'Invalid principal in policy: "AWS":"somebody"'),
        (trust({"AWS": "arn:aws:iam::123456789012:user/*"}), "Invalid principal in policy"),
        (trust({"Service": "glue"}), 'Invalid principal in policy: "Service":"glue"'),
        (trust({"Everyone": "*"}), "Syntax errors"),
        (trust("everyone"), "Syntax errors"),
        (trust("*", Resource="*"), "Has prohibited field Resource"),
        (trust("*", Action="s3:*"), "may only specify STS AssumeRole actions"),
        (trust("*").replace("Principal", "NotPrincipal"), "cannot have NotPrincipal"),
    ],
)
def test_a_trust_policy_that_cannot_be_is_refused_with_the_reason(document: str, reason: str) -> None:
    with pytest.raises(MalformedPolicy, match=reason):
        check_trust_policy(document)


@pytest.mark.parametrize(
    "principal",
    ["*", {"AWS": "*"}, {"AWS": "123456789012"}, {"Service": ["glue.amazonaws.com", "ec2.amazonaws.com.cn"]},
     {"AWS": ["arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:assumed-role/a/b"]},
     {"Federated": "cognito-identity.amazonaws.com"}],
)  # fmt: skip
def test_every_kind_of_principal_may_be_trusted(principal: Any) -> None:
    check_trust_policy(trust(principal))


@pytest.mark.parametrize(
    "document",
    [
        json.dumps({"Statement": GOOD}),
        json.dumps({"Version": "2008-10-17", "Id": "old", "Statement": [GOOD]}),
        changed(Condition={"StringEquals": {"without-vendor": "b"}}),
        changed(Resource=["arn:aws:glue:*", "arn:*:s3:::b/*", "arn:aws:s3:eu-west-1:123456789012:accesspoint/a"]),
        changed(Resource="arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}/*"),
        # A managed policy of AWS's has it.
        changed(Resource="arn:aws:organizations::*:"),
        changed(Condition={"DateGreaterThan": {"aws:CurrentTime": ["2024-01-01T00:00:00Z", "1704067200", "2024"]}}),
        changed(Condition={"Null": {"aws:TokenIssueTime": True}}),
    ],
)
def test_an_inline_policy_may_be_what_people_write(document: str) -> None:
    check_inline_policy(document)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ({}, None),
        ({"Action": "*"}, None),
        ({"Sid": "with spaces, as S3 takes it"}, None),
        ({"Resource": "arn:aws:s3:::ai?/*"}, None),
        ({"Principal": None}, "Missing required field Principal"),
        ({"Principal": {"AWS": "nobody"}}, "Invalid principal in policy"),
        ({"Action": "glue:GetTable"}, "Policy has invalid action"),
        ({"Action": None}, "Missing required field Action"),
        ({"Resource": "arn:aws:s3:::sea/*"}, "Policy has invalid resource"),
        ({"Resource": "air"}, "Policy has invalid resource"),
        ({"Effect": "Permit"}, "Invalid effect: Permit"),
        ({"Extra": 1}, "Unknown field Extra"),
    ],
)
def test_a_bucket_s_policy_is_taken_or_refused_in_s3_s_words(statement: dict[str, Any], reason: str | None) -> None:
    good = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::air/*"}
    document = policy({name: value for name, value in {**good, **statement}.items() if value is not None})
    if reason is None:
        check_bucket_policy(document, "air")
        return
    with pytest.raises(MalformedPolicy, match=reason):
        check_bucket_policy(document, "air")


def test_a_trust_policy_of_the_old_version_is_taken() -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    check_trust_policy(json.dumps({"Version": "2008-10-17", "Statement": [statement]}))
    check_trust_policy(json.dumps({"Statement": statement}))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from(["Allow", "s3:Get", "*", "arn:a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Condition", "Principal", "Bool"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


FIELDS = st.dictionaries(st.sampled_from(["Sid", "Action", "Resource", "Condition"]), VALUES)


@given(VALUES | FIELDS.map(lambda fields: {"Version": "2012-10-17", "Statement": {**GOOD, **fields}}))
def test_any_json_is_taken_or_refused_and_nothing_else(value: Any) -> None:
    for check in (check_identity_policy, check_trust_policy):
        with contextlib.suppress(MalformedPolicy):
            check(json.dumps(value))


def test_what_people_write_is_taken() -> None:
    check_identity_policy(allow(["s3:GetObject", "*:List*"], ["arn:aws:s3:::a/*", "*"]))
    check_identity_policy(allow("*", Condition={"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]}}))
