"""What an account is called in China and in the US government's cloud, and whom its policies mean there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from studiolo.domain import Invalid, NotFound
from studiolo.identity import Answer, Identity, NotAuthorized, Question, Scenario, SessionRequest, simulate
from studiolo.identity.principals import federated_user
from studiolo.state import State
from tests.unit.identity.conftest import ACCOUNT, FOR_THE_ACCOUNT, ROOT, HeldClock, allow, deny, trust


@pytest.fixture(params=["aws-cn", "aws-us-gov"])
def partition(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def identity(tmp_path: Path, clock: HeldClock, partition: str) -> Iterator[Identity]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield Identity(state, ROOT, ACCOUNT, clock, partition=partition)
    state.close()


def test_all_that_iam_makes_is_named_in_the_account_s_partition(identity: Identity, partition: str) -> None:
    user = identity.users.create("ada", "/team/")
    role = identity.roles.create("Analyst", trust({"AWS": user.arn}))
    identity.instance_profiles.create("Analyst")
    identity.instance_profiles.add_role("Analyst", "Analyst")
    identity.make_credential_report()
    document, _ = identity.settings.report
    named = [
        user.arn,
        role.arn,
        json.loads(role.trust)["Statement"][0]["Principal"]["AWS"],
        identity.groups.create("staff").arn,
        identity.policies.create("reads", allow("s3:*")).arn,
        identity.instance_profiles.get("Analyst").arn,
        identity.devices.create("phone").serial,
        identity.providers.create_open_id("https://issuer.example.org", ["air"]).arn,
        *(line.split(",")[1] for line in document.splitlines()[1:]),
    ]
    assert named == [
        f"arn:{partition}:iam::{ACCOUNT}:{resource}"
        for resource in (
            "user/team/ada", "role/Analyst", "user/team/ada", "group/staff", "policy/reads",
            "instance-profile/Analyst", "mfa/phone", "oidc-provider/issuer.example.org", "root", "user/team/ada",
        )
    ]  # fmt: skip
    assert [each.url for each in identity.providers.open_ids()] == ["https://issuer.example.org"]


def test_sessions_are_those_of_the_partition_and_stay_so_when_their_keys_come_back(
    identity: Identity, partition: str
) -> None:
    found = identity.find_key(ROOT.id)
    assert found is not None
    root = found[1]
    role = identity.roles.create("Analyst", FOR_THE_ACCOUNT)
    key, session = identity.tokens.assume_role(root, role.arn, SessionRequest("ada"))
    federated, ben = identity.tokens.federation_token(root, SessionRequest("ben"))
    assert root.arn == f"arn:{partition}:iam::{ACCOUNT}:root"
    assert session.arn == f"arn:{partition}:sts::{ACCOUNT}:assumed-role/Analyst/ada"
    assert ben.arn == federated_user(root, "ben").arn == f"arn:{partition}:sts::{ACCOUNT}:federated-user/ben"
    for access_key, principal in ((key, session), (federated, ben)):
        again = identity.find_key(access_key.id)
        assert again is not None
        assert again[1] == principal
    with pytest.raises(NotAuthorized):
        identity.tokens.assume_role(session, f"arn:aws:iam::{ACCOUNT}:role/Analyst", SessionRequest("eve"))


def test_aws_s_own_policies_are_of_the_partition_and_speak_of_its_resources(identity: Identity, partition: str) -> None:
    arn = f"arn:{partition}:iam::aws:policy/AWSLambda_FullAccess"
    role = identity.roles.create("Analyst", FOR_THE_ACCOUNT)
    identity.roles.attach("Analyst", arn)
    assert identity.policies.get(arn).of_aws
    with pytest.raises(NotFound):
        identity.roles.attach("Analyst", "arn:aws:iam::aws:policy/AWSLambda_FullAccess")
    assert all(each.arn.startswith(f"arn:{partition}:iam::") for each in identity.policies.all())
    session = identity.session_of(role.arn, "ada")
    logs = f"arn:{{}}:logs:*:{ACCOUNT}:log-group:/aws/lambda/air"
    assert identity.decide(session, Question("logs:GetLogEvents", logs.format(partition))).allowed
    assert not identity.decide(session, Question("logs:GetLogEvents", logs.format("aws"))).allowed


def test_the_number_of_an_account_in_a_policy_means_that_of_the_partition(identity: Identity, partition: str) -> None:
    caller = identity.session_of(identity.roles.create("Analyst", FOR_THE_ACCOUNT).arn, "ada")
    identity.roles.put_policy("Analyst", "reads", allow("s3:*", identity.s3_arn("air*")))
    bucket = f"arn:{partition}:s3:::air"
    assert identity.decide(caller, Question("s3:ListBucket", bucket)).allowed
    denied = deny("s3:ListBucket", bucket, Principal={"AWS": ACCOUNT})
    assert not identity.decide(caller, Question("s3:ListBucket", bucket), policy=identity.compiled(denied)).allowed
    scenario = Scenario(caller, {"reads": allow("s3:*")}, resource=denied)
    assert [each.answer for (each,) in simulate(scenario, ["s3:ListBucket"], [bucket])] == [Answer.DENIED]


def test_in_china_a_service_has_two_names(identity: Identity, partition: str) -> None:
    root = identity.find_key(ROOT.id)
    assert root is not None
    role = identity.roles.create("Machine", trust({"Service": "elasticmapreduce.amazonaws.com.cn"}))
    if partition == "aws-cn":
        assert identity.pass_role(root[1], role.arn, "elasticmapreduce.amazonaws.com") == role
    else:
        with pytest.raises(Invalid):
            identity.pass_role(root[1], role.arn, "elasticmapreduce.amazonaws.com")


def test_an_organization_and_the_accounts_made_in_it_are_of_the_partition(identity: Identity, partition: str) -> None:
    identity.organization.create()
    number = identity.organization.create_account("air", "air@example.org").account
    assert number is not None
    made = identity.organization.get()
    assert made.arn(f"root/{made.id}/{made.root}").startswith(f"arn:{partition}:organizations::{ACCOUNT}:root/o-")
    own = identity.of(number).roles
    (role,) = own.list().items
    assert role.arn == f"arn:{partition}:iam::{number}:role/OrganizationAccountAccessRole"
    assert json.loads(role.trust)["Statement"][0]["Principal"] == {"AWS": f"arn:{partition}:iam::{ACCOUNT}:root"}
    assert [each.arn for each in own.attached(role.name)] == [f"arn:{partition}:iam::aws:policy/AdministratorAccess"]
