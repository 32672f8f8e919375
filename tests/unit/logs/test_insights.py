"""Queries of Logs Insights over events that are there."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studiolo.domain import LimitExceeded, NotFound, Scope, now
from studiolo.logs import LogWriter, Span
from studiolo.logs.insights import Malformed, Queries, language, queries
from studiolo.logs.insights.language import read
from tests.waiting import until

SCOPE = Scope("123456789012", "eu-central-1")
START = 1_700_000_000_000  # 2023-11-14 22:13:20
MINUTE = 60_000
EVENTS: list[tuple[int, str]] = [
    (START, '{"level": "INFO", "ms": 10, "user": {"id": 1, "tags": ["a", "b"]}}'),
    (START + MINUTE, '{"level": "ERROR", "ms": 30, "user": {"id": 2}, "ok": true}'),
    (START + 2 * MINUTE, '{"level": "INFO", "ms": 20, "user": {"id": 1}}'),
    (START + 6 * MINUTE, "user=frank, method:GET, latency := 40"),
    (START + 7 * MINUTE, "user=eve, method:PUT, latency := 5"),
]
Ask = Callable[..., list[dict[str, str]]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("insights") / "stream"
    with LogWriter(file) as writer:
        writer.append(EVENTS)
    return file


@pytest.fixture(scope="module")
def ask(file: Path) -> Ask:
    """The rows that a query answers, without the pointers to their events."""
    running = Queries(now)

    def ask(text: str, **more: Any) -> list[dict[str, str]]:
        query = running.start(SCOPE, text, {"/g": ({"s": file}, Span())}, **more)
        until(lambda: query.status not in ("Scheduled", "Running"))
        assert query.status == "Complete"
        return [{name: value for name, value in row if name != "@ptr"} for row in query.results]

    return ask


def column(rows: list[dict[str, str]], name: str) -> list[str | None]:
    return [row.get(name) for row in rows]


def test_events_are_shown_with_the_latest_first(ask: Ask) -> None:
    rows = ask("fields @timestamp, @logStream, @log | limit 2")
    assert rows == [
        {"@timestamp": "2023-11-14 22:20:20.000", "@logStream": "s", "@log": "123456789012:/g"},
        {"@timestamp": "2023-11-14 22:19:20.000", "@logStream": "s", "@log": "123456789012:/g"},
    ]
    assert list(ask("limit 1")[0]) == ["@timestamp", "@message"]
    assert len(ask("fields ms", limit=3)) == 3


@pytest.mark.parametrize(
    ("condition", "times"),
    [
        ('level = "INFO"', ["20", "10"]),
        ("ms > 10 and level != 'ERROR'", ["20"]),
        ("ms >= 20 or user.id = 1 and ms < 5", ["20", "30"]),
        ("not level = 'INFO' and ispresent(ms)", ["30"]),
        ("level in ['ERROR', 'WARN']", ["30"]),
        ("ispresent(level) and level not in ['ERROR']", ["20", "10"]),
        ("level like /^err/", []),
        ("level like /(?i)^err/", ["30"]),
        ("level =~ /O$/", ["20", "10"]),
        ("level not like 'ERR'", ["20", "10"]),
        ("user.tags.1 = 'b'", ["10"]),
        ("ok = 1", ["30"]),
        ("ms % 20 = 10 and ms / 10 = 3 ", ["30"]),
        ("ms = 2 ^ 3 + 2 * (1)", ["10"]),
        ("2 ^ 3 ^ 2 - 512 - -ms = 20", ["20"]),
        ("@timestamp < 1700000060000", ["10"]),
        ("tolower(substr(level, 0, 3)) = 'err'", ["30"]),
        ("`level` = 'ERROR' # the errors", ["30"]),
    ],
)
def test_a_filter_keeps_what_satisfies_it(ask: Ask, condition: str, times: list[str]) -> None:
    assert column(ask(f"fields ms | filter {condition}"), "ms") == times


def test_a_text_is_parsed_by_wildcards_and_by_named_groups(ask: Ask) -> None:
    glob = 'parse @message "user=*, method:*, latency := *" as @user, @method, @latency'
    assert ask(f"{glob} | filter @latency > 10 | display @user, @method, @latency") == [
        {"@user": "frank", "@method": "GET", "@latency": "40"}
    ]
    named = r"parse /user=(?<name>.*?), method:(?<how>\w+)/"
    assert column(ask(f"{named} | filter ispresent(how) | sort name"), "name") == ["eve", "frank"]


def test_rows_are_put_together_by_group(ask: Ask) -> None:
    text = (
        "filter ispresent(ms) | stats count(*), sum(ms) as total, avg(ms), min(ms), max(ms), pct(ms, 50),"
        " count_distinct(user.id) as users, latest(ms) by level | sort level desc"
    )
    assert ask(text) == [
        {
            "level": "INFO", "count(*)": "2", "total": "30", "avg(ms)": "15", "min(ms)": "10", "max(ms)": "20",
            "pct(ms, 50)": "15", "users": "1", "latest(ms)": "20",
        },
        {
            "level": "ERROR", "count(*)": "1", "total": "30", "avg(ms)": "30", "min(ms)": "30", "max(ms)": "30",
            "pct(ms, 50)": "30", "users": "1", "latest(ms)": "30",
        },
    ]  # fmt: skip
    assert ask("stats count(*) by bin(5m) | sort bin(5m)") == [
        {"bin(5m)": "2023-11-14 22:10:00.000", "count(*)": "2"},
        {"bin(5m)": "2023-11-14 22:15:00.000", "count(*)": "2"},
        {"bin(5m)": "2023-11-14 22:20:00.000", "count(*)": "1"},
    ]
    assert ask("stats max(ms) as most, min(ms) as least, most - least as between, sum(ms) / count(ms) as mean") == [
        {"most": "30", "least": "10", "between": "20", "mean": "20"}
    ]
    assert ask("filter level = 'none' | stats count() as n") == [{"n": "0"}]
    assert ask("stats count(*) as n by level | stats max(n) as most") == [{"most": "2"}]


def test_of_rows_alike_the_first_stays(ask: Ask) -> None:
    assert column(ask("fields level, ms | filter ms > 0 | dedup level"), "ms") == ["20", "30"]
    assert column(ask("fields level, ms | filter ms > 0 | sort ms | dedup level"), "ms") == ["10", "30"]


def test_expressions_are_columns_by_the_name_they_are_given(ask: Ask) -> None:
    row = ask("fields ms * 1.5 as x, strlen(level), concat(level, '-', user.id) as c, ms / 3 | filter ms = 10")
    assert row == [{"x": "15", "strlen(level)": "4", "c": "INFO-1", "ms / 3": "3.3333"}]
    (row,) = ask("fields isIpv4InSubnet('10.0.0.9', '10.0.0.0/24') as a, isIpv6InSubnet('::1', '10.0.0.0/8') as b,"
                 " isValidIpv4('10.0.0') as c, isValidIp('::1') as d | limit 1")  # fmt: skip
    assert row == {"a": "1", "b": "0", "c": "0", "d": "1"}


def test_json_is_parsed_into_maps_and_lists_and_written_again(ask: Ask) -> None:
    found = ask("fields jsonParse(@message) as m | fields m.user.tags[1] as tag, m.user.tags.0 as first, m.ok as ok,"
                " m.user as user, jsonStringify(m.user.tags) as tags, jsonParse('[1, 2]')[1] as two,"
                " jsonParse(level) as none | filter m.ms <= 30 | display tag, first, ok, user, tags, two, none"
                " | sort @timestamp | limit 2")  # fmt: skip
    user = '{"id":1,"tags":["a","b"]}'
    assert found[0] == {"tag": "b", "first": "a", "user": user, "tags": '["a","b"]', "two": "2"}
    assert found[1] == {"ok": "1", "user": '{"id":2}', "two": "2"}


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ("feilds x", "unexpected symbol found feilds at line 1 and position 0", (0, 6)),
        ("fields x |\nfilter", "end of query at line 2", (17, 18)),
        ("fields x filter y", "it needs |", (9, 15)),
        ("filter x like y", "a text or /regular expression/", (14, 15)),
        ("filter x like /(?<a>/", "is not a regular expression", (16, 21)),
        ("parse x 'a*' as b, c", "1 wildcards and 2 names", (8, 20)),
        ("parse x /a/", "named groups", (8, 11)),
        ("stats nothing(x)", "unknown function nothing", (6, 13)),
        ("stats ms", "stats needs a function of a group, not ms", (6, 8)),
        ("stats max(min(ms))", "unknown function min", (10, 13)),
        ("fields frobnicate(x)", "unknown function frobnicate", (7, 17)),
        ("fields strlen(x, y)", "strlen takes 1 arguments, not 2", (7, 13)),
        ("limit 0", "a number from 1 to 10000", (6, 7)),
        ("fields bin(0m)", "a span, as 5m", (11, 13)),
        ("pattern @message", "pattern is not supported by Studiolo", (0, 7)),
        ("filter " + "(" * 80, "within each other", (57, 58)),
        ("", "a command", (0, 1)),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_with_its_place(text: str, said: str, place: tuple[int, int]) -> None:
    with pytest.raises(Malformed) as error:
        read(text)
    assert said in str(error.value)
    assert (error.value.start, error.value.end) == place


WORDS = [
    "fields ",
    "filter ",
    "stats ",
    "parse ",
    "sort ",
    "count(",
    "by ",
    "as ",
    "like ",
    "bin(5m)",
    "| ",
    "x",
    "not ",
]


@settings(max_examples=150)
@given(words=st.lists(st.sampled_from([*WORDS, *"()[]/*,=<>+-^'\"`# 1.@"]), max_size=15))
def test_any_text_is_a_query_or_refused(words: list[str]) -> None:
    rows = [{"@timestamp": 1, "x": "1", **json.loads(EVENTS[0][1])}]
    with contextlib.suppress(Malformed):
        plan = read("".join(words))
        list(plan.finished(plan.matching(rows)))


def test_long_queries_are_read_and_run(ask: Ask) -> None:
    for chain in ("+".join(["ms"] * 4000), "^".join(["1"] * 4000), "-" * 4000 + "ms"):
        assert len(ask(f"filter 0 <= {chain} | fields ms")) == (5 if "^" in chain else 3)


def test_a_query_tells_what_it_has_looked_through_and_is_kept(file: Path) -> None:
    running = Queries(now)
    query = running.start(SCOPE, "filter level = 'INFO' | limit 1", {"/g": ({"s": file}, Span(START + MINUTE))})
    until(lambda: query.status == "Complete")
    assert (len(query.results), query.matched, query.scanned) == (1, 1, 4)
    assert running.list(SCOPE, "/g", "Complete") == [query]
    assert not running.list(SCOPE, "/other")
    assert not running.stop(SCOPE, query.id)
    with pytest.raises(NotFound):
        running.get(Scope("123456789012", "us-east-1"), query.id)


def test_queries_wait_their_turn_can_be_stopped_and_are_bounded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_AT_ONCE", 1)
    running = Queries(now)
    for _ in range(queries.WORKING):
        running._working.acquire()
    waiting = running.start(SCOPE, "limit 1", {"/g": ({"s": file}, Span())})
    with pytest.raises(LimitExceeded):
        running.start(SCOPE, "limit 1", {"/g": ({"s": file}, Span())})
    assert running.stop(SCOPE, waiting.id)
    for _ in range(queries.WORKING):
        running._working.release()
    assert (waiting.status, waiting.results) == ("Cancelled", ())


@pytest.mark.parametrize(
    ("bound", "module", "text"), [("MOST_SCANNED", queries, "stats count(*)"), ("MOST_HELD", language, "sort ms")]
)
def test_a_query_that_would_take_too_much_fails(
    file: Path, monkeypatch: pytest.MonkeyPatch, bound: str, module: Any, text: str
) -> None:
    monkeypatch.setattr(module, bound, 3)
    query = Queries(now).start(SCOPE, text, {"/g": ({"s": file}, Span())})
    assert until(lambda: query.status if query.status not in ("Scheduled", "Running") else None) == "Failed"
