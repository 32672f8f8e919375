"""Event logs where users' code can write: kept for a while, and followed to no other place."""

import os
import time
from pathlib import Path

import pytest

from studiolo.sparkui import EVENTS, EventLogs, Left
from studiolo.sparkui.event_logs import DAYS


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A session's folder with two event logs."""
    events = tmp_path / "sessions" / "k" / EVENTS
    events.mkdir(parents=True)
    (events / "app-1").write_text("one")
    (events / "app-2.inprogress").write_text("two")
    return tmp_path / "sessions" / "k"


def test_logs_are_shown_as_they_are_and_as_they_become(tmp_path: Path, session: Path) -> None:
    logs, left, shown = EventLogs(tmp_path), [Left(session, EVENTS)], tmp_path / "shown"
    assert logs.applications(left) == ["app-1", "app-2"]
    assert logs.show(left, shown) == 2
    (session / EVENTS / "app-2.inprogress").rename(session / EVENTS / "app-2")
    logs.show(left, shown)
    assert {entry.name: entry.read_text() for entry in shown.iterdir()} == {"app-1": "one", "app-2": "two"}


def test_a_link_in_the_place_of_a_log_or_of_its_folder_shows_nothing(tmp_path: Path, session: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "app-3").write_text("key")
    (session / EVENTS / "app-3").symlink_to(secret / "app-3")
    logs = EventLogs(tmp_path)
    assert logs.show([Left(session, EVENTS)], tmp_path / "shown") == 2
    (tmp_path / "sessions" / "other").mkdir()
    (tmp_path / "sessions" / "other" / "journal").symlink_to(session / "journal")
    assert logs.applications([Left(tmp_path / "sessions" / "other", EVENTS)]) == []


def test_logs_are_kept_when_their_folder_goes_each_under_a_name_of_its_own(tmp_path: Path, session: Path) -> None:
    logs = EventLogs(tmp_path)
    logs.keep("j-1", Left(session, EVENTS))
    (session / EVENTS / "app-1").write_text("another")
    logs.keep("j-1", Left(session, EVENTS))
    assert not list((session / EVENTS).iterdir())
    kept = tmp_path / "event-logs" / "j-1"
    assert sorted(entry.read_text() for entry in kept.iterdir()) == ["another", "one", "two"]


def test_logs_go_when_their_days_are_over_and_links_lead_to_no_files_of_others(tmp_path: Path, session: Path) -> None:
    long_ago = time.time() - (DAYS + 1) * 86400
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter").write_text("dear")
    (tmp_path / "sessions" / "linked" / "journal").mkdir(parents=True)
    (tmp_path / "sessions" / "linked" / EVENTS).symlink_to(mine)
    for file in (mine / "letter", session / EVENTS / "app-1"):
        os.utime(file, (long_ago, long_ago))
    EventLogs(tmp_path).purge()
    assert [entry.name for entry in (session / EVENTS).iterdir()] == ["app-2.inprogress"]
    assert (mine / "letter").exists()
