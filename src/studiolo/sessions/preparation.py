"""What kernels find prepared: Studiolo's own packages alone, and what each would do again, since it writes nothing that
lasts: done once on a machine, outside of any fence.
"""

import contextlib
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import studiolo
from studiolo.processes import child_environment

PROGRAM = "import studiolo.kernel.program, studiolo.kernel.spark, awsglue.context, matplotlib.pyplot"
"""Python compiles what it imports, and matplotlib looks for fonts and notes which there are."""

SECONDS = 120.0

OWN = ("studiolo", "awsglue", "awsgluedq", "awsglueml")


def own_packages(folder: Path) -> Path:
    """The folder, with Studiolo's own packages and none beside: links to where they are installed.

    The packages that lie around them are for the Python that Studiolo runs on, and a session may run on another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    installed = Path(studiolo.__file__).parents[1]
    for name in OWN:
        link, part = folder / name, folder / f"{name}.part"
        if not link.is_symlink() or link.readlink() != installed / name:
            part.unlink(missing_ok=True)
            part.symlink_to(installed / name)
            part.rename(link)
    return folder


@functools.cache
def font_lists(python: Path, packages: Path) -> tuple[Path, ...]:
    """Matplotlib's notes of the machine's fonts, in the person's cache; none where they cannot be had."""
    found = _kept()
    if not found or not _compiled(python, packages):
        # A kernel starts without it as well, and then looks for fonts itself.
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            environment = child_environment({"PYTHONPATH": str(packages), "MPLBACKEND": "agg"})
            subprocess.run([str(python), "-c", PROGRAM], env=environment, capture_output=True, timeout=SECONDS)
        found = _kept()
    return found


def _compiled(python: Path, packages: Path) -> bool:
    """Whether a Python that is not Studiolo's has imported the kernel's program before."""
    if python == Path(sys.executable):
        return True
    version = next(python.parent.parent.glob("lib/python3.*")).name.removeprefix("python").replace(".", "")
    return (packages / "studiolo" / "kernel" / "__pycache__" / f"program.cpython-{version}.pyc").exists()


def give_fonts(folder: Path, lists: tuple[Path, ...]) -> None:
    """Copy the notes to where a kernel's matplotlib has its cache."""
    folder.mkdir(exist_ok=True, mode=0o700)
    for file in lists:
        with contextlib.suppress(OSError):
            shutil.copyfile(file, folder / file.name)


def _kept() -> tuple[Path, ...]:
    if sys.platform == "linux":
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    else:
        cache = Path.home() / ".matplotlib"
    return tuple(cache.glob("fontlist-*.json"))
