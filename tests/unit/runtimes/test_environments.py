"""Environments of runtimes, made by the real uv from a lock of one small package."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studiolo.runtimes.environments import Environment, EnvironmentInUse, EnvironmentUnavailable
from tests.unit.runtimes.test_overlays import wheel

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def lock(folder: Path, name: str = "small", digest: str | None = None) -> Path:
    """A lock of the wheel of that name in the folder, with its hash or another."""
    file = wheel(folder, name, "1.0", [])
    text = f"{name} @ {file.as_uri()} --hash=sha256:{digest or hashlib.sha256(file.read_bytes()).hexdigest()}\n"
    made = folder / "spark-9.9.lock"
    made.write_text(text)
    return made


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment.of(tmp_path / "environments", "spark-9.9", lock(tmp_path), (HERE,))


def what_it_prints(environment: Environment, code: str) -> str:
    return subprocess.run([environment.python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_an_environment_has_the_packages_of_its_lock_and_tells_how_it_is_made(environment: Environment) -> None:
    told: list[str] = []
    assert not environment.ready
    environment.make(told.append)
    assert what_it_prints(environment, "import small, sys; print(small.version, sys.prefix)") == (
        f"1.0 {environment.folder}"
    )
    assert told[0].startswith("Making the Python environment of spark-9.9")
    assert told[-1] == "The Python environment of spark-9.9 is ready."


def test_it_is_made_of_the_first_python_of_the_machine_and_else_of_studiolo_s_own(tmp_path: Path) -> None:
    environment = Environment.of(tmp_path / "environments", "spark-9.9", lock(tmp_path), ("3.99",))
    environment.make(lambda _: None)
    assert environment.packages.parent.name == f"python{HERE}"


def test_what_has_another_hash_than_the_lock_says_is_not_installed_and_nothing_is_left(tmp_path: Path) -> None:
    environment = Environment.of(tmp_path / "environments", "spark-9.9", lock(tmp_path, digest="0" * 64), (HERE,))
    with pytest.raises(EnvironmentUnavailable, match=r"spark-9\.9 could not be made.*(?s:.*)[Hh]ash"):
        environment.make(lambda _: None)
    assert [left.suffix for left in environment.folder.parent.iterdir()] == [".lock"]


def test_a_folder_that_cannot_be_written_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    environment = Environment.of(tmp_path / "taken", "spark-9.9", lock(tmp_path), (HERE,))
    with pytest.raises(EnvironmentUnavailable, match="taken"):
        environment.make(lambda _: None)


def test_of_several_makers_one_makes_it_and_the_others_wait_and_say_so(environment: Environment) -> None:
    told: list[str] = []
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: environment.make(told.append), range(3)))
    assert sum("is ready" in line for line in told) == 1
    assert sum("waiting" in line for line in told) in (1, 2)


def test_a_maker_that_is_stopped_leaves_nothing_and_the_next_one_makes_it(environment: Environment) -> None:
    with pytest.raises(EnvironmentUnavailable, match="stopped"):
        environment.make(lambda _: None, lambda: True)
    environment.make(lambda _: None)
    assert environment.ready
    assert [left.name for left in environment.folder.parent.glob("*.part")] == []


KILLED = """
import os, sys
from pathlib import Path
from studiolo.runtimes.environments import Environment
environment = Environment.of(Path(sys.argv[1]), "spark-9.9", Path(sys.argv[2]), (sys.argv[3],))
def die(line):
    if "Installed" in line:
        os._exit(9)
environment.make(die)
"""


def test_one_that_was_killed_half_way_is_made_anew(environment: Environment, tmp_path: Path) -> None:
    folders = [str(environment.folder.parent), str(tmp_path / "spark-9.9.lock")]
    killed = subprocess.run([sys.executable, "-c", KILLED, *folders, HERE], timeout=120)
    assert (killed.returncode, environment.ready) == (9, False)
    environment.make(lambda _: None)
    assert what_it_prints(environment, "import small; print(small.version)") == "1.0"
    assert [left.name for left in environment.folder.parent.glob("*.part")] == []


def test_one_whose_python_is_gone_is_made_anew(environment: Environment) -> None:
    environment.make(lambda _: None)
    environment.python.unlink()
    environment.python.symlink_to("/nowhere/python")
    assert not environment.ready
    environment.make(lambda _: None)
    assert environment.ready


def test_one_that_is_in_use_is_not_removed(environment: Environment) -> None:
    environment.make(lambda _: None)
    command = [str(environment.python), "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        user.stdout.readline()
        with pytest.raises(EnvironmentInUse, match=str(user.pid)):
            environment.remove()
        user.communicate(b"\n")
    assert (environment.remove(), environment.remove(), environment.ready) == (True, False, False)
