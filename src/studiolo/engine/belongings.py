"""What sessions brought along, where each session's kernel finds it."""

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

from studiolo.engine.materials import FILES, ROLE_OVERLAYS, Material


class Belongings:
    """The belongings of the kernels whose folders are in `root`, laid out from the data folder."""

    def __init__(self, data: Path, root: Path) -> None:
        self._of_roles = (data / FILES, data / ROLE_OVERLAYS)
        self._root = root

    def lay_out(self, kernel: str, material: Material) -> Material:
        """Put what the kernel's session brings along into the kernel's folder, before it starts or is claimed.

        What was fetched with a role's key is copied: no other session sees it, and none can change what the next one
        gets. The material as it lies there.
        """
        folder = self._root / kernel
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "work").mkdir(exist_ok=True, mode=0o700)
        for file in material.files:
            shutil.copyfile(file, folder / "work" / file.name)

        def laid(paths: tuple[Path, ...]) -> tuple[Path, ...]:
            return tuple(self._laid(folder / "material", path) for path in paths)

        material = replace(
            material, path=laid(material.path), py_files=laid(material.py_files), jars=laid(material.jars)
        )
        # Whole at once: another session that ends reads the notes of all meanwhile.
        part = self._note(kernel).with_suffix(".part")
        part.write_text(json.dumps({"path": material.path, "py_files": material.py_files}, default=str))
        part.rename(self._note(kernel))
        return material

    def _laid(self, folder: Path, path: Path) -> Path:
        """The path itself where all sessions may see it, else that of a copy in the folder."""
        kept = next((root for root in self._of_roles if path.is_relative_to(root)), None)
        if kept is None:
            return path
        copy = folder / path.relative_to(kept)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.is_dir():
            shutil.copytree(path, copy, dirs_exist_ok=True)
        else:
            shutil.copyfile(path, copy)
        return copy

    def laid_out(self, kernel: str) -> tuple[list[str], list[str]]:
        """The folders for Python's path, and the files for Spark's, of the kernel's session."""
        try:
            places = json.loads(self._note(kernel).read_text())
        except FileNotFoundError:
            return [], []
        return places["path"], places["py_files"]

    def in_use(self) -> set[Path]:
        """What the sessions that live use where it is kept."""
        used: set[Path] = set()
        for note in self._root.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):
                used.update(Path(path) for paths in json.loads(note.read_text()).values() for path in paths)
        return used

    def forget(self, kernel: str) -> None:
        """To be called when the kernel has ended."""
        self._note(kernel).unlink(missing_ok=True)

    def _note(self, kernel: str) -> Path:
        """Where it is noted what a kernel's session brought along: not where the session may write."""
        return self._root / f"{kernel}.json"
