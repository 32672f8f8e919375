"""Archives of classes: when one fits, when it is made, and that it is never needed."""

import fcntl
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.processes import Processes
from studiolo.runtimes import Archives, NotMade, cds
from studiolo.state import State
from tests.waiting import until

PYTHON = """#!{python}
import json, os, pathlib, sys, time
folder = pathlib.Path(sys.argv[3])
with open({counted!r}, "a") as runs:
    runs.write("run\\n")
if {fails}:
    sys.exit(1)
for file in json.loads((folder / "launch.json").read_text())["archive"]:
    pathlib.Path(file).write_text("classes")
"""
"""A Python of a runtime that makes no archive but counts how often it was to make one."""


class Machine:
    """A Java, a Spark and a Python on a disk, as far as archives know them."""

    def __init__(self, folder: Path) -> None:
        self.java, self.spark, self.archives = folder / "java", folder / "spark", folder / "archives"
        self.counted, self.python = folder / "runs", folder / "python"
        (self.java / "bin").mkdir(parents=True)
        (self.java / "bin" / "java").write_text("java")
        self.set_java("17.0.9")
        (self.spark / "jars").mkdir(parents=True)
        (self.spark / "jars" / "core.jar").write_text("core")
        self.first_spark = self.spark
        self.fail(False)
        self.runtime: Any = SimpleNamespace(
            name="spark", java=self.java, java_options=(), spark_home=self.spark, python=self.python, conf={}
        )

    def move_spark(self, name: str) -> str:
        """Another checkout has its own Spark; the name of its archive."""
        self.runtime.spark_home = self.spark = Path(shutil.copytree(self.first_spark, self.first_spark.with_name(name)))
        return self.key

    def set_java(self, version: str) -> None:
        (self.java / "release").write_text(f'JAVA_VERSION="{version}"')

    def fail(self, fails: bool) -> None:
        self.python.write_text(PYTHON.format(python=sys.executable, counted=str(self.counted), fails=fails))
        self.python.chmod(0o700)

    @property
    def runs(self) -> int:
        return len(self.counted.read_text().splitlines()) if self.counted.exists() else 0

    @property
    def key(self) -> str:
        return cds.key(self.java, self.spark)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class Servers:
    """Servers on one machine, each with a data folder of its own."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self._folder, self._machine = folder, machine
        self._started: list[tuple[State, Archives]] = []

    def start(self) -> Archives:
        folder = self._folder / f"data-{len(self._started)}"
        folder.mkdir()
        state = State(f"sqlite:///{folder / 'state.db'}")
        runtimes: Any = SimpleNamespace(doors=lambda _: "doors.jar", packages=Path(__file__).parents[3] / "src")
        archives = Archives(Processes(state, folder), runtimes, self._machine.archives)
        self._started.append((state, archives))
        return archives

    def end(self) -> None:
        for state, archives in self._started:
            archives.close()
            state.close()


@pytest.fixture
def servers(tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    monkeypatch.setattr(cds, "LATER", 0.01)
    monkeypatch.setattr(cds, "LOOK_AGAIN", 0.01)
    servers = Servers(tmp_path, machine)
    yield servers
    servers.end()


@pytest.fixture
def archives(servers: Servers) -> Archives:
    return servers.start()


def test_the_first_session_starts_without_and_a_later_one_with_the_archive(
    archives: Archives, machine: Machine
) -> None:
    assert archives.find(machine.runtime) == ()
    base, app = until(lambda: archives.find(machine.runtime))
    assert (base.read_text(), app.name, machine.runs) == ("classes", "app.jsa", 1)


def test_servers_that_want_the_same_archive_at_once_make_one(servers: Servers, machine: Machine) -> None:
    several = [servers.start() for _ in range(5)]
    threads = [threading.Thread(target=archives.prepare, args=(machine.runtime,)) for archives in several * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert machine.runs == 1
    assert all(archives.find(machine.runtime) for archives in several)


def test_none_is_begun_while_sessions_are_at_work(archives: Archives, machine: Machine) -> None:
    looks: list[None] = []
    working = [True]
    archives.start(lambda: bool(looks.append(None)) or working[0])  # type: ignore[func-returns-value]
    assert archives.find(machine.runtime) == ()
    until(lambda: len(looks) > 2)
    assert machine.runs == 0
    working[0] = False
    assert until(lambda: archives.find(machine.runtime))


@pytest.mark.parametrize("change", ["java", "a jar", "a jar more", "the folder"])
def test_an_archive_fits_one_java_and_one_list_of_jars(machine: Machine, change: str, tmp_path: Path) -> None:
    known = machine.key
    jar = machine.spark / "jars" / "core.jar"
    if change == "java":
        machine.set_java("21.0.1")
    elif change == "a jar":
        os.utime(jar, ns=(0, jar.stat().st_mtime_ns + 1))
    elif change == "a jar more":
        (machine.spark / "jars" / "more.jar").write_text("more")
    else:
        machine.spark.rename(tmp_path / "moved")
        machine.spark = tmp_path / "moved"
    assert machine.key != known


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "a file", "no note", "half a note", "another note"])
def test_an_archive_that_is_not_as_it_was_made_is_made_again(
    servers: Servers, archives: Archives, machine: Machine, damage: str
) -> None:
    _, app = archives.prepare(machine.runtime)
    note = app.with_name(cds.NOTE)
    {
        "cut": lambda: os.truncate(app, 3),
        "changed": lambda: app.write_text("Classes"),
        "gone": app.unlink,
        "no note": note.unlink,
        "half a note": lambda: note.write_text("[1,"),
        "another note": lambda: note.write_text("[1]"),
        "a file": lambda: (shutil.rmtree(app.parent), app.parent.touch()),
    }[damage]()
    later = servers.start()
    assert later.find(machine.runtime) == ()
    assert until(lambda: later.find(machine.runtime))[1].read_text() == "classes"
    assert machine.runs == 2


def test_a_run_that_fails_leaves_nothing_and_is_not_tried_again(archives: Archives, machine: Machine) -> None:
    machine.fail(True)
    assert archives.find(machine.runtime) == ()
    until(lambda: machine.runs == 1 and not archives._making.locked())
    assert [file.suffix for file in machine.archives.iterdir()] == [".lock"]
    machine.fail(False)
    assert archives.find(machine.runtime) == ()
    with pytest.raises(NotMade, match="status 1"):
        machine.fail(True)
        archives.prepare(machine.runtime)


def test_a_full_disk_and_a_java_too_old_say_why_there_is_none(
    archives: Archives, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(NotMade, match="of the disk"):
        archives.prepare(machine.runtime)
    machine.set_java("1.8.0_392")
    with pytest.raises(NotMade, match="Java 17"):
        archives.prepare(machine.runtime)
    assert machine.runs == 0


def test_a_folder_that_cannot_be_had_is_no_reason_not_to_start(servers: Servers, machine: Machine) -> None:
    machine.archives.write_text("a file")
    archives = servers.start()
    assert archives.find(machine.runtime) == ()


@pytest.mark.parametrize("why", ["its Spark is gone", "long unused", "no room", "incomplete"])
def test_archives_that_nobody_will_use_go_when_another_is_made(
    servers: Servers, machine: Machine, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    first = servers.start()
    old = first.prepare(machine.runtime)[0].parent
    os.utime(old / cds.NOTE, (time.time() - 60, time.time() - 60))
    kept = machine.move_spark("kept")
    first.prepare(machine.runtime)
    machine.move_spark("newest")
    {
        "its Spark is gone": lambda: shutil.rmtree(machine.first_spark),
        "long unused": lambda: os.utime(old / cds.NOTE, (0, 0)),
        "no room": lambda: monkeypatch.setattr(cds, "KEPT_BYTES", sum(f.stat().st_size for f in old.iterdir())),
        "incomplete": (old / cds.NOTE).unlink,
    }[why]()
    newest = servers.start().prepare(machine.runtime)[0].parent
    assert {file.name for file in machine.archives.iterdir()} == {
        name for folder in (kept, newest.name) for name in (folder, f"{folder}.lock")
    }


def test_what_killed_servers_left_goes_and_what_others_make_stays(archives: Archives, machine: Machine) -> None:
    machine.archives.mkdir()
    for name in ("left.1.part", f"{machine.key}.2.part", "made.3.part"):
        (machine.archives / name).mkdir()
    with (machine.archives / "made.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        archives.prepare(machine.runtime)
    left = {file.name for file in machine.archives.iterdir()}
    assert left == {machine.key, f"{machine.key}.lock", "made.3.part", "made.lock"}
