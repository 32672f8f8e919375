"""Which bucket policies are public: those that let in others than fixed principals or requests from fixed places."""

import json
from typing import Any

import pytest

from studiolo.door.public_access import is_public

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::air/*"}


@pytest.mark.parametrize(
    ("more", "public"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": ["arn:aws:iam::123456789012:root", "*"]}}, True),
        ({"Principal": {"AWS": "123456789012"}}, False),
        ({"Principal": {"Service": "logs.amazonaws.com"}}, False),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"NotPrincipal": {"AWS": "123456789012"}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}, False),
        ({"Principal": "*", "Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}}, True),
        ({"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}, True),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.1"]}}}, False),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Principal": "*", "Condition": {"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:eu-west-1:1:accesspoint/*"}}},
         False),
    ],
)  # fmt: skip
def test_a_policy_is_public_where_it_names_nobody_and_no_place(more: dict[str, Any], public: bool) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**READ, **more}]})
    assert is_public(policy) is public
