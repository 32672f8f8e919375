"""A program runs as a child: its lines go to its log, and it ends when asked, when overdue, or by force."""

import json
import os
import sys
import threading
from pathlib import Path

from studiolo.logs import LogWriter
from studiolo.ml.program import Program

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


def start(tmp_path: Path, code: str, lines: list[str]) -> Program:
    log = LogWriter(tmp_path / "log")
    return Program([sys.executable, "-c", code], os.environ, tmp_path, log, on_line=lines.append)


def logged(tmp_path: Path) -> list[str]:
    return [json.loads(line)[2] for line in (tmp_path / "log").read_text().splitlines()]


def test_what_it_prints_is_logged_and_read_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    program = start(tmp_path, "import sys; print('one'); print('two', file=sys.stderr, end='')", lines)
    assert program.run(None, grace=1) == (0, False)
    assert sorted(logged(tmp_path)) == ["one", "two"]
    assert sorted(line.strip() for line in lines) == ["one", "two"]


def test_its_exit_status_and_last_lines_are_known(tmp_path: Path) -> None:
    program = start(tmp_path, "print('why'); raise SystemExit(3)", [])
    assert program.run(None, grace=1) == (3, False)
    assert program.tail == "why"


def test_it_ends_its_work_when_its_log_takes_no_more(tmp_path: Path) -> None:
    code = "import pathlib; print('x' * 500_000); pathlib.Path('done').touch()"
    program = Program([sys.executable, "-c", code], os.environ, tmp_path, LogWriter(Path("/dev/full")))
    assert program.run(None, grace=1) == (0, False)
    assert (tmp_path / "done").exists()


def test_it_is_ended_when_asked(tmp_path: Path) -> None:
    program = start(tmp_path, "import time; time.sleep(600)", [])
    program.end()
    assert program.run(None, grace=60) == (-15, False)


def test_it_is_ended_when_its_time_is_over(tmp_path: Path) -> None:
    program = start(tmp_path, "import time; time.sleep(600)", [])
    assert program.run(0.1, grace=60) == (-15, True)


def test_it_is_killed_when_it_does_not_listen(tmp_path: Path) -> None:
    listening = threading.Event()
    log = LogWriter(tmp_path / "log")
    program = Program([sys.executable, "-c", DEAF], os.environ, tmp_path, log, on_line=lambda _: listening.set())
    assert listening.wait(60)
    program.end()
    assert program.run(None, grace=0.1) == (-9, False)
