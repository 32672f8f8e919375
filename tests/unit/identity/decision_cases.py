"""What AWS's documentation says of requests: by the section of the IAM User Guide that says it, policies and answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from studiolo.identity import Answer, Principal
from studiolo.identity.principals import iam_user, role_session, root_user

ACCOUNT, OTHER = "123456789012", "999999999999"
YES, NO, DENIED = Answer.ALLOWED, Answer.SILENT, Answer.DENIED

ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/Analyst"
SESSION = role_session(ACCOUNT, ROLE, "AROA1", "ada")
USER = iam_user(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ada", "AIDA1")
ROOT = root_user(ACCOUNT)
OBJECT = "arn:aws:s3:::amzn-s3-demo-bucket/home/ada/x"

Statement = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A request, the policies that apply to it, and the decision; section: where the documentation says so."""

    section: str
    expected: Answer
    identity: Sequence[Statement]
    action: str = "s3:GetObject"
    resource: str = OBJECT
    context: dict[str, Any] = field(default_factory=dict)
    caller: Principal = USER
    boundary: Sequence[Statement] | None = None
    session: Sequence[Statement] | None = None
    policy: Sequence[Statement] | None = None
    same_account: bool = True
    version: str = "2012-10-17"


def allow(action: Any = "s3:*", resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:*", resource: Any = "*", **more: Any) -> Statement:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def by(statement: Statement, *arns: str, negated: bool = False) -> Statement:
    """The statement of a resource's policy, for the principals of those ARNs, `*` for everybody."""
    return {**statement, "NotPrincipal" if negated else "Principal": "*" if arns == ("*",) else {"AWS": list(arns)}}


def actions() -> Iterator[Case]:
    section = "IAM JSON policy elements: Action"
    for pattern, asked, expected in (
        ("s3:GetObject", "s3:GetObject", YES),
        ("S3:getobject", "s3:GetObject", YES),
        ("s3:GetObject", "s3:GetObjectAcl", NO),
        ("s3:*", "s3:DeleteBucket", YES),
        ("s3:*", "sqs:SendMessage", NO),
        ("iam:*AccessKey*", "iam:CreateAccessKey", YES),
        ("iam:*AccessKey*", "iam:ListAccessKeys", YES),
        ("iam:*AccessKey*", "iam:CreateUser", NO),
        ("s3:Get?bject", "s3:GetObject", YES),
        ("s3:Get?bject", "s3:GetOObject", NO),
        ("*", "glue:GetTable", YES),
        (["sqs:SendMessage", "sqs:ReceiveMessage", "s3:*"], "sqs:ReceiveMessage", YES),
        (["sqs:SendMessage", "sqs:ReceiveMessage"], "sqs:DeleteMessage", NO),
    ):
        yield Case(section, expected, [allow(pattern)], asked)
    section = "IAM JSON policy elements: NotAction"
    but_delete = {"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::*"}
    but_iam = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    mfa = {
        "Effect": "Deny",
        "NotAction": ["s3:*", "cloudwatch:*"],
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    for statements, asked, expected in (
        ([but_delete], "s3:ListBucket", YES),
        ([but_delete], "s3:DeleteBucket", NO),
        ([but_delete, allow("s3:DeleteBucket")], "s3:DeleteBucket", YES),
        ([but_iam], "ec2:RunInstances", YES),
        ([but_iam], "iam:CreateUser", NO),
        ([allow("*"), mfa], "s3:GetObject", YES),
        ([allow("*"), mfa], "iam:CreateUser", DENIED),
    ):
        yield Case(section, expected, statements, asked)


def resources() -> Iterator[Case]:
    section = "IAM JSON policy elements: Resource"
    queue, table = "arn:aws:sqs:us-east-2:123456789012:queue1", "arn:aws:glue:us-east-1:123456789012:table/air/days"
    for pattern, asked, expected in (
        (OBJECT, OBJECT, YES),
        ("arn:aws:s3:::amzn-s3-demo-bucket/*", OBJECT, YES),
        ("arn:aws:s3:::amzn-s3-demo-bucket", OBJECT, NO),
        ("arn:aws:s3:::amzn-s3-demo-bucket/*/ada/*", OBJECT, YES),
        ("arn:aws:s3:::amzn-s3-demo-bucket/HOME/*", OBJECT, NO),
        ("arn:aws:s3:::AMZN-S3-DEMO-BUCKET/*", OBJECT, NO),
        ("arn:aws:s3:::amzn-s3-demo-bucket/home/a?a/x", OBJECT, YES),
        ("arn:aws:s3:::amzn-s3-demo-bucket/home/a??a/x", OBJECT, NO),
        (["arn:aws:s3:::a/*", "arn:aws:s3:::amzn-s3-demo-bucket/home/*"], OBJECT, YES),
        ("arn:aws:sqs:*:123456789012:queue1", queue, YES),
        ("arn:aws:sqs:us-east-2:123456789012:*", queue, YES),
        ("arn:aws:sqs:us-west-1:*:queue1", queue, NO),
        ("arn:aws:sqs:us-east-2:999999999999:*", queue, NO),
        ("arn:aws:glue:*:*:table/air/*", table, YES),
        ("arn:aws:glue:*:*:table/sea/*", table, NO),
        ("arn:*:glue:us-east-1:123456789012:*", table, YES),
        ("*", "*", YES),
        ("arn:aws:s3:::*", "*", NO),
    ):
        yield Case(section, expected, [allow("*", pattern)], "any:Action", asked)
    section = "IAM JSON policy elements: NotResource"
    hr = "arn:aws:s3:::HRBucket/Payroll/june.csv"
    but_payroll = {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::HRBucket/Payroll", hr]}
    for statements, asked, expected in (
        ([allow(), but_payroll], OBJECT, DENIED),
        ([allow(), but_payroll], hr, YES),
        ([but_payroll], hr, NO),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": hr}], OBJECT, YES),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": hr}], hr, NO),
    ):
        yield Case(section, expected, statements, resource=asked)


def variables() -> Iterator[Case]:
    section = "IAM policy elements: Variables and tags"
    home = "arn:aws:s3:::amzn-s3-demo-bucket/home/${aws:username}/*"
    team = "arn:aws:s3:::amzn-s3-demo-bucket/${aws:PrincipalTag/team}/x"
    default = "arn:aws:s3:::amzn-s3-demo-bucket/${aws:PrincipalTag/team, 'company-wide'}/x"
    bucket = "arn:aws:s3:::amzn-s3-demo-bucket"
    for pattern, asked, context, expected in (
        (home, OBJECT, {"aws:username": "ada"}, YES),
        (home, OBJECT, {"aws:username": "bob"}, NO),
        (home, OBJECT, {}, NO),
        (home, f"{bucket}/home/*/x", {"aws:username": "*"}, YES),
        (home, OBJECT, {"aws:username": "*"}, NO),
        (team, f"{bucket}/red/x", {"aws:PrincipalTag/team": "red"}, YES),
        (team, f"{bucket}/red/x", {"aws:principaltag/TEAM": "red"}, YES),
        (team, f"{bucket}/blue/x", {"aws:PrincipalTag/team": "red"}, NO),
        (default, f"{bucket}/company-wide/x", {}, YES),
        (default, f"{bucket}/red/x", {"aws:PrincipalTag/team": "red"}, YES),
        (default, f"{bucket}/company-wide/x", {"aws:PrincipalTag/team": "red"}, NO),
        (f"{bucket}/${{*}}", f"{bucket}/*", {}, YES),
        (f"{bucket}/${{*}}", f"{bucket}/a", {}, NO),
        (f"{bucket}/a${{?}}", f"{bucket}/a?", {}, YES),
        (f"{bucket}/a${{?}}", f"{bucket}/ab", {}, NO),
        (f"{bucket}/${{$}}x", f"{bucket}/$x", {}, YES),
        # A key of several values cannot be a variable.
        (f"{bucket}/${{aws:TagKeys}}", f"{bucket}/a", {"aws:TagKeys": ["a", "b"]}, NO),
    ):
        yield Case(section, expected, [allow(resource=pattern)], resource=asked, context=context)
    old = "2008-10-17"
    yield Case(section, NO, [allow(resource=home)], context={"aws:username": "ada"}, version=old)
    literal = f"{bucket}/home/${{aws:username}}/x"
    yield Case(section, YES, [allow(resource=home)], resource=literal, context={"aws:username": "ada"}, version=old)
    same = {"StringEquals": {"aws:ResourceTag/owner": "${aws:username}"}}
    for owner, expected in (("ada", YES), ("bob", NO)):
        context = {"aws:username": "ada", "aws:ResourceTag/owner": owner}
        yield Case(section, expected, [allow(Condition=same)], context=context)


STRINGS = "IAM JSON policy elements: Condition operators, String condition operators"
NUMBERS = "IAM JSON policy elements: Condition operators, Numeric condition operators"
DATES = "IAM JSON policy elements: Condition operators, Date condition operators"
ADDRESSES = "IAM JSON policy elements: Condition operators, IP address condition operators"
ARNS = "IAM JSON policy elements: Condition operators, ARN condition operators"
LENIENT = "IAM JSON policy elements: Condition operators, ...IfExists condition operators"
NULL = "IAM JSON policy elements: Condition operators, Condition operator to check existence of condition keys"
SETS = "Single-valued vs. multivalued context keys"

BUCKETS = "arn:aws:s3:::amzn-s3-demo-*"

CONDITIONS: list[tuple[str, str, str, Any, Any, Answer]] = [
    # section, operator, key, value of the policy, value of the request (None: it has none), answer
    (STRINGS, "StringEquals", "aws:PrincipalTag/job", "iamuser-admin", "iamuser-admin", YES),
    (STRINGS, "StringEquals", "aws:PrincipalTag/job", "iamuser-admin", "IAMUSER-ADMIN", NO),
    (STRINGS, "StringEquals", "aws:PrincipalTag/job", ["a", "b"], "b", YES),
    (STRINGS, "StringEquals", "aws:PrincipalTag/job", "a", None, NO),
    (STRINGS, "StringEquals", "aws:PrincipalTag/job", "a*", "ab", NO),
    (STRINGS, "StringNotEquals", "aws:PrincipalTag/job", ["a", "b"], "c", YES),
    (STRINGS, "StringNotEquals", "aws:PrincipalTag/job", ["a", "b"], "a", NO),
    (STRINGS, "StringNotEquals", "aws:PrincipalTag/job", "a", None, YES),
    (STRINGS, "StringEqualsIgnoreCase", "aws:PrincipalTag/job", "Admin", "aDMIN", YES),
    (STRINGS, "StringNotEqualsIgnoreCase", "aws:PrincipalTag/job", "Admin", "aDMIN", NO),
    (STRINGS, "StringLike", "s3:prefix", ["", "home/", "home/${aws:username}/*"], "home/ada/x", YES),
    (STRINGS, "StringLike", "s3:prefix", ["", "home/", "home/${aws:username}/*"], "home/bob/", NO),
    (STRINGS, "StringLike", "s3:prefix", ["", "home/"], "", YES),
    (STRINGS, "StringLike", "aws:UserAgent", "aws-c?i/*", "aws-cli/2.0", YES),
    (STRINGS, "StringNotLike", "aws:UserAgent", "aws-cli*", "boto3", YES),
    (STRINGS, "StringNotLike", "aws:UserAgent", "aws-cli*", "aws-cli/2", NO),
    (STRINGS, "StringNotLike", "aws:UserAgent", "aws-cli*", None, YES),
    (NUMBERS, "NumericEquals", "s3:max-keys", "10", "10", YES),
    (NUMBERS, "NumericEquals", "s3:max-keys", 10, "10.0", YES),
    (NUMBERS, "NumericNotEquals", "s3:max-keys", "10", "10", NO),
    (NUMBERS, "NumericLessThan", "s3:max-keys", "10", "9", YES),
    (NUMBERS, "NumericLessThan", "s3:max-keys", "10", "10", NO),
    (NUMBERS, "NumericLessThanEquals", "s3:max-keys", "10", "10", YES),
    (NUMBERS, "NumericGreaterThan", "aws:MultiFactorAuthAge", "3600", "3601", YES),
    (NUMBERS, "NumericGreaterThanEquals", "aws:MultiFactorAuthAge", "3600", "3599", NO),
    (NUMBERS, "NumericLessThan", "aws:MultiFactorAuthAge", "3600", None, NO),
    (DATES, "DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:01Z", "2020-01-01T00:00:02Z", YES),
    (DATES, "DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01Z", NO),
    (DATES, "DateGreaterThanEquals", "aws:CurrentTime", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01Z", YES),
    (DATES, "DateLessThan", "aws:CurrentTime", "2020-06-30T23:59:59Z", "2020-06-30T23:59:58Z", YES),
    (DATES, "DateLessThan", "aws:CurrentTime", "2020-06-30T23:59:59Z", "2020-07-01T00:00:00Z", NO),
    (DATES, "DateLessThanEquals", "aws:CurrentTime", "2020-06-30T23:59:59+02:00", "2020-06-30T21:59:59Z", YES),
    (DATES, "DateEquals", "aws:CurrentTime", "1577836800", "2020-01-01T00:00:00Z", YES),
    (DATES, "DateNotEquals", "aws:CurrentTime", "2020-01-01", "2020-01-01T00:00:00Z", NO),
    (DATES, "DateLessThan", "aws:EpochTime", "2020-01-01T00:00:00Z", "1577836799", YES),
    (DATES, "DateGreaterThan", "aws:CurrentTime", "2020", "2020-01-01T00:00:01Z", YES),
    (DATES, "DateLessThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z", None, NO),
    ("Condition operators, Boolean condition operators", "Bool", "aws:SecureTransport", "true", "true", YES),
    ("Condition operators, Boolean condition operators", "Bool", "aws:SecureTransport", "true", "false", NO),
    ("Condition operators, Boolean condition operators", "Bool", "aws:SecureTransport", "false", None, NO),
    ("Condition operators, Boolean condition operators", "Bool", "aws:ViaAWSService", False, "false", YES),
    ("Condition operators, Binary condition operators", "BinaryEquals", "key", "QmluYXJ5VmFsdWU=", "QmluYXJ5VmFsdWU=", YES),
    ("Condition operators, Binary condition operators", "BinaryEquals", "key", "QmluYXJ5VmFsdWU=", "QmluYXI=", NO),
    (ADDRESSES, "IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.113.99", YES),
    (ADDRESSES, "IpAddress", "aws:SourceIp", "203.0.113.0/24", "203.0.114.1", NO),
    (ADDRESSES, "IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5678::1", YES),
    (ADDRESSES, "IpAddress", "aws:SourceIp", "203.0.113.7", "203.0.113.7", YES),
    (ADDRESSES, "NotIpAddress", "aws:SourceIp", ["192.0.2.0/24", "203.0.113.0/24"], "198.51.100.1", YES),
    (ADDRESSES, "NotIpAddress", "aws:SourceIp", ["192.0.2.0/24", "203.0.113.0/24"], "203.0.113.1", NO),
    (ADDRESSES, "IpAddress", "aws:SourceIp", "0.0.0.0/0", "2001:db8::1", NO),
    (ARNS, "ArnEquals", "aws:SourceArn", "arn:aws:sns:*:123456789012:t", "arn:aws:sns:eu-west-1:123456789012:t", YES),
    (ARNS, "ArnLike", "aws:SourceArn", "arn:aws:sns:*:123456789012:topic-*", "arn:aws:sns:a:123456789012:topic-1", YES),
    (ARNS, "ArnLike", "aws:SourceArn", "arn:aws:sns:*:topic", "arn:aws:sns:eu-west-1:123456789012:topic", NO),
    (ARNS, "ArnLike", "aws:SourceArn", "arn:aws:s*:a:1:t", "arn:aws:sns:a:1:t", YES),
    (ARNS, "ArnLike", "aws:SourceArn", "arn:*:t", "arn:aws:sns:a:1:t", NO),
    (ARNS, "ArnLike", "aws:PrincipalArn", "arn:aws:iam::123456789012:role/*", ROLE, YES),
    (ARNS, "ArnLike", "aws:PrincipalArn", "arn:aws:iam::123456789012:ROLE/*", ROLE, NO),
    (ARNS, "ArnNotLike", "aws:SourceArn", "arn:aws:sns:*:1:*", "arn:aws:sns:a:2:t", YES),
    (ARNS, "ArnNotEquals", "aws:SourceArn", "arn:aws:sns:*:1:*", "arn:aws:sns:a:1:t", NO),
    (ARNS, "ArnNotEquals", "aws:SourceArn", "arn:aws:sns:*:1:*", None, YES),
    (LENIENT, "StringEqualsIfExists", "ec2:InstanceType", ["t1.*", "t2.micro"], None, YES),
    (LENIENT, "StringLikeIfExists", "ec2:InstanceType", ["t1.*", "t2.*"], "t2.small", YES),
    (LENIENT, "StringLikeIfExists", "ec2:InstanceType", ["t1.*", "t2.*"], "m1.small", NO),
    (LENIENT, "NumericLessThanIfExists", "aws:MultiFactorAuthAge", "3600", None, YES),
    (LENIENT, "BoolIfExists", "aws:MultiFactorAuthPresent", "true", None, YES),
    (LENIENT, "BoolIfExists", "aws:MultiFactorAuthPresent", "true", "false", NO),
    (LENIENT, "IpAddressIfExists", "aws:SourceIp", "10.0.0.0/8", "11.0.0.1", NO),
    (NULL, "Null", "aws:TokenIssueTime", "true", None, YES),
    (NULL, "Null", "aws:TokenIssueTime", "true", "2020-01-01T00:00:00Z", NO),
    (NULL, "Null", "aws:TokenIssueTime", "false", "2020-01-01T00:00:00Z", YES),
    (NULL, "Null", "aws:TokenIssueTime", "false", None, NO),
    (NULL, "Null", "aws:TokenIssueTime", True, None, YES),
    (NULL, "Null", "aws:TokenIssueTime", ["true", "false"], None, YES),
    (SETS, "ForAllValues:StringEquals", "aws:TagKeys", ["environment", "cost-center"], ["environment"], YES),
    (SETS, "ForAllValues:StringEquals", "aws:TagKeys", ["environment", "cost-center"], ["environment", "x"], NO),
    (SETS, "ForAllValues:StringEquals", "aws:TagKeys", ["environment", "cost-center"], None, YES),
    (SETS, "ForAnyValue:StringEquals", "aws:TagKeys", ["environment", "cost-center"], ["x", "environment"], YES),
    (SETS, "ForAnyValue:StringEquals", "aws:TagKeys", ["environment", "cost-center"], ["x"], NO),
    (SETS, "ForAnyValue:StringEquals", "aws:TagKeys", ["environment", "cost-center"], None, NO),
    (SETS, "ForAllValues:StringNotEquals", "aws:TagKeys", ["a", "b"], ["c", "d"], YES),
    (SETS, "ForAllValues:StringNotEquals", "aws:TagKeys", ["a", "b"], ["c", "a"], NO),
    (SETS, "ForAllValues:StringNotEquals", "aws:TagKeys", ["a", "b"], None, YES),
    (SETS, "ForAnyValue:StringNotEquals", "aws:TagKeys", ["a", "b"], ["a", "c"], YES),
    (SETS, "ForAnyValue:StringNotEquals", "aws:TagKeys", ["a", "b"], ["a", "b"], NO),
    (SETS, "ForAnyValue:StringNotEquals", "aws:TagKeys", ["a", "b"], None, NO),
    (SETS, "ForAllValues:ArnLike", "aws:CalledVia", BUCKETS, ["arn:aws:s3:::amzn-s3-demo-a"], YES),
    (SETS, "ForAnyValue:StringLikeIfExists", "aws:TagKeys", ["a*"], None, YES),
]  # fmt: skip


def conditions() -> Iterator[Case]:
    for section, operator, key, wanted, given, expected in CONDITIONS:
        context = {"aws:username": "ada"} | ({} if given is None else {key: given})
        yield Case(section, expected, [allow(Condition={operator: {key: wanted}})], context=context)
    section = "IAM JSON policy elements: Condition"
    block = {"StringEquals": {"aws:PrincipalTag/a": ["1", "2"], "aws:PrincipalTag/b": "3"}, "Bool": {"aws:c": "true"}}
    for a, b, c, expected in (
        ("1", "3", "true", YES),
        ("2", "3", "true", YES),
        ("1", "4", "true", NO),
        ("1", "3", "", NO),
    ):
        context = {"aws:PrincipalTag/a": a, "aws:PrincipalTag/b": b, "aws:c": c}
        yield Case(section, expected, [allow(Condition=block)], context=context)
    cased = [allow(Condition={"StringEquals": {"AWS:sourceip": "x", "S3:Prefix": "y"}})]
    yield Case(section, YES, cased, context={"aws:SourceIp": "x", "s3:prefix": "y"})


def layers() -> Iterator[Case]:
    section = "How AWS enforcement code logic evaluates requests to allow or deny access"
    get, put = allow("s3:GetObject"), allow("s3:PutObject")
    yield Case(section, NO, [])
    yield Case(section, YES, [], caller=ROOT)
    yield Case(section, DENIED, [allow("*"), deny("s3:GetObject")])
    yield Case(section, DENIED, [deny("s3:GetObject"), allow("*")])
    yield Case(section, YES, [allow("*"), deny("s3:PutObject")])
    yield Case(section, DENIED, [allow("*")], policy=[by(deny(), "*")])
    yield Case(section, DENIED, [], caller=ROOT, policy=[by(deny(), "*")])
    yield Case(section, YES, [], caller=ROOT, policy=[by(get, USER.arn)])
    section = "Permissions boundaries for IAM entities"
    yield Case(section, YES, [get], boundary=[allow("s3:*")])
    yield Case(
        section, NO, [allow("iam:CreateUser")], "iam:CreateUser", boundary=[allow("s3:*"), allow("cloudwatch:*")]
    )
    yield Case(section, NO, [], boundary=[allow("s3:*")])
    yield Case(section, DENIED, [allow("*")], boundary=[allow("*"), deny("s3:Get*")])
    yield Case(section, DENIED, [deny("s3:*")], boundary=[allow("*")])
    section = "Policies and permissions: Session policies"
    yield Case(section, YES, [get], caller=SESSION, session=[allow("s3:*")])
    yield Case(section, NO, [get, put], "s3:PutObject", caller=SESSION, session=[get])
    yield Case(section, NO, [], caller=SESSION, session=[get])
    yield Case(section, DENIED, [get], caller=SESSION, session=[allow("*"), deny("s3:GetObject")])
    yield Case(section, NO, [get], caller=SESSION, session=[get], boundary=[put])
    yield Case(section, YES, [get], caller=SESSION, session=[get], boundary=[get])
    section = "How AWS enforcement code logic evaluates requests: resource-based policies and principals in one account"
    account, session, role = f"arn:aws:iam::{ACCOUNT}:root", SESSION.arn, ROLE
    for caller, named, identity, boundary, narrowed, expected in (
        # What names a user is enough, whatever bounds the user.
        (USER, USER.arn, [], None, None, YES),
        (USER, USER.arn, [], [put], None, YES),
        (USER, USER.arn, [deny()], None, None, DENIED),
        (USER, USER.arn, [], [allow("*"), deny()], None, DENIED),
        (USER, f"arn:aws:iam::{ACCOUNT}:user/bob", [], None, None, NO),
        (USER, "*", [], None, None, YES),
        # What names the account leaves it to the identity's policies.
        (USER, account, [], None, None, NO),
        (USER, account, [get], None, None, YES),
        (USER, ACCOUNT, [get], [put], None, NO),
        # What names a role is bounded as the role's own policies are.
        (SESSION, role, [], None, None, YES),
        (SESSION, role, [], [put], None, NO),
        (SESSION, role, [], [get], None, YES),
        (SESSION, role, [], None, [put], NO),
        (SESSION, role, [], None, [get], YES),
        (SESSION, "*", [], [put], None, NO),
        (SESSION, "*", [], None, None, YES),
        # What names a session is not.
        (SESSION, session, [], [put], None, YES),
        (SESSION, session, [], None, [put], YES),
        (SESSION, session, [deny()], None, None, DENIED),
        (SESSION, session.replace("/ada", "/bob"), [], None, None, NO),
        (SESSION, account, [], None, None, NO),
        (SESSION, account, [get], None, [get], YES),
    ):
        policy = [by(get, named)]
        yield Case(section, expected, identity, caller=caller, boundary=boundary, session=narrowed, policy=policy)
    section = "Cross-account policy evaluation logic"
    for identity, policy, expected in (
        ([get], [by(get, USER.arn)], YES),
        ([get], [by(get, account)], YES),
        ([get], [by(get, ACCOUNT)], YES),
        ([get], [by(get, "*")], YES),
        ([], [by(get, USER.arn)], NO),
        ([get], [], NO),
        ([get], [by(get, f"arn:aws:iam::{OTHER}:root")], NO),
        ([deny()], [by(get, USER.arn)], DENIED),
        ([get], [by(get, USER.arn), by(deny(), account)], DENIED),
    ):
        yield Case(section, expected, identity, policy=policy, same_account=False)
    yield Case(section, NO, [get], policy=[by(get, USER.arn)], boundary=[put], same_account=False)
    yield Case(section, NO, [get], policy=[by(get, role)], caller=SESSION, session=[put], same_account=False)
    yield Case(section, YES, [get], policy=[by(get, role)], caller=SESSION, session=[get], same_account=False)
    section = "AWS JSON policy elements: NotPrincipal"
    for spared, caller, expected in (
        ((account, USER.arn), USER, YES),
        ((USER.arn,), USER, DENIED),
        ((account, f"arn:aws:iam::{ACCOUNT}:user/bob"), USER, DENIED),
        ((account, role, session), SESSION, YES),
        ((account, role), SESSION, DENIED),
    ):
        yield Case(section, expected, [get], caller=caller, policy=[by(deny(), *spared, negated=True)])


def examples() -> Iterator[Case]:
    section = "IAM: Allows specific IAM users to manage their home folder (example policy)"
    bucket = "arn:aws:s3:::amzn-s3-demo-bucket"
    home = [
        allow(["s3:ListAllMyBuckets", "s3:GetBucketLocation"]),
        allow(
            "s3:ListBucket", bucket, Condition={"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}}
        ),
        allow("s3:*", [f"{bucket}/home/${{aws:username}}", f"{bucket}/home/${{aws:username}}/*"]),
    ]
    for action, resource, prefix, expected in (
        ("s3:ListAllMyBuckets", "*", None, YES),
        ("s3:ListBucket", bucket, "", YES),
        ("s3:ListBucket", bucket, "home/ada/", YES),
        ("s3:ListBucket", bucket, "home/bob/", NO),
        ("s3:ListBucket", bucket, None, NO),
        ("s3:PutObject", f"{bucket}/home/ada/x", None, YES),
        ("s3:PutObject", f"{bucket}/home/bob/x", None, NO),
    ):
        context = {"aws:username": "ada"} | ({} if prefix is None else {"s3:prefix": prefix})
        yield Case(section, expected, home, action, resource, context)
    section = "Revoking IAM role temporary security credentials"
    revoked = [allow("*"), deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2024-05-01T12:00:00Z"}})]
    for issued, expected in (("2024-05-01T11:59:59Z", DENIED), ("2024-05-01T12:00:00Z", YES), (None, YES)):
        context = {} if issued is None else {"aws:TokenIssueTime": issued}
        yield Case(section, expected, revoked, context=context, caller=SESSION)
    section = "AWS: Denies access to AWS based on the source IP (example policy)"
    outside = {
        "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]},
        "Bool": {"aws:ViaAWSService": "false"},
    }
    for address, via, expected in (
        ("192.0.2.9", "false", YES),
        ("198.51.100.1", "false", DENIED),
        ("198.51.100.1", "true", YES),
    ):
        context = {"aws:SourceIp": address, "aws:ViaAWSService": via}
        yield Case(section, expected, [allow("*"), deny("*", Condition=outside)], context=context)
    section = "AWS: Denies access to AWS based on the requested Region (example policy)"
    regions = {
        "Effect": "Deny",
        "NotAction": ["cloudfront:*", "iam:*", "route53:*", "support:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}},
    }
    for action, region, expected in (
        ("glue:GetTable", "eu-central-1", YES),
        ("glue:GetTable", "us-east-1", DENIED),
        ("iam:GetRole", "us-east-1", YES),
    ):
        yield Case(section, expected, [allow("*"), regions], action, context={"aws:RequestedRegion": region})
    section = "IAM: Pass an IAM role to a specific AWS service (example policy)"
    passing = allow("iam:PassRole", ROLE, Condition={"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}})
    for service, expected in (("glue.amazonaws.com", YES), ("ec2.amazonaws.com", NO)):
        yield Case(section, expected, [passing], "iam:PassRole", ROLE, {"iam:PassedToService": service})
    section = "AWS: Allows access based on date and time (example policy)"
    between = {
        "DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"},
        "DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"},
    }
    for moment, expected in (("2020-03-31T23:59:59Z", NO), ("2020-05-01T00:00:00Z", YES), ("2020-07-01T00:00:00Z", NO)):
        yield Case(section, expected, [allow(Condition=between)], context={"aws:CurrentTime": moment})


CASES = [*actions(), *resources(), *variables(), *conditions(), *layers(), *examples()]
