"""The accounts of a server, below the services."""

import pytest

from studiolo.domain import AlreadyExists, NotFound
from studiolo.identity import Identity, Question, SessionRequest
from studiolo.identity.organization import ROLE
from studiolo.identity.roles import Roles

READ = Question("logs:GetLogEvents", "arn:aws:logs:eu-west-1:{}:log-group:air")


def member(identity: Identity) -> str:
    identity.organization.create()
    number = identity.organization.create_account("air", "air@example.org").account
    assert number is not None
    return number


def test_an_account_that_a_crash_left_half_made_is_finished_when_it_is_asked_about(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.organization.create()

    def crash(_roles: Roles, _holder: str, _policy: str) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(Roles, "attach", crash)
        identity.organization.create_account("air", "air@example.org")
    (request,) = identity.organization.requests(["IN_PROGRESS"]).items
    done = identity.organization.request(request.id)
    assert done.state == "SUCCEEDED"
    assert done.account is not None
    assert [each.arn for each in identity.of(done.account).roles.attached(ROLE)]


def test_the_root_user_of_one_account_may_nothing_in_another(identity: Identity) -> None:
    number = member(identity)
    root = identity.find_key(identity.root.id)
    assert root is not None
    question = Question(READ.action, READ.resource.format(number))
    assert not identity.decide(root[1], question).allowed
    assert identity.decide(root[1], Question(READ.action, READ.resource.format(identity.account))).allowed


def test_a_session_in_another_account_has_what_its_role_has_there(identity: Identity) -> None:
    number = member(identity)
    root = identity.find_key(identity.root.id)
    assert root is not None
    role = f"arn:aws:iam::{number}:role/{ROLE}"
    key, session = identity.tokens_for(role).assume_role(root[1], role, SessionRequest("ada"))
    found = identity.find_key(key.id)
    assert found is not None
    assert (found[1].account, session.account) == (number, number)
    assert identity.decide(session, Question(READ.action, READ.resource.format(number))).allowed
    assert not identity.decide(session, Question(READ.action, READ.resource.format(identity.account))).allowed


def test_a_bucket_s_name_is_one_account_s(identity: Identity) -> None:
    number = member(identity)
    assert identity.buckets.claim("air", number)
    assert not identity.buckets.claim("air", number)
    assert identity.bucket("air")[0] == number
    with pytest.raises(AlreadyExists):
        identity.buckets.claim("air", identity.account)
    identity.buckets.release("air")
    assert identity.bucket("air")[0] == identity.account


def test_an_account_that_nobody_made_is_none(identity: Identity) -> None:
    with pytest.raises(NotFound):
        identity.of("999999999999")
