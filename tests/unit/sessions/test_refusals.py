"""What is refused before anything is started."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from studiolo.config import Settings
from studiolo.domain import DomainError, Invalid, LimitExceeded, Scope, now
from studiolo.engine import Engine
from studiolo.engine.model import Key
from studiolo.engine.runner import Runner
from studiolo.engine.submission_store import SubmissionStore
from studiolo.engine.submissions import Submissions
from studiolo.processes import Processes
from studiolo.runtimes import Runtimes
from studiolo.sessions import Session, SessionRequest, Sessions
from studiolo.sparkui import EventLogs, Pages
from studiolo.sparkui.links import Links
from studiolo.state import State

NOTHING: Any = SimpleNamespace()
SCOPE = Scope("000000000000", "eu-central-1")


def engine_of(state: State, processes: Processes, folder: Path) -> Engine:
    """An engine for roles that everybody may pass."""
    anybody: Any = SimpleNamespace(pass_role=lambda *_: None, root=SimpleNamespace(secret="secret"))
    settings = Settings(data=folder, warm_sessions=0)
    runtimes = Runtimes(settings)
    nowhere = "http://nowhere"
    pages = Pages(Links("secret", 4566, now), EventLogs(folder), NOTHING)
    return Engine(
        state, processes, runtimes, anybody, NOTHING, NOTHING, NOTHING, NOTHING, pages, settings, nowhere, nowhere, now
    )


def sessions_of(state: State, processes: Processes, folder: Path) -> Sessions:
    anybody: Any = SimpleNamespace(pass_role=lambda *_: None)
    return Sessions(engine_of(state, processes, folder), Runtimes(Settings(data=folder)), anybody, NOTHING)


# The notebook kernel asks again three times when a limit is exceeded, and then shows nothing of the reason.
@pytest.mark.parametrize(("origin", "refusal"), [(None, LimitExceeded), ("GluePySparkKernel", Invalid)])
def test_short_memory_is_said_so_that_the_client_shows_it(
    state: State,
    processes: Processes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    origin: str | None,
    refusal: type[DomainError],
) -> None:
    sessions = sessions_of(state, processes, tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1024, total=2**34))
    with pytest.raises(refusal, match="less than 1 GiB of memory free"):
        sessions.create(NOTHING, SCOPE, SessionRequest("one", "role", origin=origin))


def test_memory_is_promised_once_however_many_ask_at_once_and_over_a_restart(
    state: State, processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = int(4.5 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free, total=2**34))
    monkeypatch.setattr(Runner, "start", lambda _: None)  # none of them comes to take its memory
    sessions = sessions_of(state, processes, tmp_path)
    accepted: list[Session] = []
    refused: list[str] = []

    def create(number: int) -> None:
        try:
            accepted.append(sessions.create(NOTHING, SCOPE, SessionRequest(f"session-{number}", "role")))
        except LimitExceeded as error:
            refused.append(str(error))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(create, range(12)))
    assert len(accepted) == 4
    assert set(refused) == {
        "This machine has 4.5 GiB of memory free, and 4 GiB of it are promised to 4 sessions that are starting: "
        "wait until that is done, or stop a session."
    }
    with pytest.raises(LimitExceeded, match="4 GiB of it are promised"):
        sessions_of(state, processes, tmp_path).create(NOTHING, SCOPE, SessionRequest("later", "role"))


def test_an_application_is_promised_memory_as_a_session_is_until_it_has_had_time_to_take_it(
    state: State, processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=int(4.5 * 2**30), total=2**34))
    monkeypatch.setattr(Submissions, "_run", lambda *_: None)
    engine = engine_of(state, processes, tmp_path)
    refused: list[str] = []

    def submit(number: int) -> None:
        try:
            with engine.admitting():
                engine.submissions.submit(Key("livy", SCOPE, f"batch-{number}"), {}, {})
        except LimitExceeded as error:
            refused.append(str(error))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(submit, range(12)))
    assert len(refused) == 8
    store = SubmissionStore(state, now)
    for submission in store.in_state(("PENDING",)):
        store.change(submission.key, ("PENDING",), "RUNNING")
    submit(12)
    assert len(refused) == 9  # they run, and have taken nothing yet
    long_ago = SubmissionStore(state, lambda: now() - timedelta(minutes=1))
    long_ago.change(Key("livy", SCOPE, store.in_state(("RUNNING",))[0].key.id), ("RUNNING",), "RUNNING")
    submit(13)
    assert len(refused) == 9
