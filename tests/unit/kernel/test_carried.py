"""What an application carries into its driver's folder."""

import os
import tarfile
import zipfile
from pathlib import Path

from studiolo.kernel.carried import carry


def test_files_lie_in_the_folder_and_archives_are_unpacked_by_their_names(tmp_path: Path) -> None:
    given, folder = tmp_path / "given", tmp_path / "work"
    (given / "bin").mkdir(parents=True)
    folder.mkdir()
    (given / "bin" / "tool").write_text("#!/bin/sh\necho here\n")
    (given / "bin" / "tool").chmod(0o755)
    (given / "bin" / "python").symlink_to("/usr/bin/env")
    with tarfile.open(tmp_path / "venv.tar.gz", "w:gz") as tar:
        tar.add(given / "bin", "bin")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.write(given / "bin" / "tool", "tool")
    (tmp_path / "a.json").write_text("{}")
    archives = f"{tmp_path}/venv.tar.gz#environment, file://{tmp_path}/data.zip"
    carry(f"{tmp_path}/a.json,{tmp_path}/a.json#b.json,{tmp_path}/none", archives, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["a.json", "b.json", "data.zip", "environment"]
    assert (folder / "environment" / "bin" / "python").readlink() == Path("/usr/bin/env")
    for tool in ("environment/bin/tool", "data.zip/tool"):
        assert os.access(folder / tool, os.X_OK)
