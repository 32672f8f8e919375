"""The credentials that stand for a runtime role at a cluster's doors, and what a security configuration says of roles."""

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.clusters.model import RuntimeRoles
from studiolo.clusters.roles import LIFETIME, ClusterRoles
from studiolo.clusters.security import SecurityConfigurations
from studiolo.domain import Denied, Invalid, Scope, now
from studiolo.state import State

ROLE = "arn:aws:iam::000000000000:role/team/one"
SCOPE = Scope("000000000000", "eu-central-1")


class World:
    """Two clusters with runtime roles, one without; `at` is the present moment."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.clusters: dict[str, Any] = {
            name: SimpleNamespace(id=name, asked=SimpleNamespace(runtime_roles=roles))
            for name, roles in {"one": RuntimeRoles("x"), "two": RuntimeRoles("y"), "none": None}.items()
        }
        identity: Any = SimpleNamespace(root=SimpleNamespace(secret="root's"))
        self.roles = ClusterRoles(identity, self.clusters.__getitem__, lambda: self.at)

    def header(self) -> str:
        made = self.roles.credentials(self.clusters["one"], ROLE)
        return basic(f"{made.username}:{made.password}")


def basic(text: str) -> str:
    return f"Basic {b64encode(text.encode()).decode()}"


def test_credentials_stand_for_their_role_at_their_cluster_until_they_expire() -> None:
    world = World()
    header = world.header()
    assert world.roles.role_of("one", header) == ROLE
    with pytest.raises(Denied):
        world.roles.role_of("two", header)
    world.at += LIFETIME + timedelta(seconds=1)
    with pytest.raises(Denied, match="expired"):
        world.roles.role_of("one", header)


def test_a_cluster_without_runtime_roles_asks_for_none_and_gives_none() -> None:
    world = World()
    assert world.roles.role_of("none", None) is None
    with pytest.raises(Invalid, match="not supported on this cluster"):
        world.roles.credentials(world.clusters["none"], ROLE)


@given(st.one_of(st.none(), st.text(), st.text().map(basic), st.binary().map(lambda each: f"Basic {each.hex()}")))
def test_no_other_header_stands_for_anything(header: str | None) -> None:
    with pytest.raises(Denied):
        World().roles.role_of("one", header)


@given(st.integers(0, 400), st.integers(1, 255))
def test_credentials_that_were_changed_stand_for_nothing(place: int, change: int) -> None:
    world = World()
    made = world.roles.credentials(world.clusters["one"], ROLE)
    text = bytearray(f"{made.username}:{made.password}".encode())
    text[place % len(text)] ^= change
    with pytest.raises(Denied):
        world.roles.role_of("one", f"Basic {b64encode(bytes(text)).decode()}")


@pytest.fixture(scope="module")
def security(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecurityConfigurations]:
    state = State(f"sqlite:///{tmp_path_factory.mktemp('security') / 'state.db'}")
    yield SecurityConfigurations(state, now)
    state.close()


def test_a_configuration_with_runtime_roles_is_given_an_external_id(security: SecurityConfigurations) -> None:
    asked = {"IAMConfiguration": {"EnableApplicationScopedIAMRole": True}}
    security.create(SCOPE, "one", json.dumps({"AuthorizationConfiguration": asked}))
    found = security.get(SCOPE, "one")
    assert found.runtime_roles is not None
    assert found.runtime_roles.tag is None
    assert f'"ExternalId": "{found.runtime_roles.external_id}"' in found.document
    assert len(found.runtime_roles.external_id) == 52
    assert security.create(SCOPE, "none", '{"EncryptionConfiguration": {}}').runtime_roles is None


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        ([], "AuthorizationConfiguration must be a JSON object"),
        ({"IAMConfiguration": {"EnableApplicationScopedIAMRole": "true"}}, "must be true or false"),
        ({"LakeFormationConfiguration": {"AuthorizedSessionTagValue": "Amazon EMR"}}, "needs runtime roles"),
    ],
)
def test_a_configuration_that_says_nothing_clear_of_roles_is_refused(
    security: SecurityConfigurations, authorization: Any, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        security.create(SCOPE, "bad", json.dumps({"AuthorizationConfiguration": authorization}))
