"""What deciding costs: a read by a role of many long policies among many roles, against a role of one short policy."""

import json
from collections.abc import Iterator
from typing import Any

from bench.bench import Bench
from bench.load import Load, drive
from bench.row import Quantity, Row, at_least_times
from bench.server import Server
from bench.signing import REGION, client, requests_of

ROLES, POLICIES, STATEMENTS = 1000, 10, 27
"""So many statements make a policy of nearly 6 KB."""

ROUNDS, SECONDS, CONNECTIONS = 3, 1.5, 8
ALL = {"Effect": "Allow", "Action": "glue:*", "Resource": "*"}


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    glue, iam = server.client("glue"), server.client("iam")
    glue.create_database(DatabaseInput={"Name": "decided"})
    glue.create_table(DatabaseName="decided", TableInput={"Name": "days"})
    trust = json.dumps(_document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}))
    for number in range(ROLES):
        iam.create_role(RoleName=f"decided-{number}", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="decided-0", PolicyName="short", PolicyDocument=json.dumps(_document(ALL)))
    for number in range(POLICIES):
        text = json.dumps(_long_policy(number), separators=(",", ":"))
        arn = iam.create_policy(PolicyName=f"decided-{number}", PolicyDocument=text)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="decided-1", PolicyArn=arn)
    short, long = (_client(server, f"decided-{number}") for number in range(2))
    server.settle()
    # In turns, so that what else the machine does is the same for both.
    rates = [(_rate(server, long), _rate(server, short)) for _ in range(ROUNDS)]
    ours, other = (Quantity(max(each), "/s") for each in zip(*rates, strict=True))
    name = f"signed GetTable by a role of {POLICIES} policies of 6 KB among {ROLES:,} roles, against one short policy"
    yield at_least_times(name, 0.9, ours, other)


def _client(server: Server, role: str) -> Any:
    sts = server.client("sts")
    account = sts.get_caller_identity()["Account"]
    key = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="bench")["Credentials"]
    pair = (key["AccessKeyId"], key["SecretAccessKey"])
    return client("glue", server.endpoint, pair, aws_session_token=key["SessionToken"])


def _rate(server: Server, glue: Any) -> float:
    requests = requests_of(glue, lambda: glue.get_table(DatabaseName="decided", Name="days"))
    return drive(Load("127.0.0.1", server.port, requests, CONNECTIONS, SECONDS)).rate


def _long_policy(number: int) -> dict[str, Any]:
    """One of ten: of resources that are not asked for, with conditions; the last allows what is."""
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "air"}}
    resource = f"arn:aws:glue:{REGION}:000000000000:table/database_{number}_"
    statements = [
        {"Effect": "Allow", "Action": ["glue:Get*", "s3:Get*"], "Resource": [f"{resource}{i}/*"], "Condition": tagged}
        for i in range(STATEMENTS)
    ]
    denied = {"Effect": "Deny", "Action": "glue:Delete*", "Resource": f"{resource}*"}
    return _document(*statements, denied, *([ALL] if number == POLICIES - 1 else []))


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}
