"""The wheel is the product too: it has every file, and what it installs is all that a person needs."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from studiolo import __version__
from studiolo.demo import synthetic
from tests.conftest import Server, free_port

ROOT = Path(__file__).parents[2]
UV = [sys.executable, "-m", "uv"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a folder of its own, since a build leaves traces in the sources."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    build = [*UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*build, "--out-dir", str(tree / "dist"), str(tree)], check=True, timeout=300)
    (made,) = (tree / "dist").glob("*.whl")
    return made


def test_the_wheel_has_every_file_of_the_sources(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    sources = {name.removeprefix("src/") for name in listed.splitlines() if (ROOT / name).exists()}
    assert {name for name in sources - set(zipfile.ZipFile(wheel).namelist()) if not name.endswith(".in")} == set()


def test_what_the_wheel_unpacks_starts_outside_of_any_checkout(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path / "installed", "zip")
    path = {"PYTHONPATH": str(tmp_path / "installed")}
    where = [sys.executable, "-c", "import studiolo; print(studiolo.__file__)"]
    assert str(tmp_path) in subprocess.run(where, env={**os.environ, **path}, capture_output=True, text=True).stdout
    server = Server(tmp_path / "data", settings=path)
    server.up()
    try:
        assert server.client("glue").get_databases()["DatabaseList"] == []
    finally:
        server.down()


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_an_empty_environment_with_the_wheel_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([*UV, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([*UV, "pip", "install", "--quiet", "--python", str(python), str(wheel)], check=True, timeout=1800)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "STUDIOLO_", "PYTHON"))}
    environment = {**clean, "STUDIOLO_DATA": str(tmp_path / "data"), "STUDIOLO_PORT": str(free_port())}

    def studiolo(*arguments: str) -> str:
        command = [str(python.parent / "studiolo"), *arguments]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    synthetic.write(tmp_path / "source")
    try:
        assert studiolo("--version") == f"studiolo {__version__}\n"
        studiolo("demo", "--source", "source", "--report", "report")
        assert list((tmp_path / "report").glob("*.html"))
    finally:
        studiolo("down")
