"""What a program in the fence sees, may write, and leaves behind; and how its signals and its end come through."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from studiolo.domain import Invalid
from studiolo.processes import Child, Fence, Isolation, Processes, child_environment, fenced, isolation
from studiolo.processes import fence as fences
from studiolo.processes.tables import children
from studiolo.state import State
from tests.waiting import until

needs_fence = pytest.mark.skipif(isolation().kind != "fenced", reason=str(isolation()))
needs_landlock = pytest.mark.skipif(fences.landlock.version() == 0, reason="this kernel has no Landlock")

HANDLER = """
import signal, sys, time
signal.signal(signal.{name}, lambda *_: (print("got {name}", flush=True), sys.exit(3)))
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the secrets of a server, and of two sessions."""
    folder = tmp_path / "data"
    for session in ("own", "other"):
        (folder / "sessions" / session).mkdir(parents=True)
        (folder / "sessions" / session / "notes").write_text(f"notes of {session}")
    (folder / "credentials.json").write_text("the root key")
    return folder


@pytest.fixture
def own(data: Path) -> Path:
    return data / "sessions" / "own"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def processes(state: State, data: Path) -> Iterator[Processes]:
    processes = Processes(state, data)
    yield processes
    for child in processes.children():
        processes.stop(child, grace=0.1)


def start(processes: Processes, fence: Fence, *command: str) -> Child:
    environment = child_environment({})
    return processes.start("child", "test", command, environment=environment, folder=fence.own, fence=fence)


def said(processes: Processes, fence: Fence, *command: str) -> str:
    """What a program in the fence prints until it ends."""
    child = start(processes, fence, *command)
    processes.wait(child, 20)
    return child.log.read_text()


def shell(processes: Processes, fence: Fence, script: str) -> list[str]:
    return said(processes, fence, "sh", "-c", script).splitlines()


def words(process: psutil.Process) -> list[str]:
    """Its command; none of one that ends at this moment."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def inner(child: Child) -> psutil.Process:
    """The program in the fence."""
    return until(lambda: psutil.Process(child.pid).children(recursive=True)[1:2])[0]


@needs_fence
class TestFiles:
    def test_the_data_folder_has_nothing_but_the_program_s_own(
        self, processes: Processes, data: Path, own: Path
    ) -> None:
        found = shell(processes, Fence(own), f"cat notes; ls {data} {data}/sessions; cat {data}/credentials.json")
        assert found[0].startswith("notes of own")
        assert [line for line in found if line in ("own", "other", "sessions", "logs")] == ["sessions", "own"]
        assert "the root key" not in found

    def test_homes_and_sockets_and_temporary_files_of_others_are_not_there(
        self, processes: Processes, own: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "others").write_text("")
        home = Path.home()
        found = said(
            processes, Fence(own), "sh", "-c", f"ls -A {tmp_path} {home}/.aws {home}/.ssh /run /home; ls -A /dev/shm"
        )
        assert "others" not in found
        assert found.count("No such file or directory") == 2

    def test_nothing_but_its_own_folder_can_be_written(self, processes: Processes, own: Path) -> None:
        places = [
            sys.prefix,
            str(Path(fences.__file__).parent),
            str(Path.home()),
            "/etc",
            "/usr/bin",
            "/run",
            "/proc/sys/kernel",
        ]
        script = "".join(f"touch {place}/evil 2>/dev/null && echo {place}; " for place in places)
        assert shell(processes, Fence(own), script + "touch mine /tmp/mine && echo done") == ["done"]
        assert (own / "mine").exists()

    def test_the_kernel_s_settings_cannot_be_changed_where_the_server_is_root(
        self, processes: Processes, own: Path
    ) -> None:
        code = "import os; os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)"
        assert "Read-only file system" in said(processes, Fence(own), sys.executable, "-c", code)

    def test_it_makes_no_user_namespace_in_which_it_could_mount_what_it_likes(
        self, processes: Processes, own: Path
    ) -> None:
        code = "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))"
        assert said(processes, Fence(own), sys.executable, "-c", code) == "-1\n"

    def test_its_tmp_and_home_are_in_its_own_folder_on_disk(self, processes: Processes, own: Path) -> None:
        assert shell(processes, Fence(own), "echo hello > /tmp/file; echo ~; echo $TMPDIR") == [str(own), "/tmp"]
        assert (own / "tmp" / "file").read_text() == "hello\n"

    def test_what_is_seen_can_be_read_and_not_written(self, processes: Processes, data: Path, own: Path) -> None:
        jars = data / "jars"
        jars.mkdir()
        (jars / "spark.jar").write_text("a jar")
        found = shell(processes, Fence(own, seen=(jars,)), f"cat {jars}/spark.jar; echo evil > {jars}/spark.jar")
        assert found[0].startswith("a jar")
        assert (jars / "spark.jar").read_text() == "a jar"

    def test_what_is_seen_by_a_link_in_what_is_hidden_is_found_by_that_link(
        self, processes: Processes, data: Path, own: Path
    ) -> None:
        (data / "java-17").mkdir()
        (data / "java-17" / "release").write_text("17")
        (data / "java").symlink_to("java-17")
        assert shell(processes, Fence(own, seen=(data / "java",)), f"cat {data}/java/release") == ["17"]

    def test_a_folder_is_at_its_literal_path_beside_what_was_there(self, processes: Processes, own: Path) -> None:
        (own / "job").mkdir()
        before = sorted(place.name for place in Path("/opt").iterdir())
        found = shell(processes, Fence(own, at={"/opt/ml": own / "job"}), "echo trained > /opt/ml/model; ls -A /opt")
        assert found == sorted([*before, "ml"])
        assert (own / "job" / "model").read_text() == "trained\n"
        assert sorted(place.name for place in Path("/opt").iterdir()) == before

    def test_names_of_hosts_can_be_added(self, processes: Processes, own: Path) -> None:
        code = "import socket; print(socket.gethostbyname('algo-2'), socket.gethostbyname('localhost'))"
        fence = Fence(own, hosts={"algo-2": "127.0.0.2"})
        assert said(processes, fence, sys.executable, "-c", code) == "127.0.0.2 127.0.0.1\n"

    def test_a_link_that_an_earlier_program_left_opens_nothing(
        self, processes: Processes, data: Path, own: Path
    ) -> None:
        for name, fence in (("tmp", Fence(own)), ("job", Fence(own, at={"/opt/ml": own / "job"}))):
            (own / name).symlink_to(data)
            with pytest.raises(Invalid, match="link"):
                start(processes, fence, "true")
            (own / name).unlink()
        assert processes.children() == []


@needs_fence
class TestProcesses:
    def test_other_processes_are_not_there(self, processes: Processes, own: Path) -> None:
        code = "import psutil; print(len(psutil.pids()))"
        assert said(processes, Fence(own), sys.executable, "-c", code) == "2\n"

    def test_what_detached_itself_twice_ends_with_the_program(self, processes: Processes, own: Path) -> None:
        child = start(processes, Fence(own), "sh", "-c", "setsid setsid sleep 4321 & sleep 600")
        sleeping = until(
            lambda: [p for p in psutil.Process(child.pid).children(recursive=True) if words(p) == ["sleep", "4321"]]
        )
        inner(child).kill()
        assert processes.wait(child, 10) == -signal.SIGKILL
        gone, alive = psutil.wait_procs(sleeping, timeout=5)
        assert (len(gone), alive) == (1, [])

    @pytest.mark.parametrize(("script", "status"), [("exit 7", 7), ("kill -9 $$", -9), ("kill -TERM $$", -15)])
    def test_the_exit_status_comes_through(self, processes: Processes, own: Path, script: str, status: int) -> None:
        assert processes.wait(start(processes, Fence(own), "sh", "-c", script), 10) == status

    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
    def test_signals_reach_the_program(self, processes: Processes, own: Path, name: str) -> None:
        child = start(processes, Fence(own), sys.executable, "-c", HANDLER.format(name=name))
        until(lambda: child.log.read_text() == "up\n")
        if name == "SIGINT":
            processes.interrupt(child)
            assert processes.wait(child, 10) == 3
        else:
            processes.stop(child, grace=20)
        assert child.log.read_text() == f"up\ngot {name}\n"

    def test_a_stopped_program_that_ignores_sigterm_is_killed_with_all_it_started(
        self, processes: Processes, own: Path
    ) -> None:
        child = start(processes, Fence(own), "sh", "-c", "trap '' TERM; setsid sleep 600 & echo up; wait; sleep 600")
        until(lambda: child.log.read_text())
        family = psutil.Process(child.pid).children(recursive=True)
        processes.stop(child, grace=0.1)
        assert psutil.wait_procs(family, timeout=5)[1] == []

    def test_a_stop_while_the_fence_is_being_made_does_not_wait(self, processes: Processes, own: Path) -> None:
        child = start(processes, Fence(own), "sleep", "600")
        processes.stop(child, grace=60)
        assert not child.alive

    def test_what_the_fence_holds_ends_when_bwrap_is_killed(self, processes: Processes, own: Path) -> None:
        child = start(processes, Fence(own), "sleep", "600")
        program = inner(child)
        os.kill(child.pid, signal.SIGKILL)
        assert processes.wait(child, 10) == -signal.SIGKILL
        assert psutil.wait_procs([program], timeout=5)[1] == []

    def test_a_later_server_finds_it_by_its_mark_and_stops_it(
        self, processes: Processes, state: State, data: Path, own: Path
    ) -> None:
        child = start(processes, Fence(own), sys.executable, "-c", HANDLER.format(name="SIGTERM"))
        until(lambda: child.log.read_text() == "up\n")
        with state.transaction() as tx:
            tx.execute(children.update().values(pid=None, created=None))
        later = Processes(state, data)
        (found,) = later.children()
        assert found.pid == child.pid
        later.stop(found, grace=20)
        assert child.log.read_text() == "up\ngot SIGTERM\n"


@needs_landlock
class TestLandlock:
    """The fence of machines without user namespaces, run as it is run there."""

    @pytest.fixture(autouse=True)
    def _without_namespaces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fences, "isolation", lambda: Isolation("landlock", "as a test"))

    def test_files_of_others_are_closed_and_its_own_open(self, processes: Processes, data: Path, own: Path) -> None:
        closed = f"cat {data}/credentials.json; ls {Path.home()} /tmp; echo evil > /etc/evil"
        found = said(processes, Fence(own), "sh", "-c", f"cat notes; {closed}; touch $TMPDIR/mine mine")
        assert found.startswith("notes of own")
        assert found.count("Permission denied") == 4
        assert (own / "mine").exists()
        assert (own / "tmp" / "mine").exists()

    def test_other_processes_cannot_be_looked_into_or_ended(self, processes: Processes, own: Path) -> None:
        other = subprocess.Popen(["sleep", "600"])
        try:
            script = f"cat /proc/{other.pid}/environ; kill {other.pid}"
            found = said(processes, Fence(own), "sh", "-c", script)
            assert "Permission denied" in found
            if fences.landlock.version() >= fences.landlock.SCOPES:
                assert "not permitted" in found
        finally:
            other.kill()
            other.wait()

    def test_the_program_s_environment_is_its_own_and_works_only_in_the_fence(self, data: Path, own: Path) -> None:
        (own / "sitecustomize.py").write_text(f"print(open('{data}/credentials.json').read())")
        environment = {"PYTHONPATH": str(own), "LD_PRELOAD": "", "NAME": "value"}
        command, given = fenced(["sh", "-c", "echo $NAME $PYTHONPATH $HOME"], environment, Fence(own), [data])
        assert subprocess.run(command, env=given, capture_output=True, text=True).stdout == f"value {own} {own}\n"


@needs_fence
def test_variables_of_the_loader_work_inside_alone(own: Path, data: Path) -> None:
    asked = {**os.environ, "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(data / "loaded")}
    command, environment = fenced(["printenv", "LD_DEBUG"], asked, Fence(own), [data])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=True)
    assert "files" in done.stdout.splitlines()
    assert list(data.glob("loaded*")) == []


def test_without_any_fence_it_says_so_in_those_words() -> None:
    assert str(Isolation("none", "why")) == "sessions are not isolated (why)"
