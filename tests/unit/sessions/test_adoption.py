"""What a server takes up of an earlier one, and what it ends."""

import sys
from pathlib import Path

from studiolo.processes import Child, Processes
from studiolo.sessions import SessionRequest, Sessions
from studiolo.sessions.store import Store
from studiolo.state import State
from tests.unit.sessions.conftest import Watch
from tests.unit.sessions.test_store import KEY, SCOPE
from tests.waiting import until


def kernel(processes: Processes, folder: Path, name: str, *, warm: bool) -> Child:
    """A process that is recorded as the kernel of that name, and only sleeps."""
    (folder / "sessions" / name / "journal").mkdir(parents=True)
    return processes.start(
        f"session-{name}",
        "session",
        [sys.executable, "-c", "import time; time.sleep(600)"],
        environment={},
        folder=folder,
        details={"kernel": name, "fingerprint": "other", "warm": warm},
    )


def test_a_ready_session_whose_kernel_is_gone_has_failed(state: State, sessions: Sessions, watch: Watch) -> None:
    store = Store(state, watch)
    store.add(SCOPE, SessionRequest("one", "role"))
    store.give_kernel(KEY, "gone")
    store.change(KEY, ("PROVISIONING",), "READY")
    waiting = sessions.run(SCOPE, "one", "1")
    sessions.start()
    until(lambda: sessions.session(SCOPE, "one").state == "FAILED")
    statement = sessions.statement(SCOPE, "one", waiting)
    assert (statement.state, statement.output.error_value) == ("ERROR", "The session's kernel ended.")
    sessions.close()


def test_a_stop_that_a_crash_cut_short_is_finished(
    state: State, sessions: Sessions, processes: Processes, watch: Watch, tmp_path: Path
) -> None:
    store = Store(state, watch)
    store.add(SCOPE, SessionRequest("one", "role"))
    store.give_kernel(KEY, "left")
    store.change(KEY, ("PROVISIONING",), "STOPPING")
    child = kernel(processes, tmp_path, "left", warm=False)
    sessions.start()
    until(lambda: sessions.session(SCOPE, "one").state == "STOPPED")
    assert not child.alive
    sessions.close()


def test_a_kernel_that_belongs_to_no_session_is_ended(sessions: Sessions, processes: Processes, tmp_path: Path) -> None:
    child = kernel(processes, tmp_path, "nobody", warm=False)
    sessions.start()
    assert not child.alive
    assert not (tmp_path / "sessions" / "nobody").exists()
    sessions.close()


def test_a_kernel_that_was_kept_ready_is_kept_until_the_server_is_down(
    sessions: Sessions, processes: Processes, tmp_path: Path
) -> None:
    child = kernel(processes, tmp_path, "ready", warm=True)
    sessions.start()
    assert child.alive
    sessions.close()
    assert not child.alive
    assert not (tmp_path / "sessions" / "ready").exists()


def test_a_reset_forgets_every_session(state: State, sessions: Sessions, watch: Watch) -> None:
    Store(state, watch).add(SCOPE, SessionRequest("one", "role"))
    sessions.empty()
    assert sessions.sessions(SCOPE).items == []
