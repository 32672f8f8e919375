"""What each kernel would do again, since it writes nothing that lasts: done once on a machine, outside of any fence."""

import contextlib
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from studiolo.processes import child_environment

PROGRAM = "import studiolo.kernel.program, studiolo.kernel.spark, awsglue.context, matplotlib.pyplot"
"""Python compiles what it imports, and matplotlib looks for fonts and notes which there are."""

SECONDS = 120.0


@functools.cache
def font_lists(python: Path, packages: str) -> tuple[Path, ...]:
    """Matplotlib's notes of the machine's fonts, in the person's cache; none where they cannot be had."""
    if not (found := _kept()):
        # A kernel starts without it as well, and then looks for fonts itself.
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            environment = child_environment({"PYTHONPATH": packages, "MPLBACKEND": "agg"})
            subprocess.run([str(python), "-c", PROGRAM], env=environment, capture_output=True, timeout=SECONDS)
        found = _kept()
    return found


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
