"""The queue of a session's statements, and the states they go through."""

from dataclasses import replace
from datetime import timedelta

import pytest

from studiolo.domain import AlreadyExists, Conflict, NotFound, Scope
from studiolo.engine import Key
from studiolo.engine.store import Store
from studiolo.state import State
from tests.unit.engine.conftest import Watch

SCOPE = Scope("000000000000", "eu-central-1")
KEY = Key("test", SCOPE, "one")


@pytest.fixture
def store(state: State, watch: Watch) -> Store:
    return Store(state, watch)


@pytest.fixture
def ready(store: Store) -> Store:
    store.add(KEY, {}, {})
    store.change(KEY, ("PROVISIONING",), "READY")
    return store


def test_a_session_is_kept_as_it_was_asked_for(store: Store) -> None:
    asked = {"role": "arn", "arguments": {"--conf": "spark.a=b"}, "connections": ["c"]}
    store.add(KEY, asked, {"team": "air"})
    session = store.session(KEY)
    assert (session.asked, session.tags) == (asked, {"team": "air"})


def test_a_second_session_of_the_same_id_is_refused(ready: Store) -> None:
    with pytest.raises(AlreadyExists):
        ready.add(KEY, {}, {})


def test_the_same_id_in_another_region_is_another_session(ready: Store) -> None:
    elsewhere = replace(KEY, scope=Scope(SCOPE.account, "us-west-2"))
    ready.add(elsewhere, {}, {})
    assert ready.session(elsewhere).state == "PROVISIONING"


def test_the_same_id_of_another_service_is_another_session(ready: Store) -> None:
    other = replace(KEY, service="other")
    ready.add(other, {}, {})
    assert ready.session(other).state == "PROVISIONING"
    assert [session.key for session in ready.sessions("test", SCOPE, {}, None, 10).items] == [KEY]


def test_statements_are_begun_one_at_a_time_in_their_order(ready: Store) -> None:
    assert [ready.add_statement(KEY, code) for code in ("a", "b")] == [0, 1]
    first = ready.begin_next(KEY)
    assert first is not None
    assert first.code == "a"
    again = ready.begin_next(KEY)
    assert again is not None
    assert (again.code, again.message) == ("a", first.message)
    ready.change_statement(KEY, first.id, ("RUNNING",), "AVAILABLE")
    second = ready.begin_next(KEY)
    assert second is not None
    assert second.code == "b"


def test_a_canceled_statement_is_not_begun(ready: Store) -> None:
    ready.add_statement(KEY, "a")
    assert ready.change_statement(KEY, 0, ("WAITING",), "CANCELLED")
    assert ready.begin_next(KEY) is None


def test_a_session_that_is_not_ready_takes_no_statement(store: Store) -> None:
    store.add(KEY, {}, {})
    with pytest.raises(Conflict, match="PROVISIONING"):
        store.add_statement(KEY, "a")


def test_a_session_is_not_idle_while_it_has_a_statement(ready: Store, watch: Watch) -> None:
    ready.add_statement(KEY, "a")
    assert ready.idle_since(KEY) is None
    watch.time += timedelta(minutes=5)
    ready.change_statement(KEY, 0, ("WAITING",), "CANCELLED")
    assert ready.idle_since(KEY) == watch.time


def test_statements_page_in_the_order_of_their_numbers(ready: Store) -> None:
    for number in range(12):
        ready.add_statement(KEY, str(number))
    page = ready.statements(KEY, -1, 10)
    assert [record.id for record in page.items] == list(range(10))
    assert [record.id for record in ready.statements(KEY, int(page.next or ""), 10).items] == [10, 11]


def test_sessions_are_listed_by_their_tags(ready: Store) -> None:
    ready.add(replace(KEY, id="two"), {}, {"team": "air", "stage": "x"})
    ready.add(replace(KEY, id="three"), {}, {"team": "water"})
    assert [session.key.id for session in ready.sessions("test", SCOPE, {"team": "air"}, None, 10).items] == ["two"]


def test_a_session_that_was_removed_is_not_found(ready: Store) -> None:
    ready.add_statement(KEY, "a")
    ready.remove(KEY)
    with pytest.raises(NotFound):
        ready.statement(KEY, 0)
