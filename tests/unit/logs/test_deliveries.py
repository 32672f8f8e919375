"""What leaves the logs: exports, live tails, what metric filters take out of events."""

import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from studiolo.domain import Invalid, LimitExceeded, NotFound, Scope
from studiolo.logs import Logs, exports, live_tail
from studiolo.logs.exports import ExportTask
from studiolo.logs.live_tail import MOST_EVENTS, MOST_SESSIONS, LiveTail, Untailed
from studiolo.logs.measuring import measure
from studiolo.state import State
from tests.waiting import until

SCOPE = Scope("123456789012", "eu-central-1")
NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
NOON_MS = int(NOON.timestamp() * 1000)


class Buckets:
    """A bucket in memory. refused: why it takes nothing but the first object, which tries it."""

    def __init__(self, refused: str | None = None) -> None:
        self.refused = refused
        self.objects: dict[str, bytes] = {}

    def put(self, scope: Scope, group: str, bucket: str, key: str, body: bytes | BinaryIO) -> None:
        if self.refused and self.objects:
            raise Invalid(self.refused)
        self.objects[key] = body if isinstance(body, bytes) else body.read()

    def texts(self, task: str) -> dict[str, list[str]]:
        """The messages of each file of a task."""
        return {
            key.partition(f"{task}/")[2]: [line[25:] for line in gzip.decompress(body).decode().splitlines()]
            for key, body in self.objects.items()
            if task in key
        }


@pytest.fixture
def clock() -> list[datetime]:
    return [NOON]


@pytest.fixture
def logs(state: State, tmp_path: Path, clock: list[datetime]) -> Iterator[Logs]:
    logs = Logs(state, tmp_path / "logs", lambda: clock[0])
    logs.groups.create(SCOPE, "g")
    yield logs
    logs.close()


def put(logs: Logs, stream: str, *texts: str, at: int = NOON_MS) -> None:
    logs.writer_file(SCOPE, "g", stream)
    logs.put(SCOPE, "g", stream, [(at + i, text) for i, text in enumerate(texts)])


def ended(logs: Logs, task: str) -> ExportTask:
    def found() -> ExportTask | None:
        (each,) = logs.exports.list(SCOPE, identifier=task).items
        return each if each.status not in exports.ACTIVE else None

    return until(found, 10)


def export(logs: Logs, **asked: Any) -> str:
    return logs.exports.create(SCOPE, "g", NOON_MS, NOON_MS + 10, "b", **asked)


def test_an_export_has_the_events_of_its_time_a_folder_a_stream(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "FILE_BYTES", 60)
    put(logs, "old", "x", at=NOON_MS - 1)
    put(logs, "a/b", *map(str, range(12)))
    put(logs, "a-b", "of the other")
    logs.start(buckets := Buckets())
    task = export(logs, prefix="p/")
    assert ended(logs, task).status == "COMPLETED"
    files = buckets.texts(task)
    # A folder of two streams, none of which is lost; 000000 is of the first.
    assert files.pop("a-b/000000.gz") == ["of the other"]
    assert [text for texts in files.values() for text in texts] == [str(i) for i in range(11)]
    assert sorted(files) == [f"a-b/{i:06d}.gz" for i in range(1, len(files) + 1)]
    assert f"p/{task}/a-b/000000.gz" in buckets.objects


def test_an_export_that_a_bucket_refuses_says_why(logs: Logs) -> None:
    put(logs, "s", "x")
    logs.start(Buckets("AccessDenied: no more"))
    failed = ended(logs, export(logs))
    assert (failed.status, failed.message) == ("FAILED", "AccessDenied: no more")
    with pytest.raises(exports.Ended, match="FAILED"):
        logs.exports.cancel(SCOPE, failed.id)


def test_an_export_is_gone_on_with_or_cancelled_by_the_next_server(logs: Logs, state: State, tmp_path: Path) -> None:
    put(logs, "s", "x")
    logs.start(Buckets())
    # It takes no task any more, as a server that is killed.
    logs.close()
    task = export(logs)
    with pytest.raises(LimitExceeded):
        export(logs)
    following = Logs(state, tmp_path / "logs", lambda: NOON)
    following.start(buckets := Buckets())
    assert ended(following, task).status == "COMPLETED"
    following.close()
    assert buckets.texts(task) == {"s/000000.gz": ["x"]}
    second = export(logs)
    logs.exports.cancel(SCOPE, second)
    assert ended(logs, second).status == "CANCELLED"


def test_an_export_of_no_group_or_time_is_refused(logs: Logs) -> None:
    logs.start(Buckets())
    with pytest.raises(NotFound):
        logs.exports.create(SCOPE, "none", 0, NOON_MS, "b")
    for start, end in ((NOON_MS + 1, NOON_MS), (0, NOON_MS - 1)):
        with pytest.raises(Invalid):
            logs.exports.create(SCOPE, "g", start, end, "b")


def tail(logs: Logs, **asked: Any) -> LiveTail:
    return logs.live_tails.open(SCOPE, ["g"], **asked)


def seen(session: LiveTail) -> list[str]:
    return [each.event.message for each in session.look()[0]]


def test_a_tail_shows_each_event_that_comes_once_also_of_new_streams(logs: Logs) -> None:
    put(logs, "s", "before")
    session = tail(logs)
    put(logs, "s", "a")
    put(logs, "new", "b")
    assert sorted(seen(session)) == ["a", "b"]
    put(logs, "new", "c")
    assert seen(session) == ["c"]
    assert seen(session) == []


def test_a_tail_shows_a_sample_where_too_much_comes(logs: Logs) -> None:
    session = tail(logs, names=["s"])
    put(logs, "s", *map(str, range(MOST_EVENTS + 100)))
    put(logs, "other", "x")
    found, sampled = session.look()
    assert (len(found), sampled) == (MOST_EVENTS, True)
    assert len({each.event.message for each in found} - {"x"}) == MOST_EVENTS


def test_a_tail_goes_on_in_its_next_look_where_one_would_be_too_long(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_tail, "SCAN_BYTES", 100)
    session = tail(logs)
    put(logs, "s", *(f"{i:060d}" for i in range(5)))
    found: list[str] = []
    while came := seen(session):
        assert len(came) < 3
        found += came
    assert [int(each) for each in found] == list(range(5))


def test_tails_are_so_many_and_last_three_hours(logs: Logs, clock: list[datetime]) -> None:
    sessions = [tail(logs) for _ in range(MOST_SESSIONS)]
    with pytest.raises(LimitExceeded):
        tail(logs)
    logs.live_tails.close(sessions[0])
    session = tail(logs)
    assert not session.over()
    clock[0] += timedelta(hours=3)
    assert session.over()
    logs.groups.create(SCOPE, "rare", kind="INFREQUENT_ACCESS")
    with pytest.raises(Untailed):
        logs.live_tails.open(SCOPE, ["rare"])


@pytest.mark.parametrize(
    ("pattern", "metric", "message", "counted"),
    [
        ("ERROR", {"metricValue": "2"}, "an ERROR", (2.0, {})),
        ("{ $.a = 1 }", {"metricValue": "$.b.c"}, '{"a": 1, "b": {"c": 2.5}}', (2.5, {})),
        ("{ $.a = 1 }", {"metricValue": "$.b"}, '{"a": 1, "b": "fast"}', None),
        ("[ip, size]", {"metricValue": "$size", "dimensions": {"ip": "$ip"}}, "::1 7", (7.0, {"ip": "::1"})),
        ("{ $.a = 1 }", {"metricValue": "1", "dimensions": {"d": "$.d"}}, '{"a": 1}', None),
    ],
)
def test_a_metric_filter_takes_its_number_and_dimensions_from_an_event(
    pattern: str, metric: dict[str, Any], message: str, counted: object
) -> None:
    measured = measure(pattern, metric)
    assert measured(message) == (True, counted)
    assert measured("{}") == (False, None)
