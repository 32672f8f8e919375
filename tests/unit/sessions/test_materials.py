"""How long the files that sessions brought along are kept."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from studiolo.sessions.kernels import Kernels
from studiolo.sessions.materials import Material, Materials


def test_files_go_when_no_living_session_has_them_and_none_asked_for_them_lately(
    kernels: Kernels, tmp_path: Path
) -> None:
    nothing: Any = SimpleNamespace()
    materials = Materials(tmp_path, nothing)
    old, jar, module, new = (tmp_path / "session-files" / name / "file" for name in ("old", "jar", "module", "new"))
    for file in (old, jar, module, new):
        file.parent.mkdir(parents=True)
        file.touch()
    for file in (old, jar, module):
        os.utime(file.parent, (0, 0))
    # The module is on the path by its folder, as sessions on Sail have it.
    kernels.lay_out("living", Material(jars=(jar,), path=(module.parent,)))

    materials.purge(kernels.material())
    assert [file.exists() for file in (old, jar, module, new)] == [False, True, True, True]

    kernels.end("living")
    materials.purge(kernels.material())
    assert [file.exists() for file in (jar, module, new)] == [False, False, True]
