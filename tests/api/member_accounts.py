"""What tests of several accounts share: keys of a role in an account, and what is refused to them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

HOME = "000000000000"
ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION = "AWSCloudFormationStackSetExecutionRole"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass
class Account:
    """An account of the server, and clients with keys of a role in it."""

    server: Server
    number: str
    keys: dict[str, str]

    def client(self, service: str, **options: Any) -> Any:
        endpoint = {"endpoint_url": self.server.s3_endpoint} if service == "s3" else {}
        return self.server.client(service, **endpoint, **self.keys, **options)


def entered(server: Server, sts: Any, role: str, **asked: Any) -> Account:
    """The account of a role, by a session of that."""
    given = sts.assume_role(RoleArn=role, RoleSessionName="ada", **asked)["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    return Account(server, role.split(":")[4], keys)


def member_account(server: Server, name: str) -> Account:
    """A new account of the server's organization, in which its role `Way` does everything."""
    organizations = server.client("organizations")
    asked = organizations.create_account(Email=f"{name}@example.org", AccountName=name, RoleName="Way")
    made = organizations.describe_create_account_status(CreateAccountRequestId=asked["CreateAccountStatus"]["Id"])[
        "CreateAccountStatus"
    ]
    assert made["State"] == "SUCCEEDED"
    return entered(server, server.client("sts"), f"arn:aws:iam::{made['AccountId']}:role/Way")


def organization_of(server: Server) -> str:
    """The id of the organization that the accounts of the server are in."""
    organizations = server.client("organizations")
    try:
        made = organizations.create_organization()
    except organizations.exceptions.AlreadyInOrganizationException:
        made = organizations.describe_organization()
    return str(made["Organization"]["Id"])


def administration(iam: Any) -> None:
    """Make the administration role of stack sets, which may take on the execution roles, and that of the account itself."""
    trust = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::*:role/{EXECUTION}"}
    iam.create_role(RoleName=ADMINISTRATION, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName=ADMINISTRATION, PolicyName="may", PolicyDocument=document(may))
    let_in(iam)


def let_in(iam: Any) -> None:
    """Make the execution role of an account."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=EXECUTION, AssumeRolePolicyDocument=document(trust))
    iam.attach_role_policy(RoleName=EXECUTION, PolicyArn=ADMINISTRATOR)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**given)
    found = error.value.response["Error"]
    return f"{found['Code']}: {found['Message']}"
