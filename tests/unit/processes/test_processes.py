import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from studiolo.domain import AlreadyExists
from studiolo.processes import Child, Processes, child_environment
from studiolo.processes.tables import children
from studiolo.state import State

PARENT = "import subprocess, time; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); p.wait()"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def processes(state: State, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(state, tmp_path)
    yield processes
    for child in processes.children():
        processes.stop(child, grace=0.1)


def start(processes: Processes, *command: str, name: str = "child") -> Child:
    return processes.start(name, "test", command, environment=child_environment({}), folder=Path("/"))


def first_line(child: Child) -> str:
    """What the child prints first, as soon as it is there."""
    with subprocess.Popen(["tail", "-n", "+1", "-F", str(child.log)], stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None
        line = tail.stdout.readline().strip()
        tail.kill()
    return line


def test_a_stopped_child_takes_what_it_started_with_it(processes: Processes) -> None:
    child = start(processes, sys.executable, "-c", PARENT)
    grandchild = psutil.Process(int(first_line(child)))
    processes.stop(child)
    psutil.wait_procs([grandchild], timeout=5)
    assert not child.alive
    assert not grandchild.is_running()
    assert processes.children() == []


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(processes: Processes) -> None:
    child = start(processes, sys.executable, "-c", STUBBORN)
    assert first_line(child) == "up"
    processes.stop(child, grace=0.1)
    assert not child.alive


def test_a_second_child_of_the_same_name_is_refused_while_the_first_lives(processes: Processes) -> None:
    child = start(processes, "sleep", "600")
    with pytest.raises(AlreadyExists, match=str(child.pid)):
        start(processes, "sleep", "600")


def test_the_end_of_a_child_is_told_with_its_status(processes: Processes) -> None:
    ended: queue.Queue[int | None] = queue.Queue()
    child = start(processes, "sh", "-c", "exit 7")
    processes.watch(child, lambda _, status: ended.put(status))
    assert ended.get(timeout=10) == 7


def test_a_later_server_adopts_a_living_child_and_sees_it_end(processes: Processes, state: State) -> None:
    child = start(processes, "sleep", "600")
    later = Processes(state, child.log.parents[1])
    (adopted,) = later.children()
    assert adopted == child
    ended: queue.Queue[int | None] = queue.Queue()
    later.watch(adopted, lambda _, status: ended.put(status))
    os.kill(child.pid, signal.SIGKILL)
    processes.wait(child)
    assert ended.get(timeout=10) is None
    assert not adopted.alive


def test_a_child_whose_server_died_before_it_noted_the_pid_is_found_by_its_mark(
    processes: Processes, state: State
) -> None:
    child = start(processes, "sleep", "600")
    with state.transaction() as tx:
        tx.execute(children.update().values(pid=None, created=None))
    (found,) = Processes(state, child.log.parents[1]).children()
    assert found.pid == child.pid


def test_a_reused_pid_is_not_taken_for_the_child(processes: Processes, state: State) -> None:
    start(processes, "sleep", "600")
    with state.transaction() as tx:
        tx.execute(children.update().values(pid=os.getpid(), created=1.0))
    (stranger,) = processes.children()
    assert not stranger.alive
    processes.stop(stranger)  # must leave this very process alone


def test_a_command_that_cannot_be_run_leaves_no_record(processes: Processes) -> None:
    with pytest.raises(FileNotFoundError):
        start(processes, "/no/such/program")
    assert processes.children() == []


def test_a_child_s_environment_has_no_secret_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a person's own")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    environment = child_environment({"SPARK_HOME": "/spark"})
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert environment["LC_ALL"] == "C.UTF-8"
    assert environment["SPARK_HOME"] == "/spark"
