"""What a server takes up of an earlier one, and what it ends."""

import sys
from pathlib import Path

from studiolo.engine import Engine
from studiolo.engine.store import Store
from studiolo.processes import Child, Processes
from studiolo.state import State
from tests.unit.engine.conftest import Watch
from tests.unit.engine.test_store import KEY, SCOPE
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


def test_a_ready_session_whose_kernel_is_gone_has_failed(state: State, engine: Engine, watch: Watch) -> None:
    store = Store(state, watch)
    store.add(KEY, {}, {})
    store.give_kernel(KEY, "gone")
    store.change(KEY, ("PROVISIONING",), "READY")
    waiting = engine.statements.run(KEY, "1")
    engine.start()
    until(lambda: engine.session(KEY).state == "FAILED")
    statement = engine.statements.get(KEY, waiting)
    assert (statement.state, statement.output.error_value) == ("ERROR", "The session's kernel ended.")
    engine.close()


def test_a_stop_that_a_crash_cut_short_is_finished(
    state: State, engine: Engine, processes: Processes, watch: Watch, tmp_path: Path
) -> None:
    store = Store(state, watch)
    store.add(KEY, {}, {})
    store.give_kernel(KEY, "left")
    store.change(KEY, ("PROVISIONING",), "STOPPING")
    child = kernel(processes, tmp_path, "left", warm=False)
    engine.start()
    until(lambda: engine.session(KEY).state == "STOPPED")
    assert not child.alive
    engine.close()


def test_a_kernel_that_belongs_to_no_session_is_ended(engine: Engine, processes: Processes, tmp_path: Path) -> None:
    child = kernel(processes, tmp_path, "nobody", warm=False)
    engine.start()
    assert not child.alive
    assert not (tmp_path / "sessions" / "nobody").exists()
    engine.close()


def test_a_kernel_that_was_kept_ready_is_kept_until_the_server_is_down(
    engine: Engine, processes: Processes, tmp_path: Path
) -> None:
    child = kernel(processes, tmp_path, "ready", warm=True)
    engine.start()
    assert child.alive
    engine.close()
    assert not child.alive
    assert not (tmp_path / "sessions" / "ready").exists()


def test_a_reset_forgets_every_session(state: State, engine: Engine, watch: Watch) -> None:
    Store(state, watch).add(KEY, {}, {})
    engine.empty()
    assert engine.sessions("test", SCOPE).items == []
