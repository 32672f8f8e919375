"""Log groups, streams, and reading what processes write."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studiolo.domain import AlreadyExists, Invalid, NotFound, Scope
from studiolo.logs import EventPage, Found, Logs, LogWriter, Span
from studiolo.logs.events import BLOCK, backward, forward
from studiolo.logs.filters import compile_filter
from studiolo.logs.writer import LINE_BYTES, encode
from studiolo.state import State

SCOPE = Scope("123456789012", "eu-central-1")
ELSEWHERE = Scope("123456789012", "us-east-1")
GROUP = "/aws/sagemaker/TrainingJobs"
NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)
NOON_MS = int(NOON.timestamp() * 1000)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def logs(state: State, tmp_path: Path) -> Logs:
    return Logs(state, tmp_path / "logs", lambda: NOON)


@pytest.fixture
def stream(logs: Logs) -> str:
    """A stream without events."""
    logs.groups.create(SCOPE, GROUP)
    logs.streams.create(SCOPE, GROUP, "job/algo-1")
    return "job/algo-1"


def messages(page: EventPage) -> list[str]:
    return [event.message for event in page.events]


def put(logs: Logs, stream: str, *texts: str, at: int = NOON_MS) -> None:
    logs.put(SCOPE, GROUP, stream, [(at + i, text) for i, text in enumerate(texts)])


def written(path: Path) -> list[str]:
    return [event.message for event in forward(path, 0)]


def test_a_writer_s_lines_are_events_of_the_stream(logs: Logs) -> None:
    file = logs.writer_file(SCOPE, GROUP, "job/algo-1")
    with LogWriter(file) as writer:
        writer.write("first\nsecond, ")
        assert messages(logs.head(SCOPE, GROUP, "job/algo-1")) == ["first"]
        writer.write("still second\r\n\nthird")
    assert messages(logs.head(SCOPE, GROUP, "job/algo-1")) == ["first", "second, still second", "third"]


def test_the_same_stream_has_the_same_file_and_other_regions_another(logs: Logs) -> None:
    file = logs.writer_file(SCOPE, GROUP, "a")
    assert logs.writer_file(SCOPE, GROUP, "a") == file
    assert logs.writer_file(ELSEWHERE, GROUP, "a") != file


@settings(max_examples=50)
@given(text=st.text(st.characters(exclude_categories=["Cs"])), cuts=st.lists(st.integers(0, 50)))
def test_however_a_text_is_cut_its_lines_arrive_whole(
    tmp_path_factory: pytest.TempPathFactory, text: str, cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("log") / "stream.jsonl"
    with LogWriter(path) as writer:
        start = 0
        for cut in [*sorted(cuts), len(text)]:
            writer.write(text[start:cut])
            start = max(start, min(cut, len(text)))
    expected = [line.removesuffix("\r") for line in text.split("\n")[:-1]] + [text.split("\n")[-1]]
    assert written(path) == [line for line in expected if line]


def test_a_line_that_is_too_long_becomes_several_events(tmp_path: Path) -> None:
    line = "é" * LINE_BYTES
    with LogWriter(tmp_path / "long.jsonl") as writer:
        writer.write(line + "\nshort\n")
    *pieces, last = written(tmp_path / "long.jsonl")
    assert "".join(pieces) == line
    assert last == "short"
    assert all(len(piece.encode()) <= LINE_BYTES for piece in pieces)


def test_a_killed_writer_s_torn_line_does_not_hide_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(encode(1, 1, "whole") + encode(2, 2, "torn")[:-5])
    assert written(path) == ["whole"]
    assert [event.message for event in backward(path)] == ["whole"]
    with LogWriter(path) as writer:
        writer.write("next\n")
    assert written(path) == ["whole", "next"]
    assert [event.message for event in backward(path)] == ["next", "whole"]


@pytest.mark.parametrize(
    "line",
    [
        '[1e400, 1, "x"]',
        f'[{10**30}, 1, "x"]',
        '[-1, -1, "x"]',
        '[true, 1, "x"]',
        '[1, 1, {"x": 1}]',
        '[1, 1, "\\ud800"]',
        "[" * 100_000,
    ],
)
def test_what_a_program_writes_into_its_log_instead_of_events_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(encode(1, 1, "before") + line.encode() + b"\n" + encode(2, 2, "after"))
    assert written(path) == ["before", "after"]
    assert [event.message for event in backward(path)] == ["after", "before"]


def test_a_log_of_any_size_without_lines_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(encode(1, 1, "before"))
    os.truncate(path, 2**40)
    assert written(path) == ["before"]
    assert [event.message for event in backward(path)] == []


def test_processes_that_write_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    program = (
        "import sys; from pathlib import Path; from studiolo.logs import LogWriter\n"
        "w = LogWriter(Path(sys.argv[1]))\n"
        "for i in range(200): w.write(f'{sys.argv[2]} {i} ' + 'x' * 3000 + '\\n')\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    lines = written(path)
    assert len(lines) == 400
    for name in ("a", "b"):
        assert [int(line.split()[1]) for line in lines if line.startswith(name)] == list(range(200))


def test_what_a_writer_wrote_before_it_was_killed_is_there(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    program = (
        "import sys; from pathlib import Path; from studiolo.logs import LogWriter\n"
        "w = LogWriter(Path(sys.argv[1])); w.write('seen\\nnot yet'); print('ready', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
    assert written(path) == ["seen"]


def test_a_writer_needs_no_database() -> None:
    program = "import sys, studiolo.logs; studiolo.logs.LogWriter; print('sqlalchemy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(0, BLOCK * 2 + 100), max_size=8))
def test_reading_backward_gives_the_same_events_in_reverse(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("log") / "stream.jsonl"
    path.write_bytes(b"".join(encode(i, i, "x" * size) for i, size in enumerate(sizes)))
    events = list(forward(path, 0))
    assert [len(event.message) for event in events] == sizes
    assert list(backward(path))[::-1] == events
    for event in events:
        assert next(forward(path, event.start)) == event
        assert next(backward(path, event.end)) == event


def test_pages_follow_each_other_to_the_end_and_on_when_more_is_written(logs: Logs, stream: str) -> None:
    put(logs, stream, *"abcde")
    first = logs.head(SCOPE, GROUP, stream, limit=2)
    second = logs.head(SCOPE, GROUP, stream, first.after, limit=2)
    third = logs.head(SCOPE, GROUP, stream, second.after, limit=2)
    assert [messages(page) for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    end = logs.head(SCOPE, GROUP, stream, third.after)
    assert (messages(end), end.after) == ([], third.after)
    put(logs, stream, "f")
    assert messages(logs.head(SCOPE, GROUP, stream, end.after)) == ["f"]


def test_the_tail_is_in_order_and_pages_backward_to_the_beginning(logs: Logs, stream: str) -> None:
    put(logs, stream, *"abcde")
    last = logs.tail(SCOPE, GROUP, stream, limit=2)
    before = logs.tail(SCOPE, GROUP, stream, last.before, limit=2)
    first = logs.tail(SCOPE, GROUP, stream, before.before, limit=2)
    assert [messages(page) for page in (last, before, first)] == [["d", "e"], ["b", "c"], ["a"]]
    assert logs.tail(SCOPE, GROUP, stream, first.before).before == first.before
    assert messages(logs.head(SCOPE, GROUP, stream, last.after)) == []


def test_a_page_holds_a_mebibyte(logs: Logs, stream: str) -> None:
    for letter in "abc":
        put(logs, stream, letter * 400_000)
    page = logs.head(SCOPE, GROUP, stream)
    assert [message[0] for message in messages(page)] == ["a", "b"]
    assert [message[0] for message in messages(logs.head(SCOPE, GROUP, stream, page.after))] == ["c"]


def test_a_span_of_time_begins_with_its_start_and_stops_before_its_end(logs: Logs, stream: str) -> None:
    put(logs, stream, *"abcde")
    assert messages(logs.head(SCOPE, GROUP, stream, span=Span(NOON_MS + 1, NOON_MS + 3))) == ["b", "c"]
    assert messages(logs.tail(SCOPE, GROUP, stream, limit=1, span=Span(0, NOON_MS + 3))) == ["c"]


def found(events: list[Found]) -> list[tuple[str, str]]:
    return [(each.stream, each.event.message) for each in events]


def test_a_search_merges_streams_by_time_and_pages(logs: Logs, stream: str) -> None:
    logs.streams.create(SCOPE, GROUP, "job/algo-2")
    for i, (name, text) in enumerate([(stream, "a"), ("job/algo-2", "b"), ("job/algo-2", "c"), (stream, "d")]):
        put(logs, name, text, at=NOON_MS + i)
    page = logs.search(SCOPE, GROUP, limit=3)
    assert found(list(page.events)) == [(stream, "a"), ("job/algo-2", "b"), ("job/algo-2", "c")]
    rest = logs.search(SCOPE, GROUP, limit=3, positions=page.positions)
    assert (found(list(rest.events)), rest.positions) == ([(stream, "d")], None)
    assert len({each.id for each in [*page.events, *rest.events]}) == 4


def test_a_search_is_of_the_streams_that_are_named(logs: Logs, stream: str) -> None:
    logs.streams.create(SCOPE, GROUP, "other")
    put(logs, stream, "a")
    put(logs, "other", "b")
    assert found(list(logs.search(SCOPE, GROUP, names=["other"]).events)) == [("other", "b")]
    assert found(list(logs.search(SCOPE, GROUP, prefix="job/").events)) == [(stream, "a")]
    with pytest.raises(NotFound, match="log stream"):
        logs.search(SCOPE, GROUP, names=["none"])


def test_a_long_search_goes_on_where_it_stopped(logs: Logs, stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studiolo.logs.reading.SCAN_BYTES", 100)
    put(logs, stream, *(f"line {i}" for i in range(20)), "needle")
    seen: list[Found] = []
    positions: Mapping[str, int] | None = None
    pages = 0
    while True:
        page = logs.search(SCOPE, GROUP, "needle", positions=positions)
        seen += page.events
        positions, pages = page.positions, pages + 1
        if positions is None:
            break
    assert [each.event.message for each in seen] == ["needle"]
    assert pages > 2


@pytest.mark.parametrize(
    ("pattern", "passes", "fails"),
    [
        ("", ["anything"], []),
        ("ERROR", ["[ERROR] x"], ["error"]),
        ("ERROR disk", ["disk ERROR"], ["ERROR"]),
        ('"disk full"', ["the disk full"], ["full disk"]),
        (r'"say \"hi\""', ['say "hi"'], ["say hi"]),
        ("?ERROR ?WARN", ["WARN", "ERROR"], ["INFO"]),
        ("ERROR -test", ["ERROR x"], ["ERROR test", "x"]),
        ('ERROR -"unit test"', ["ERROR test"], ["ERROR unit test"]),
        ("ERROR ?WARN", ["ERROR"], ["WARN"]),
        (r"%loss=\d+\.\d%", ["loss=0.5"], ["loss=x"]),
        (r"%\(a\)%", ["(a)"], ["a"]),
    ],
)
def test_filter_patterns_let_through_what_they_name(pattern: str, passes: list[str], fails: list[str]) -> None:
    accepts = compile_filter(pattern)
    assert [text for text in passes + fails if accepts(text)] == passes


@pytest.mark.parametrize("pattern", ['{ $.level = "x"', "[a, b", "%(a+)+%", "%[%", '"open', "x" * 2000])
def test_filter_patterns_that_cannot_be_served_are_refused(pattern: str) -> None:
    with pytest.raises(Invalid):
        compile_filter(pattern)


def test_a_batch_s_events_that_are_too_old_or_too_new_are_left_out_and_said(logs: Logs, stream: str) -> None:
    hour = 3_600_000
    old = logs.put(SCOPE, GROUP, stream, [(NOON_MS - 15 * 24 * hour, "old")])
    mixed = logs.put(SCOPE, GROUP, stream, [(NOON_MS, "now"), (NOON_MS + 3 * hour, "new")])
    logs.groups.set_retention(SCOPE, GROUP, 1)
    expired = logs.put(SCOPE, GROUP, stream, [(NOON_MS - 25 * hour, "gone"), (NOON_MS - 2 * hour, "kept")])
    assert (old.too_old_before, mixed.too_new_from, expired.expired_before) == (1, 1, 1)
    assert messages(logs.head(SCOPE, GROUP, stream)) == ["now", "kept"]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([(NOON_MS + 1, "b"), (NOON_MS, "a")], "chronological"),
        ([(NOON_MS - 90_000_000, "a"), (NOON_MS, "b")], "24 hours"),
        ([(NOON_MS, "x" * 1_100_000)], "Log event too large"),
        ([(NOON_MS, "x" * 600_000)] * 2, "Upload too large"),
        ([(NOON_MS, "x")] * 10_001, "at most 10000"),
    ],
)
def test_a_batch_that_cannot_be_is_refused_whole(
    logs: Logs, stream: str, events: list[tuple[int, str]], reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        logs.put(SCOPE, GROUP, stream, events)
    assert messages(logs.head(SCOPE, GROUP, stream)) == []


def test_events_older_than_the_retention_are_gone_and_purged_from_the_disk(state: State, tmp_path: Path) -> None:
    present = [NOON]
    logs = Logs(state, tmp_path / "logs", lambda: present[0])
    file = logs.writer_file(SCOPE, GROUP, "s")
    file.write_bytes(encode(NOON_MS, NOON_MS, "a"))
    logs.groups.set_retention(SCOPE, GROUP, 3)
    logs.purge()
    assert messages(logs.head(SCOPE, GROUP, "s")) == ["a"]
    present[0] += timedelta(days=4)
    assert messages(logs.head(SCOPE, GROUP, "s")) == []
    logs.purge()
    assert file.read_bytes() == b""
    assert logs.streams.list(SCOPE, GROUP).items[0].last_event is None


def test_streams_are_listed_by_name_or_by_their_last_event(logs: Logs, stream: str) -> None:
    for name, at in (("b", 3), ("a", 5), ("c", 1)):
        logs.streams.create(SCOPE, GROUP, name)
        put(logs, name, "early", at=NOON_MS)
        put(logs, name, "late", at=NOON_MS + at)
    by_name = logs.streams.list(SCOPE, GROUP, limit=2)
    assert [each.name for each in by_name.items] == ["a", "b"]
    assert [each.name for each in logs.streams.list(SCOPE, GROUP, after=by_name.next).items] == ["c", stream]
    assert [each.name for each in logs.streams.list(SCOPE, GROUP, prefix="job/").items] == [stream]
    latest = logs.streams.list_by_last_event(SCOPE, GROUP, descending=True, limit=3)
    assert [each.name for each in latest.items] == ["a", "b", "c"]
    rest = logs.streams.list_by_last_event(SCOPE, GROUP, descending=True, after=latest.next)
    assert [each.name for each in rest.items] == [stream]
    assert (latest.items[0].first_event, latest.items[0].last_event) == (NOON_MS, NOON_MS + 5)


def test_a_deleted_group_is_gone_with_its_streams_and_files(logs: Logs, stream: str) -> None:
    put(logs, stream, "a")
    file = logs.writer_file(SCOPE, GROUP, stream)
    logs.groups.delete(SCOPE, GROUP)
    assert not file.exists()
    with pytest.raises(NotFound, match="log group"):
        logs.head(SCOPE, GROUP, stream)


def test_a_stream_made_again_begins_empty(logs: Logs, stream: str) -> None:
    put(logs, stream, "old")
    logs.streams.delete(SCOPE, GROUP, stream)
    with pytest.raises(NotFound, match="log stream"):
        logs.head(SCOPE, GROUP, stream)
    logs.streams.create(SCOPE, GROUP, stream)
    assert messages(logs.head(SCOPE, GROUP, stream)) == []


def test_what_is_there_cannot_be_made_again(logs: Logs, stream: str) -> None:
    with pytest.raises(AlreadyExists):
        logs.groups.create(SCOPE, GROUP)
    with pytest.raises(AlreadyExists):
        logs.streams.create(SCOPE, GROUP, stream)


def test_groups_have_tags_and_are_found_by_parts_of_their_names(logs: Logs, stream: str) -> None:
    logs.groups.create(SCOPE, "/aws-glue/sessions/output", tags={"team": "air"})
    assert [group.name for group in logs.groups.list(SCOPE, prefix="/aws-glue/").items] == ["/aws-glue/sessions/output"]
    assert [group.name for group in logs.groups.list(SCOPE, containing="trainingJOBS").items] == [GROUP]
    assert not logs.groups.list(ELSEWHERE).items
    logs.groups.tag(SCOPE, "/aws-glue/sessions/output", {"stage": "raw"})
    logs.groups.untag(SCOPE, "/aws-glue/sessions/output", ["team"])
    assert logs.groups.get(SCOPE, "/aws-glue/sessions/output").tags == {"stage": "raw"}
    put(logs, stream, "a")
    assert logs.groups.get(SCOPE, GROUP).stored_bytes > 0


@pytest.mark.parametrize(("group", "stream"), [("a b", "s"), ("g", "a:b"), ("g", "a*"), ("", "s")])
def test_names_that_cloudwatch_would_not_take_are_refused(logs: Logs, group: str, stream: str) -> None:
    with pytest.raises(Invalid):
        logs.writer_file(SCOPE, group, stream)
