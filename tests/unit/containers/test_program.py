"""A program runs as a child: its lines go to its log, and it ends when asked, when overdue, or by force."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from studiolo.containers.program import Ended, OnLine, Programs, Start
from studiolo.logs import LogWriter
from studiolo.processes import Fence, fenced, isolation
from tests.waiting import until

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
CAREFUL = """
import pathlib, signal, sys, time
def leave(*_):
    pathlib.Path("model").write_text("what there is of it")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("up", flush=True)
time.sleep(600)
"""
DETACHING = "import subprocess; subprocess.run('setsid setsid sleep 597 & echo $!', shell=True)"

needs_fence = pytest.mark.skipif(isolation().kind != "fenced", reason=str(isolation()))


def bare(tmp_path: Path, code: str) -> Start:
    return Start((sys.executable, "-c", code), os.environ, str(tmp_path))


def behind(tmp_path: Path, code: str) -> Start:
    """The same in a fence."""
    own = tmp_path / "own"
    fence = Fence(own, at={"/opt/ml": tmp_path / "ml"}, hosts={"algo-1": "127.0.0.1"}, with_parent=True)
    (tmp_path / "ml").mkdir()
    command, environment = fenced([sys.executable, "-c", code], os.environ, fence, [tmp_path])
    return Start(tuple(command), environment, str(own))


def start(tmp_path: Path, code: str, lines: list[str]) -> Programs:
    return begun(tmp_path, bare(tmp_path, code), on_line=lines.append)


def begun(tmp_path: Path, *starts: Start, on_line: OnLine = lambda line: None) -> Programs:
    logs = [LogWriter(tmp_path / "log") for _ in starts]
    return Programs(starts, logs, on_line)


def logged(tmp_path: Path) -> list[str]:
    return [json.loads(line)[2] for line in (tmp_path / "log").read_text().splitlines()]


def test_what_it_prints_is_logged_and_read_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    program = start(tmp_path, "import sys; print('one'); print('two', file=sys.stderr, end='')", lines)
    assert program.run(None, grace=1) == Ended((0,))
    assert sorted(logged(tmp_path)) == ["one", "two"]
    assert sorted(line.strip() for line in lines) == ["one", "two"]


def test_its_exit_status_and_last_lines_are_known(tmp_path: Path) -> None:
    program = start(tmp_path, "print('why'); raise SystemExit(3)", [])
    assert program.run(None, grace=1) == Ended((3,), failed=0)
    assert program.tail(0) == "why"


def test_it_ends_its_work_when_its_log_takes_no_more(tmp_path: Path) -> None:
    code = "import pathlib; print('x' * 500_000); pathlib.Path('done').touch()"
    program = Programs([bare(tmp_path, code)], [LogWriter(Path("/dev/full"))])
    assert program.run(None, grace=1) == Ended((0,))
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("made", [bare, pytest.param(behind, marks=needs_fence)])
def test_it_is_ended_when_asked_and_may_leave_what_it_has(tmp_path: Path, made: Callable[[Path, str], Start]) -> None:
    up, begin = threading.Event(), made(tmp_path, CAREFUL)
    program = begun(tmp_path, begin, on_line=lambda _: up.set())
    assert up.wait(60)
    program.end()
    assert program.run(None, grace=60) == Ended((0,))
    assert (Path(begin.folder) / "model").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="who catches a signal is told by /proc")
@pytest.mark.parametrize("made", [bare, pytest.param(behind, marks=needs_fence)])
def test_a_script_that_a_toolkit_started_may_leave_what_it_has(
    tmp_path: Path, made: Callable[[Path, str], Start]
) -> None:
    toolkit = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {CAREFUL!r}]) + 7)"
    up, begin = threading.Event(), made(tmp_path, toolkit)
    program = begun(tmp_path, begin, on_line=lambda _: up.set())
    assert up.wait(60)
    program.end()
    assert program.run(None, grace=60) == Ended((7,))
    assert (Path(begin.folder) / "model").exists()


@pytest.mark.parametrize("made", [bare, pytest.param(behind, marks=needs_fence)])
def test_it_is_ended_when_its_time_is_over(tmp_path: Path, made: Callable[[Path, str], Start]) -> None:
    program = begun(tmp_path, made(tmp_path, "import time; time.sleep(600)"))
    assert program.run(0.5, grace=60) == Ended((128 + signal.SIGTERM,), overdue=True)


@pytest.mark.parametrize("made", [bare, pytest.param(behind, marks=needs_fence)])
def test_it_is_killed_when_it_does_not_listen(tmp_path: Path, made: Callable[[Path, str], Start]) -> None:
    listening = threading.Event()
    program = begun(tmp_path, made(tmp_path, DEAF), on_line=lambda _: listening.set())
    assert listening.wait(60)
    program.end()
    assert program.run(None, grace=0.1) == Ended((128 + signal.SIGKILL,))
    until(lambda: not sleeping("deaf"), 10)


def test_when_one_of_several_fails_the_others_are_ended(tmp_path: Path) -> None:
    waiting, failing = bare(tmp_path, "import time; time.sleep(600)"), bare(tmp_path, "raise SystemExit(137)")
    ended = begun(tmp_path, waiting, failing).run(None, grace=60)
    assert ended == Ended((128 + signal.SIGTERM, 137), failed=1)


def test_a_hundred_megabytes_and_a_line_without_end_are_taken_and_not_all_is_logged(tmp_path: Path) -> None:
    code = "import sys; [print('x' * 99_999) for _ in range(1000)]; sys.stdout.write('y' * 1_000_000)"
    lines: list[int] = []
    program = begun(tmp_path, bare(tmp_path, code), on_line=lambda line: lines.append(len(line)))
    assert program.run(None, grace=1) == Ended((0,))
    assert sum(lines) == 1000 * 99_999 + 1_000_000
    assert max(lines) <= 2 * 99_999
    assert (tmp_path / "log").stat().st_size < 80_000_000
    assert "characters are left out here: a program may print 64 MiB at once" in logged(tmp_path)[-1]


@needs_fence
def test_what_it_detached_twice_is_gone_with_it(tmp_path: Path) -> None:
    assert begun(tmp_path, behind(tmp_path, DETACHING)).run(None, grace=1) == Ended((0,))
    until(lambda: not sleeping("597"), 10)


@needs_fence
def test_it_ends_when_what_started_it_is_killed(tmp_path: Path) -> None:
    begin = behind(tmp_path, "import subprocess; print('up', flush=True); subprocess.run(['sleep', '598'])")
    arguments = json.dumps([begin.command, dict(begin.environment), begin.folder])
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom studiolo.logs import LogWriter\n"
        "from studiolo.containers.program import Programs, Start\n"
        "command, environment, folder = json.loads(sys.argv[1])\n"
        f"Programs([Start(tuple(command), environment, folder)], [LogWriter(Path({str(tmp_path / 'log')!r}))]).run(None, 1)"
    )
    with subprocess.Popen([sys.executable, "-c", code, arguments]) as runner:
        until(lambda: sleeping("598"), 30)
        runner.kill()
    until(lambda: not sleeping("598"), 10)


@needs_fence
def test_it_sees_its_files_where_sagemaker_has_them_and_knows_its_host(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("the root key")
    code = f"""
import os, pathlib, socket
print(os.listdir("/opt"), socket.gethostbyname("algo-1"), pathlib.Path({str(tmp_path / "credentials.json")!r}).exists())
pathlib.Path("/opt/ml/model").write_text("a model")
"""
    program = begun(tmp_path, behind(tmp_path, code))
    assert program.run(None, grace=1) == Ended((0,))
    assert program.tail(0).endswith("127.0.0.1 False")
    assert "'ml'" in program.tail(0)
    assert (tmp_path / "ml/model").read_text() == "a model"


def sleeping(mark: str) -> bool:
    """Whether a process lives whose command has that word."""
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(mark in word.split("'") or mark == word for word in words):
            return True
    return False


def test_what_an_engine_runs_for_a_program_is_removed_when_what_waits_for_it_is_killed(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from studiolo.containers.program import Programs, Start
from studiolo.logs import LogWriter
folder = Path(sys.argv[1])
start = Start(("sleep", "0.1"), os.environ, str(folder), remove=("touch", str(folder / "removed")))
Programs([start], [LogWriter(folder / "log")])
os.kill(os.getpid(), 9)
"""
    died = subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    until((tmp_path / "removed").exists)
