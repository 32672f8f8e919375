"""The order of records by event time, their expiry, and what becomes of acknowledged ones: with a clock of the test's."""

import io
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.domain import Invalid, Scope
from studiolo.features.files import Append, by_hour, file_name, folder, parquet
from studiolo.features.groups import FeatureGroups
from studiolo.features.model import Feature, Specification, Ttl
from studiolo.features.records import Records, expiry, replaces
from studiolo.features.tables import appends, groups, records
from studiolo.features.values import LATEST, event_time, typed
from studiolo.ml.tags import Tags
from studiolo.state import State

SCOPE = Scope("000000000000", "eu-central-1")
NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
AIR = Specification(
    identifier="station",
    event_time="measured",
    features=(Feature("station", "String"), Feature("measured", "Fractional"), Feature("no2", "Integral")),
    online=True,
    ttl=Ttl("Hours", 1),
)
TEXT, NUMBER = Feature("measured", "String"), Feature("measured", "Fractional")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(state: State, clock: Clock) -> Records:
    """The records of a group `air`, whose records last for an hour."""
    identity: Any = None
    made = FeatureGroups(state, identity, Tags(state), clock, lambda: None)
    made.create(SCOPE, identity, "air", AIR, {})
    with state.transaction() as tx:
        tx.execute(groups.update().values(status="Created"))
    return Records(state, clock, lambda: None)


def put(store: Records, minutes: float, no2: int, **more: Any) -> None:
    measured = (NOON + timedelta(minutes=minutes)).timestamp()
    store.put(SCOPE, "air", {"station": "vienna", "measured": str(measured), "no2": str(no2)}, **more)


def no2(store: Records) -> Any:
    found = store.get(SCOPE, "air", "vienna", ["no2"])
    return found and found.values["no2"]


def test_a_record_can_be_read_until_its_time_to_live_is_over(store: Records, clock: Clock) -> None:
    put(store, 0, 40)
    clock.now = NOON + timedelta(minutes=59)
    assert no2(store) == "40"
    clock.now = NOON + timedelta(minutes=60)
    assert no2(store) is None


def test_a_record_of_its_own_time_to_live_outlasts_its_group_s(store: Records, clock: Clock) -> None:
    put(store, 0, 40, ttl=Ttl("Days", 1))
    clock.now = NOON + timedelta(hours=23)
    assert no2(store) == "40"


def test_an_older_record_takes_the_place_of_one_that_has_expired(store: Records, clock: Clock) -> None:
    put(store, 0, 40, ttl=Ttl("Seconds", 1))
    clock.now = NOON + timedelta(minutes=1)
    put(store, -5, 10)
    assert no2(store) == "10"


def test_a_hard_deleted_record_can_be_put_again_and_a_softly_deleted_one_cannot(store: Records) -> None:
    deletion = str((NOON + timedelta(minutes=2)).timestamp())
    for hard, left in ((True, "20"), (False, None)):
        put(store, 1, 30)
        store.delete(SCOPE, "air", "vienna", deletion, hard=hard)
        put(store, 0, 20)
        assert no2(store) == left


def test_what_expires_leaves_the_online_store(store: Records, state: State, clock: Clock) -> None:
    put(store, 0, 40)
    clock.now = NOON + timedelta(hours=2)
    store.expire()
    with state.reading() as connection:
        assert connection.execute(records.select()).all() == []
        assert connection.execute(appends.select()).all() == []


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_whatever_the_order_in_which_they_come_the_greatest_event_time_wins(events: list[int]) -> None:
    stored: int | None = None
    for event in events:
        if replaces(event, stored, None, 0):
            stored = event
    assert stored == max(events)


def test_a_record_of_the_same_event_time_is_history() -> None:
    assert not replaces(7, 7, None, 0)


@pytest.mark.parametrize(
    ("feature", "text", "nanoseconds"),
    [
        (NUMBER, "1714564800", 1714564800 * 10**9),
        (NUMBER, "1714564800.123456789", 1714564800123456789),
        (TEXT, "2024-05-01T12:00:00Z", 1714564800 * 10**9),
        (TEXT, "2024-05-01T12:00:00.25Z", 1714564800250000000),
    ],
)
def test_event_times_are_exact(feature: Feature, text: str, nanoseconds: int) -> None:
    assert event_time(feature, text) == nanoseconds


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        (NUMBER, "soon"),
        (NUMBER, "-1"),
        (NUMBER, "1e400"),
        (NUMBER, "nan"),
        (NUMBER, "2024-05-01T12:00:00Z"),
        (TEXT, "1714564800"),
        (TEXT, "2024-05-01T12:00:00"),
        (TEXT, "2024-13-01T12:00:00Z"),
    ],
)
def test_what_is_no_event_time_is_refused_with_the_form_it_should_have(feature: Feature, text: str) -> None:
    with pytest.raises(Invalid, match="is not (a Unix timestamp|an ISO-8601 string)"):
        event_time(feature, text)


def test_a_time_to_live_past_all_time_is_none() -> None:
    assert expiry(LATEST - 10, Ttl("Weeks", 2**31)) is None


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_64_bit_integer_is_integral(number: int) -> None:
    assert typed(Feature("n", "Integral"), str(number)) == number


@pytest.mark.parametrize(("kind", "text"), [("Integral", "1.0"), ("Integral", str(2**63)), ("Fractional", "1_0")])
def test_a_text_that_is_no_number_of_the_type_is_none(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=text[:3]):
        typed(Feature("n", kind), text)


def test_a_batch_makes_the_same_files_again_and_one_for_each_hour() -> None:
    rows = [
        Append(int((NOON + timedelta(minutes=m)).timestamp()) * 10**9, NOON, False, {"station": "vienna", "no2": "4"})
        for m in (-1, 0, 1)
    ]
    hours = by_hour(rows)
    assert [folder(values) for values in hours] == [f"year=2024/month=05/day=01/hour={hour}" for hour in (11, 12)]
    names = [[file_name("b", values, inside) for values, inside in hours.items()] for _ in range(2)]
    assert names[0] == names[1]
    assert names[0][1].startswith("20240501T120100Z_")
    [first, _] = hours.values()
    [row] = pq.read_table(io.BytesIO(parquet(AIR, first, NOON))).to_pylist()
    assert (row["station"], row["no2"], row["measured"], row["write_time"]) == ("vienna", 4, None, NOON)
