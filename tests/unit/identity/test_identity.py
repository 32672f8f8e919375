"""Keys, authorization, passing and assuming roles."""

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from studiolo.domain import Conflict, Denied, DomainError, Invalid, NotFound
from studiolo.identity import Answer, Identity, MalformedPolicy, Principal, Question, Role, RoleSettings, SessionRequest
from studiolo.identity.documents import check_identity_policy
from studiolo.identity.mfa import code_of
from studiolo.identity.principals import iam_user
from studiolo.identity.simulation import simulate
from studiolo.state import State
from tests.unit.identity.conftest import (
    ACCOUNT,
    FOR_THE_ACCOUNT,
    ROOT,
    HeldClock,
    allow,
    policy,
    statement,
    trust,
)

HOUR = timedelta(hours=1)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


MFA_AGE = "aws:MultiFactorAuthAge"


def allowed(identity: Identity, principal: Principal, action: str, resource: str = "*") -> bool:
    return identity.decide(principal, Question(action, resource)).answer is Answer.ALLOWED


def assumed(identity: Identity, caller: Principal, role: Role, **asked: object) -> Principal:
    return identity.tokens.assume_role(caller, role.arn, SessionRequest("ada", **asked))[1]  # type: ignore[arg-type]


@pytest.fixture
def glue_role(identity: Identity) -> Role:
    return identity.roles.create("Glue", trust({"Service": "glue.amazonaws.com"}), "/service-role/")


def test_the_root_key_is_the_root_user_s(identity: Identity) -> None:
    found = identity.find_key(ROOT.id)
    assert found is not None
    key, principal = found
    assert key == ROOT
    assert (principal.user_id, principal.arn) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    assert identity.find_key("AKIANOBODY") is None


def test_the_root_user_may_do_everything(identity: Identity, root: Principal) -> None:
    identity.authorize(root, [Question("glue:CreateSession")])


def test_a_role_may_do_nothing_until_it_is_allowed(identity: Identity, session: Principal) -> None:
    with pytest.raises(Denied) as refusal:
        identity.authorize(session, [Question("glue:CreateSession")])
    assert str(refusal.value) == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/Analyst/ada is not authorized to perform: glue:CreateSession on "
        "resource: * because no identity-based policy allows the glue:CreateSession action"
    )


def test_a_change_of_a_role_s_policies_counts_at_once(identity: Identity, session: Principal) -> None:
    identity.roles.put_policy("Analyst", "own", allow("glue:*"))
    assert allowed(identity, session, "glue:GetTable")
    identity.roles.put_policy("Analyst", "own", allow("s3:*"))
    assert not allowed(identity, session, "glue:GetTable")
    identity.roles.attach("Analyst", READ_ONLY)
    assert allowed(identity, session, "glue:GetTable")
    assert not allowed(identity, session, "glue:CreateTable")
    identity.roles.detach("Analyst", READ_ONLY)
    assert not allowed(identity, session, "glue:GetTable")


def test_the_default_version_of_a_managed_policy_counts(identity: Identity, session: Principal) -> None:
    managed = identity.policies.create("Mine", allow("glue:*"))
    identity.roles.attach("Analyst", managed.arn)
    identity.policies.create_version(managed.arn, allow("s3:*"), default=False)
    assert allowed(identity, session, "glue:GetTable")
    identity.policies.set_default(managed.arn, 2)
    assert not allowed(identity, session, "glue:GetTable")


def test_an_explicit_deny_is_said_as_one(identity: Identity, session: Principal) -> None:
    identity.roles.attach("Analyst", ADMINISTRATOR)
    identity.roles.put_policy("Analyst", "no", policy(statement("Deny", "glue:Delete*")))
    with pytest.raises(Denied, match="with an explicit deny in an identity-based policy"):
        identity.authorize(session, [Question("glue:DeleteTable")])


def test_a_permissions_boundary_bounds(identity: Identity, session: Principal) -> None:
    identity.roles.attach("Analyst", ADMINISTRATOR)
    identity.roles.update("Analyst", RoleSettings(boundary=READ_ONLY))
    assert allowed(identity, session, "glue:GetTable")
    with pytest.raises(Denied, match="because no permissions boundary allows"):
        identity.authorize(session, [Question("glue:CreateTable")])


def test_a_session_may_be_narrower_than_its_role(identity: Identity, root: Principal) -> None:
    role = identity.roles.create("Wide", FOR_THE_ACCOUNT)
    identity.roles.attach("Wide", ADMINISTRATOR)
    narrow = assumed(identity, root, role, policies=(allow("s3:*"),), policy_arns=(READ_ONLY,))
    assert allowed(identity, narrow, "s3:PutObject")
    assert allowed(identity, narrow, "glue:GetTable")
    with pytest.raises(Denied, match="because no session policy allows"):
        identity.authorize(narrow, [Question("glue:CreateTable")])


def test_a_session_s_key_knows_its_policies_and_tags(identity: Identity, root: Principal) -> None:
    role = identity.roles.create("Tagged", trust({"AWS": ACCOUNT}, Action=["sts:AssumeRole", "sts:TagSession"]))
    homes = "arn:aws:s3:::homes/${aws:PrincipalTag/team}/*"
    identity.roles.put_policy("Tagged", "home", allow("s3:*", homes))
    asked = SessionRequest("ada", policies=(allow("s3:Get*"),), tags={"team": "air"})
    key, principal = identity.tokens.assume_role(root, role.arn, asked)
    assert identity.find_key(key.id) == (key, principal)
    assert allowed(identity, principal, "s3:GetObject", "arn:aws:s3:::homes/air/x")
    assert not allowed(identity, principal, "s3:GetObject", "arn:aws:s3:::homes/sea/x")
    assert not allowed(identity, principal, "s3:PutObject", "arn:aws:s3:::homes/air/x")


def test_a_condition_on_the_request_is_decided_by_what_is_known_of_it(identity: Identity, session: Principal) -> None:
    document = allow("glue:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-central-1"}})
    identity.roles.put_policy("Analyst", "region", document)
    identity.authorize(session, [Question("glue:GetTable")], {"aws:RequestedRegion": "eu-central-1"})
    with pytest.raises(Denied):
        identity.authorize(session, [Question("glue:GetTable")], {"aws:RequestedRegion": "us-east-1"})


def test_anyone_may_ask_who_they_are(identity: Identity, session: Principal) -> None:
    identity.roles.put_policy("Analyst", "no", policy(statement("Deny", "*")))
    identity.authorize(session, [Question("sts:GetCallerIdentity")])


def test_a_temporary_key_says_when_it_ends_and_is_forgotten_a_day_later(
    identity: Identity, session: Principal, clock: HeldClock
) -> None:
    assert session.role_arn is not None
    key = identity.key_of(identity.session_of(session.role_arn, "job"))
    clock.pass_by(2 * HOUR)
    found = identity.find_key(key.id)
    assert found is not None
    assert found[0].expires == clock.present - HOUR
    clock.pass_by(timedelta(days=1))
    identity.key_of(identity.session_of(session.role_arn, "another"))
    identity.roles.tag("Analyst", [("a", "b")])
    assert identity.find_key(key.id) is None


def test_a_key_made_in_the_name_of_a_session_is_as_old_as_the_session(
    identity: Identity, session: Principal, clock: HeldClock
) -> None:
    began = clock.present
    clock.pass_by(HOUR / 2)
    found = identity.find_key(identity.key_of(session).id)
    assert found is not None
    assert ("aws:TokenIssueTime", began.strftime("%Y-%m-%dT%H:%M:%SZ")) in found[1].context


def test_a_role_s_key_acts_as_the_role(identity: Identity, glue_role: Role) -> None:
    key = identity.key_of(identity.session_of(glue_role.arn, "session-1"))
    found = identity.find_key(key.id)
    assert found is not None
    assert found[1].arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Glue/session-1"
    assert found[1].user_id == f"{glue_role.id}:session-1"
    assert found[1].role_arn == f"arn:aws:iam::{ACCOUNT}:role/service-role/Glue"


def test_keys_end_with_their_role(identity: Identity, glue_role: Role) -> None:
    key = identity.key_of(identity.session_of(glue_role.arn, "session-1"))
    assert identity.find_key(key.id) is not None
    identity.roles.delete("Glue")
    assert identity.find_key(key.id) is None


def test_everything_is_gone_when_the_account_is_emptied(identity: Identity, session: Principal) -> None:
    assert session.role_arn is not None
    identity.policies.create("Mine", allow("glue:*"))
    key = identity.key_of(identity.session_of(session.role_arn, "s"))
    identity.empty()
    assert identity.find_key(key.id) is None
    assert not identity.roles.list().items
    assert not allowed(identity, session, "glue:GetTable")


def test_a_role_is_passed_to_a_service_it_trusts(identity: Identity, root: Principal, glue_role: Role) -> None:
    assert identity.pass_role(root, glue_role.arn, "glue.amazonaws.com") == glue_role


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        ("sagemaker.amazonaws.com", "Could not assume role .* Please ensure that the role exists and allows principal"),
        ("elasticmapreduce.amazonaws.com", "does not let elasticmapreduce.amazonaws.com assume it"),
    ],
)
def test_a_service_that_a_role_does_not_trust_is_refused_it(
    identity: Identity, root: Principal, glue_role: Role, service: str, reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        identity.pass_role(root, glue_role.arn, service)


@pytest.mark.parametrize(
    ("arn", "error"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/Nobody", Invalid),
        (f"arn:aws:iam::{ACCOUNT}:role/Glue", Invalid),
        ("arn:aws:iam::999999999999:role/service-role/Glue", Invalid),
        (f"arn:aws:iam::{ACCOUNT}:user/Glue", Invalid),
        ("Glue", Invalid),
    ],
)
def test_what_is_not_a_role_here_cannot_be_passed(
    identity: Identity, root: Principal, glue_role: Role, arn: str, error: type[DomainError]
) -> None:
    with pytest.raises(error):
        identity.pass_role(root, arn, "glue.amazonaws.com")


def test_passing_a_role_needs_iam_pass_role_on_it_and_for_the_service(
    identity: Identity, session: Principal, glue_role: Role
) -> None:
    with pytest.raises(Denied, match=rf"iam:PassRole on resource: {glue_role.arn}"):
        identity.pass_role(session, glue_role.arn, "glue.amazonaws.com")
    for_glue = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    identity.roles.put_policy("Analyst", "pass", allow("iam:PassRole", glue_role.arn, Condition=for_glue))
    identity.pass_role(session, glue_role.arn, "glue.amazonaws.com")
    with pytest.raises(Denied):
        identity.pass_role(session, glue_role.arn, "sagemaker.amazonaws.com")


def test_a_role_that_trusts_the_account_leaves_it_to_the_caller_s_policies(
    identity: Identity, session: Principal
) -> None:
    target = identity.roles.create("Target", FOR_THE_ACCOUNT)
    with pytest.raises(Denied, match=rf"sts:AssumeRole on resource: {target.arn}"):
        assumed(identity, session, target)
    identity.roles.put_policy("Analyst", "assume", allow("sts:AssumeRole", target.arn))
    assert assumed(identity, session, target).role_arn == target.arn


def test_a_role_that_trusts_the_caller_by_name_needs_no_more(identity: Identity, session: Principal) -> None:
    target = identity.roles.create("Target", trust({"AWS": session.role_arn}))
    assert assumed(identity, session, target).role_arn == target.arn
    identity.roles.put_policy("Analyst", "no", policy(statement("Deny", "sts:*")))
    with pytest.raises(Denied):
        assumed(identity, session, target)


def test_a_role_that_trusts_a_service_or_another_is_not_for_the_caller(
    identity: Identity, root: Principal, glue_role: Role
) -> None:
    other = identity.roles.create("Other", trust({"AWS": "999999999999"}))
    for role in (glue_role, other):
        with pytest.raises(Denied):
            assumed(identity, root, role)


def test_who_is_made_anew_under_a_trusted_name_is_not_trusted(identity: Identity, session: Principal) -> None:
    role = identity.roles.create("Trusting", trust({"AWS": session.identity_arn}))
    assert json.loads(role.trust)["Statement"][0]["Principal"]["AWS"] == session.identity_arn
    assumed(identity, session, role)
    identity.roles.delete("Analyst")
    anew = identity.roles.create("Analyst", FOR_THE_ACCOUNT)
    again = replace(session, holder=anew.id)
    with pytest.raises(Denied, match="because no role trust policy allows the sts:AssumeRole action"):
        assumed(identity, again, role)
    gone = json.loads(identity.roles.get("Trusting").trust)["Statement"][0]["Principal"]["AWS"]
    assert gone == session.holder


@pytest.mark.parametrize(
    ("named", "refused"),
    [("user/nobody", True), ("role/*", True), ("root", False), ("role/Analyst", False), ("role/team/Analyst", True)],
)
def test_who_is_trusted_by_name_must_be_there(
    identity: Identity, session: Principal, named: str, refused: bool
) -> None:
    document = trust({"AWS": ["arn:aws:iam::999988887777:user/believed", f"arn:aws:iam::{ACCOUNT}:{named}"]})
    with pytest.raises(MalformedPolicy, match="Invalid principal in policy") if refused else nullcontext():
        identity.roles.create("Trusting", document)


def test_how_long_ago_a_code_was_shown_is_a_condition_along_a_chain(
    identity: Identity, root: Principal, clock: HeldClock
) -> None:
    user = identity.users.create("ada")
    device = identity.devices.create("phone", "/", [])
    step = int(clock().timestamp()) // 30
    identity.devices.enable("ada", device.serial, (code_of(device.seed, step - 1), code_of(device.seed, step)))
    caller = iam_user(ACCOUNT, user.arn, user.id)
    key = identity.tokens.session_token(caller, None, (device.serial, code_of(device.seed, step + 1)))
    found = identity.find_key(key.id)
    assert found is not None
    role = identity.roles.create("Proven", trust({"AWS": user.arn}))
    identity.roles.put_policy("Proven", "own", allow("s3:*", Condition={"NumericLessThan": {MFA_AGE: "3600"}}))
    clock.pass_by(timedelta(minutes=30))
    chained = assumed(identity, found[1], role)
    assert allowed(identity, chained, "s3:GetObject")
    clock.pass_by(timedelta(minutes=31))
    assert not allowed(identity, chained, "s3:GetObject")
    assert not allowed(identity, assumed(identity, caller, role), "s3:GetObject")


def test_a_group_is_simulated_by_its_policies_alone(identity: Identity) -> None:
    group = identity.groups.create("air")
    identity.groups.put_policy("air", "own", allow("s3:Get*"))
    (get,), (put,) = simulate(identity.scenario(group.arn), ["s3:GetObject", "s3:PutObject"], ["*"])
    assert (get.answer, get.matched[0].policy, put.answer) == (Answer.ALLOWED, "group_air_own", Answer.SILENT)
    with pytest.raises(NotFound):
        identity.scenario(f"{group.arn}x")


def test_an_external_id_that_is_asked_for_must_be_given(identity: Identity, root: Principal) -> None:
    with_id = trust({"AWS": ACCOUNT}, Condition={"StringEquals": {"sts:ExternalId": "secret"}})
    role = identity.roles.create("External", with_id)
    with pytest.raises(Denied):
        assumed(identity, root, role)
    assert assumed(identity, root, role, external_id="secret").role_arn == role.arn


def test_whether_a_role_exists_is_not_told_to_who_may_not_assume_it(identity: Identity, root: Principal) -> None:
    with pytest.raises(Denied, match="is not authorized to perform: sts:AssumeRole on resource"):
        identity.tokens.assume_role(root, f"arn:aws:iam::{ACCOUNT}:role/Nobody", SessionRequest("ada"))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (SessionRequest("s"), "session name"),
        (SessionRequest("a b"), "session name"),
        (SessionRequest("ok", timedelta(minutes=5)), "at least 900"),
        (SessionRequest("ok", timedelta(hours=2)), "MaxSessionDuration"),
        (SessionRequest("ok", policies=("{",)), "invalid Json"),
    ],
)
def test_a_session_that_cannot_be_is_refused(
    identity: Identity, root: Principal, asked: SessionRequest, reason: str
) -> None:
    role = identity.roles.create("Target", FOR_THE_ACCOUNT)
    with pytest.raises(Invalid, match=reason):
        identity.tokens.assume_role(root, role.arn, asked)


def test_a_chained_session_lasts_an_hour_at_most(identity: Identity, session: Principal) -> None:
    settings = RoleSettings(max_session=timedelta(hours=12))
    role = identity.roles.create("Target", trust({"AWS": session.role_arn}), settings=settings)
    with pytest.raises(Invalid, match="role chaining"):
        assumed(identity, session, role, lifetime=timedelta(hours=2))


def test_a_root_session_is_the_root_user_for_an_hour_at_most(
    identity: Identity, root: Principal, session: Principal, clock: HeldClock
) -> None:
    key = identity.tokens.session_token(root, timedelta(hours=12))
    assert key.expires == clock.present + HOUR
    found = identity.find_key(key.id)
    assert found is not None
    assert (found[1].arn, found[1].kind) == (root.arn, root.kind)
    with pytest.raises(Denied, match="session credentials"):
        identity.tokens.session_token(session, HOUR)


def test_a_role_with_policies_cannot_be_deleted(identity: Identity, session: Principal) -> None:
    identity.roles.attach("Analyst", READ_ONLY)
    identity.roles.put_policy("Analyst", "own", allow("glue:*"))
    with pytest.raises(Conflict, match="must detach all policies first"):
        identity.roles.delete("Analyst")
    identity.roles.detach("Analyst", READ_ONLY)
    with pytest.raises(Conflict, match="must delete policies first"):
        identity.roles.delete("Analyst")
    identity.roles.delete_policy("Analyst", "own")
    identity.roles.delete("Analyst")
    with pytest.raises(NotFound, match="The role with name Analyst cannot be found"):
        identity.roles.get("Analyst")


def test_a_malformed_trust_leaves_no_role(identity: Identity) -> None:
    with pytest.raises(MalformedPolicy):
        identity.roles.create("Bad", "{}")
    assert not identity.roles.list().items


def test_every_policy_of_aws_is_one_that_iam_would_take(identity: Identity) -> None:
    for managed in identity.policies.all():
        (version,) = identity.policies.versions(managed.arn)
        check_identity_policy(version.document)


def test_the_glue_service_role_runs_a_session_and_reads_no_secrets(identity: Identity, glue_role: Role) -> None:
    identity.roles.attach("Glue", "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole")
    found = identity.find_key(identity.key_of(identity.session_of(glue_role.arn, "s1")).id)
    assert found is not None
    assert allowed(identity, found[1], "glue:GetTable", f"arn:aws:glue:us-east-1:{ACCOUNT}:table/air/days")
    assert allowed(identity, found[1], "s3:GetObject", "arn:aws:s3:::aws-glue-assets/x")
    assert not allowed(identity, found[1], "s3:GetObject", "arn:aws:s3:::payroll/x")


def test_another_process_s_change_counts_at_once(
    identity: Identity, session: Principal, clock: HeldClock, tmp_path: Path
) -> None:
    identity.roles.put_policy("Analyst", "own", allow("glue:GetTable"))
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    door = Identity(state, ROOT, ACCOUNT, clock)
    assert allowed(door, session, "glue:GetTable")
    identity.roles.delete_policy("Analyst", "own")
    assert not allowed(door, session, "glue:GetTable")
    state.close()


def test_a_key_that_was_given_out_while_its_role_was_deleted_is_nobody_s(identity: Identity, glue_role: Role) -> None:
    session = identity.session_of(glue_role.arn, "late")
    identity.roles.delete(glue_role.name)
    assert identity.find_key(identity.key_of(session).id) is None
