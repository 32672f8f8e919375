"""What each kernel would do again, since it writes nothing that lasts: done once on a machine, outside of any fence."""

import contextlib
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from studiolo.config import Settings
from studiolo.processes import Processes, child_environment
from studiolo.runtimes import Archives, Runtimes

PROGRAM = "import studiolo.kernel.program, studiolo.kernel.spark, awsglue.context, matplotlib.pyplot"
"""Python compiles what it imports, and matplotlib looks for fonts and notes which there are."""

SECONDS = 120.0


def prepare(settings: Settings, processes: Processes) -> Iterator[str]:
    """Make what the first session would have to wait for, or do without; tells each thing before it is done.

    Raises JarsUnavailable, NotCompiled, NotMade and OSError.
    """
    runtimes = Runtimes(settings)
    runtime = runtimes.for_glue(runtimes.default_label()).runtime
    yield f"The jars of {runtime.name} are fetched, and our own classes compiled."
    runtimes.jars(runtime, connect=True)
    yield "Python's files are compiled, and the machine's fonts listed."
    font_lists(runtime.python, runtimes.packages)
    yield f"An archive of the classes of {runtime.name} is made: it takes half a minute or so, once on a machine."
    archives = Archives(processes, runtimes)
    try:
        archives.prepare(runtime)
    finally:
        archives.close()


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
