"""What sessions brought along: how long it is kept, and that no two have the same files."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.engine import Extras
from studiolo.engine.kernels import Kernels
from studiolo.engine.materials import LONGEST_LIST, Material, Materials


def fetched(data: Path, name: str) -> Path:
    file = data / "session-files" / name / "file"
    file.parent.mkdir(parents=True)
    file.write_text(name)
    return file


def test_files_go_when_none_asked_for_them_lately(tmp_path: Path) -> None:
    nothing: Any = SimpleNamespace()
    materials = Materials(tmp_path, nothing)
    old, new = fetched(tmp_path, "old"), fetched(tmp_path, "new")
    os.utime(old.parent, (0, 0))
    materials.purge(set())
    assert [file.exists() for file in (old, new)] == [False, True]


def test_a_file_of_requirements_is_not_taken_into_memory_however_long(tmp_path: Path) -> None:
    def download(_bucket: str, _key: str, file: str) -> None:
        Path(file).touch()
        os.truncate(file, LONGEST_LIST + 1)

    client = SimpleNamespace(head_object=lambda **_: {"ETag": "1"}, download_file=download)
    objects: Any = SimpleNamespace(role_client=lambda *_: client)
    runtime: Any = SimpleNamespace(sail=(), ready=True, python=Path(sys.executable))
    wanted = Extras(modules=("s3://b/list.txt",), listed=True)
    with pytest.raises(Invalid, match=r"s3://b/list\.txt has more than"):
        Materials(tmp_path, objects).bring(wanted, "role", runtime, lambda: False)


def test_a_session_cannot_change_what_another_gets(kernels: Kernels, tmp_path: Path) -> None:
    jar, module = fetched(tmp_path, "jar"), fetched(tmp_path, "module")
    # The module is on the path by its folder, as sessions on Sail have it.
    brought = Material(jars=(jar,), path=(module.parent,))
    mine, other = kernels.belongings.lay_out("mine", brought), kernels.belongings.lay_out("other", brought)
    for file in (mine.jars[0], mine.path[0] / "file"):
        assert file.is_relative_to(kernels.folder("mine"))
        file.write_text("changed")
    assert [other.jars[0].read_text(), (other.path[0] / "file").read_text()] == ["jar", "module"]
    assert [jar.read_text(), module.read_text()] == ["jar", "module"]


def test_packages_that_everybody_can_have_stay_where_they_are_while_a_session_uses_them(
    kernels: Kernels, tmp_path: Path
) -> None:
    overlay = tmp_path / "overlays" / "numbers"
    overlay.mkdir(parents=True)
    assert kernels.belongings.lay_out("living", Material(path=(overlay,))).path == (overlay,)
    assert kernels.belongings.in_use() == {overlay}
    kernels.end("living")
    assert kernels.belongings.in_use() == set()
