"""What runs as a role, and the keys it is given."""

from datetime import timedelta

import pytest

from studiolo.domain import Conflict, Denied, NotFound
from studiolo.identity import AccessKey, Identity, Role, Workload, metastore_token
from tests.unit.identity.conftest import ACCOUNT, FOR_THE_ACCOUNT, ROOT, HeldClock

HOUR = timedelta(hours=1)


@pytest.fixture
def role(identity: Identity) -> Role:
    return identity.roles.create("Job", FOR_THE_ACCOUNT)


@pytest.fixture
def workload(identity: Identity, role: Role) -> Workload:
    workload = identity.workloads.add("kernel-1")
    identity.workloads.give("kernel-1", role.arn, "night")
    return workload


def test_a_workload_acts_as_a_session_of_its_role(identity: Identity, workload: Workload) -> None:
    found = identity.find_key(identity.workloads.key(workload.token).id)
    assert found is not None
    assert found[1].arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Job/night"


def test_its_key_is_the_same_until_two_hours_are_left_of_it(
    identity: Identity, workload: Workload, clock: HeldClock
) -> None:
    first = identity.workloads.key(workload.token)
    clock.pass_by(3.9 * HOUR)
    assert identity.workloads.key(workload.token) == first
    clock.pass_by(0.2 * HOUR)
    second = identity.workloads.key(workload.token)
    assert second.id != first.id
    assert second.expires == clock.present + 6 * HOUR


def test_a_workload_without_a_role_gets_no_keys(identity: Identity) -> None:
    warm = identity.workloads.add("kernel-2")
    with pytest.raises(Conflict):
        identity.workloads.key(warm.token)


@pytest.mark.parametrize("token", ["", "kernel-1", "kernel-1.", "kernel-1.x", "kernel-2.x", "kernel-1.\u00e9"])
def test_nobody_s_token_gets_no_keys(identity: Identity, workload: Workload, token: str) -> None:
    with pytest.raises(Denied):
        identity.workloads.key(token)


def test_what_has_ended_has_neither_token_nor_key(identity: Identity, workload: Workload) -> None:
    key = identity.workloads.key(workload.token)
    identity.workloads.end("kernel-1")
    with pytest.raises(Denied):
        identity.workloads.key(workload.token)
    assert identity.find_key(key.id) is None


def test_keys_end_with_the_role(identity: Identity, workload: Workload) -> None:
    identity.roles.delete("Job")
    with pytest.raises(NotFound):
        identity.workloads.key(workload.token)


def test_the_metastore_knows_workloads_and_holders_of_keys(identity: Identity, workload: Workload) -> None:
    assert identity.caller(workload.metastore_token).arn.endswith("assumed-role/Job/night")
    assert identity.caller(metastore_token(ROOT.id, ROOT.secret)).role_arn is None


@pytest.mark.parametrize("token", ["", ROOT.id, f"{ROOT.id}.{ROOT.secret}", "kernel-1.x"])
def test_the_metastore_knows_nobody_else(identity: Identity, workload: Workload, token: str) -> None:
    with pytest.raises(Denied):
        identity.caller(token)


def test_the_token_does_not_stand_in_for_the_metastore_s(identity: Identity, workload: Workload) -> None:
    with pytest.raises(Denied):
        identity.caller(workload.token)


def test_an_expired_key_s_holder_is_unknown_to_the_metastore(identity: Identity, role: Role, clock: HeldClock) -> None:
    key: AccessKey = identity.key_of(identity.session_of(role.arn, "ada"))
    clock.pass_by(2 * HOUR)
    with pytest.raises(Denied):
        identity.caller(metastore_token(key.id, key.secret))
