"""Notebook-scoped libraries, as EMR has them: what a session's code installs, for itself and its executors.

sc.list_packages()
sc.install_pypi_package("celery==5.4.0")
sc.uninstall_package("celery")
"""

import importlib
import sys
import tarfile
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path

from pyspark import SparkContext

from studiolo.kernel.installing import Failed, Site

NAME = "libraries"


class NotInstalled(RuntimeError):
    """What the installer said, which is shown as it is."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Libraries:
    """Those of the session in `folder`, installed by the program `uv`."""

    def __init__(self, folder: Path, uv: str) -> None:
        self._folder = folder / NAME
        self._site = Site(str(self._folder), sys.executable, uv)
        self._sent = 0

    def offer(self) -> None:
        """Give Spark's contexts, also those to come, the methods that EMR's have."""

        def install_pypi_package(_context: SparkContext, package: str, pypi_repo: str | None = None) -> None:
            self._change(lambda: self._site.install([package], ["--index-url", pypi_repo] if pypi_repo else []))

        def uninstall_package(_context: SparkContext, package: str) -> None:
            self._change(lambda: self._site.uninstall([package]))

        for method in (install_pypi_package, uninstall_package, list_packages):
            setattr(SparkContext, method.__name__, method)

    def _change(self, change: Callable[[], Sequence[str]]) -> None:
        self._folder.mkdir(exist_ok=True)
        try:
            said = change()
        except Failed as error:
            raise NotInstalled(str(error)) from None
        for line in said:
            print(line)  # noqa: T201
        if str(self._folder) not in sys.path:
            sys.path.insert(0, str(self._folder))
        importlib.invalidate_caches()
        context = SparkContext._active_spark_context
        if context is not None:
            self._tell_executors(context)

    def _tell_executors(self, context: SparkContext) -> None:
        """From their next tasks on they look into the folder, or, where they are elsewhere, into an archive of it."""
        place = str(self._folder) if str(context.master).startswith("local") else self._sent_to(context)
        includes = context._python_includes
        assert includes is not None
        includes[:] = [each for each in includes if not Path(each).name.startswith(NAME)]
        includes.append(place)

    def _sent_to(self, context: SparkContext) -> str:
        self._sent += 1
        name = f"{NAME}-{self._sent}"
        archive = self._folder.with_name(f"{name}.tar")
        with tarfile.open(archive, "w") as tar:
            for entry in self._folder.iterdir():
                tar.add(entry, arcname=entry.name)
        context.addArchive(f"{archive}#{name}")
        return name


def list_packages(_context: SparkContext) -> None:
    """Print what there is, as pip does."""
    found = {one.name: one.version for one in reversed(list(distributions()))}
    width = max(map(len, found))
    print(f"{'Package':{width}} Version")  # noqa: T201
    print(f"{'-' * width} {'-' * 7}")  # noqa: T201
    for name, version in sorted(found.items(), key=lambda item: item[0].lower()):
        print(f"{name:{width}} {version}")  # noqa: T201
