"""Why a request was denied: told to the root user and whoever may, remembered for a while, and not at any rate."""

from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.domain import NotFound, now
from studiolo.identity import AccessKey, Identity, NotAuthorized, Question, SessionRequest
from studiolo.identity import denials as remembered
from studiolo.identity.principals import root_user
from studiolo.state import State
from studiolo.why import Why
from tests.unit.identity.conftest import ACCOUNT, FOR_THE_ACCOUNT, ROOT, allow, deny

REQUEST = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def identity(tmp_path: Path) -> Any:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield Identity(state, ROOT, ACCOUNT, now)
    state.close()


@pytest.fixture
def denied(identity: Identity) -> tuple[AccessKey, NotAuthorized]:
    """The key of a role, and a call of it that was denied."""
    role = identity.roles.create("Analyst", FOR_THE_ACCOUNT)
    identity.roles.put_policy("Analyst", "own", deny("glue:Get*", Sid="NoReading"))
    key, session = identity.tokens.assume_role(root_user(ACCOUNT), role.arn, SessionRequest("ada"))
    with pytest.raises(NotAuthorized) as error:
        identity.authorize(session, [Question("glue:GetTable", "arn:aws:glue:::table/a/b", {"aws:SourceIp": "::1"})])
    return key, error.value


def asked(identity: Identity, key: AccessKey | None, request_id: str = REQUEST) -> Any:
    request = AWSRequest("GET", f"http://localhost/_studiolo/denials/{request_id}")
    if key is not None:
        SigV4Auth(Credentials(key.id, key.secret, key.session_token), "sts", "us-east-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    head = HttpRequest("GET", request.url, {"host": "localhost", **headers}, b"")
    return Why(identity, now)(head, request_id)


def test_the_root_user_is_told_the_policy_the_statement_and_what_was_known(
    identity: Identity, denied: tuple[AccessKey, NotAuthorized]
) -> None:
    identity.denials.note(REQUEST, denied[1])
    told = asked(identity, ROOT)
    assert (told["policy"], told["statement"]) == ("role_Analyst_own", "NoReading")
    assert told["because"] == "with an explicit deny in an identity-based policy"
    assert told["context"]["aws:sourceip"] == ["::1"]
    with pytest.raises(ServiceError, match="NotFound"):
        asked(identity, ROOT, "another")


def test_others_need_the_right_to_decode_authorization_messages(
    identity: Identity, denied: tuple[AccessKey, NotAuthorized]
) -> None:
    key, error = denied
    identity.denials.note(REQUEST, error)
    with pytest.raises(ServiceError, match="sts:DecodeAuthorizationMessage"):
        asked(identity, key)
    with pytest.raises(ServiceError):
        asked(identity, None)
    identity.roles.put_policy("Analyst", "why", allow("sts:DecodeAuthorizationMessage"))
    assert asked(identity, key)["action"] == "glue:GetTable"


def test_the_oldest_denials_are_forgotten(
    identity: Identity, denied: tuple[AccessKey, NotAuthorized], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST", 10)
    for number in range(11):
        identity.denials.note(str(number), denied[1])
    assert identity.denials.get("10").principal.endswith("assumed-role/Analyst/ada")
    with pytest.raises(NotFound):
        identity.denials.get("0")


def test_who_is_denied_without_end_does_not_fill_the_state(
    identity: Identity, denied: tuple[AccessKey, NotAuthorized], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered.time, "monotonic", lambda: 0.0)
    for number in range(int(remembered.PER_SECOND) + 1):
        identity.denials.note(str(number), denied[1])
    with pytest.raises(NotFound):
        identity.denials.get(str(int(remembered.PER_SECOND)))
