"""The code of functions and layers: zips by their content, unpacked once, for all that use them."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from studiolo.archives import unpack_zip
from studiolo.domain import Invalid
from studiolo.functions.model import Code
from studiolo.processes import remove_left

MIB = 1024 * 1024
LARGEST_ZIP = 50 * MIB
LARGEST = 250 * MIB
"""Bytes of code, and of what it unpacks to with its layers."""


class CodeStore:
    """Code in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> Code:
        """Keep a zip. Raises Invalid for what is none, or unpacks to too much."""
        code = Code(hashlib.sha256(data).hexdigest(), len(data))
        if not self.folder(code).is_dir():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            zipped = self._folder / f"{uuid.uuid4().hex}.part"
            unpacked = zipped.with_suffix(".unpacked")
            try:
                zipped.write_bytes(data)
                try:
                    unpack_zip(zipped, unpacked, LARGEST)
                except Invalid as error:
                    raise Invalid(
                        f"Could not unzip uploaded file. Please check your file, then try to upload again. ({error})"
                    ) from error
                zipped.rename(self.zip(code))
                with suppress(FileExistsError, OSError):
                    unpacked.rename(self.folder(code))
            finally:
                zipped.unlink(missing_ok=True)
                remove_left(unpacked)
        return code

    def zip(self, code: Code) -> Path:
        return self._folder / f"{code.sha256}.zip"

    def folder(self, code: Code) -> Path:
        """Where it is unpacked."""
        return self._folder / code.sha256

    def merged(self, layers: Sequence[Code]) -> Path:
        """A folder of several layers, the later over the earlier; their files are shared, not copied."""
        name = hashlib.sha256("".join(layer.sha256 for layer in layers).encode()).hexdigest()[:40]
        folder = self._folder / f"layers-{name}"
        if not folder.is_dir():
            part = self._folder / f"{uuid.uuid4().hex}.part"
            for layer in layers:
                shutil.copytree(self.folder(layer), part, dirs_exist_ok=True, copy_function=_link)
            with suppress(OSError):
                part.rename(folder)
            remove_left(part)
        return folder

    def sweep(self, used: Collection[str]) -> None:
        """Remove all but the code of these digests, and folders of several layers, which are made anew."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.name.partition(".")[0] not in used and not path.name.startswith("layers-"):
                if path.is_dir():
                    remove_left(path)
                elif path.suffix == ".zip":
                    path.unlink(missing_ok=True)

    def empty(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _link(source: str, target: str) -> None:
    Path(target).unlink(missing_ok=True)
    os.link(source, target)
