"""Events of data access: gathered, bounded, and never in the way of who is answered."""

import json
from pathlib import Path

import pytest

from studiolo.domain import now
from studiolo.governance import auditing
from studiolo.governance.auditing import GROUP, STREAM, Accessed, Audit
from studiolo.logs import Logs
from studiolo.state import State
from tests.unit.governance.conftest import SCOPE


def test_alike_reads_are_one_event_and_what_is_too_much_is_counted(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MOST_WAITING", 50)
    logs = Logs(state, tmp_path, now)
    audit = Audit(logs, now)
    for number in range(60):
        audit.note(Accessed(SCOPE, "arn:ana", "view", f"s3://b/{number}", allowed=True, table="air.people"))
    audit.start()
    audit.close()
    (event,) = (json.loads(each.message) for each in logs.head(SCOPE, GROUP, STREAM).events)
    assert (event["requests"], len(event["paths"]), event["more_paths"], event["lost_events"]) == (50, 20, 30, 10)
