"""Environments of images, made by the real uv of small packages, and the layers that containers have on them."""

import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from studiolo.containers.environments import Environments, EnvironmentUnavailable
from studiolo.containers.image import Environment
from studiolo.containers.layers import layered
from studiolo.runtimes.uv import unheard
from tests.unit.runtimes.test_overlays import wheel

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def environments(folder: Path) -> Environments:
    return Environments(folder / "data", folder / "environments")


def small(folder: Path) -> Environment:
    """An environment of one small package."""
    return Environment(HERE, (f"small @ {wheel(folder, 'small', '1.0', []).as_uri()}",))


def printed(python: Path, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_one_that_two_make_at_once_is_made_once_and_listed_and_removed(tmp_path: Path) -> None:
    known, told = environments(tmp_path), list[str]()
    with ThreadPoolExecutor(2) as pool:
        wanted = [replace(small(tmp_path), image=image) for image in ("a:1", "b:1")]
        pythons = set(pool.map(lambda each: known.make(each, told.append), wanted))
    assert printed(*pythons, "import small; print(small.version)") == "1.0"
    assert sum("is ready" in line for line in told) == 1
    (made,) = known.made()
    assert set(made.names) <= {"a:1", "b:1"}
    assert made.size > 1000
    assert known.remove(made.environment)
    assert known.made() == []


def test_one_that_does_not_resolve_is_told_in_uv_s_words_and_leaves_nothing(tmp_path: Path) -> None:
    wanted = Environment(HERE, ("small==1.0", "small==2.0"))
    with pytest.raises(EnvironmentUnavailable, match="small"):
        environments(tmp_path).make(wanted, unheard)
    assert not list((tmp_path / "environments").glob("image-*[!k]"))


def test_a_folder_s_files_come_along_and_another_content_is_another_environment(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "train").write_text("echo one")
    known = environments(tmp_path)
    wanted = Environment(HERE, small(tmp_path).requirements, folder=str(tmp_path / "mine"))
    first = known.make(wanted, unheard)
    (tmp_path / "mine" / "train").write_text("echo two")
    second = known.make(wanted, unheard)
    assert [(each.parents[1] / "program" / "train").read_text() for each in (first, second)] == ["echo one", "echo two"]


def test_what_a_container_installs_is_its_own_and_goes_before_the_image_s(tmp_path: Path) -> None:
    known = environments(tmp_path)
    python = known.make(small(tmp_path), unheard)
    below = known.required(python, [f"beside @ {wheel(tmp_path, 'beside', '1.0', ['small']).as_uri()}"])
    layer = layered(python, tmp_path / "own", [below])
    assert printed(layer, "import small, beside; print(small.version)") == "1.0"
    newer = wheel(tmp_path, "small", "2.0", [])
    subprocess.run([sys.executable, "-m", "uv", "pip", "install", "-q", "--python", layer, newer], check=True)
    assert printed(layer, "import small; print(small.version)") == "2.0"
    assert printed(python, "import small; print(small.version)") == "1.0"
    assert printed(layered(python, tmp_path / "own"), "import small; print(small.version)") == "2.0"


def test_a_link_that_a_container_left_in_the_place_of_its_layer_is_not_written_through(tmp_path: Path) -> None:
    python = environments(tmp_path).make(small(tmp_path), unheard)
    for folder in (tmp_path / "outside", tmp_path / "own"):
        folder.mkdir()
    (tmp_path / "own" / "python").symlink_to(tmp_path / "outside")
    layer = layered(python, tmp_path / "own")
    assert printed(layer, "import small; print(small.version)") == "1.0"
    assert not list((tmp_path / "outside").iterdir())


def test_a_package_that_comes_as_its_sources_is_built_in_a_fence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").write_text("secret")
    setup = f"""
from pathlib import Path
from setuptools import setup
Path("built.py").write_text(f"saw = {{Path({str(tmp_path / "data" / "secret")!r}).exists()}}")
setup(name="built", version="1.0", py_modules=["built"])
"""
    archive = tmp_path / "built-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in {"setup.py": setup, "PKG-INFO": "Metadata-Version: 1.0\nName: built\nVersion: 1.0\n"}.items():
            member = tarfile.TarInfo(f"built-1.0/{name}")
            member.size = len(text)
            tar.addfile(member, BytesIO(text.encode()))
    python = environments(tmp_path).make(Environment(HERE, (f"built @ {archive.as_uri()}",)), unheard)
    assert printed(python, "import built; print(built.saw)") == "False"
