"""Release labels and the runtimes behind them, read from `runtimes.json`.

A runtime's jars are exact Maven coordinates, the flat list of what Spark needs at hand: S3A with the hadoop-aws of
pyspark's own Hadoop and the parts of the AWS SDK it uses, 9 and 18 MB instead of the SDK's 280 and 640; and what Glue has
ready besides: Spark's Avro and XML sources, Hive's JSON SerDe, and drivers of databases, in the versions of Glue 5.0.
Its Python packages are those of Studiolo's own environment, or of a lock in `locks`.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from studiolo.config import Settings
from studiolo.domain import Invalid
from studiolo.runtimes.alone import Stopped
from studiolo.runtimes.compiled import compiled
from studiolo.runtimes.environments import Environment, environments_folder
from studiolo.runtimes.jars import fetch_jars
from studiolo.runtimes.java import find_java, fit_for_spark_4
from studiolo.runtimes.packages import own_packages
from studiolo.runtimes.releases import Release
from studiolo.runtimes.runtime import Runtime
from studiolo.runtimes.uv import Say


class Runtimes:
    """The runtimes of this installation. Raises JavaMissing when there is no Java that fits."""

    def __init__(self, settings: Settings, environments: Path | None = None) -> None:
        self._table: dict[str, Any] = json.loads(files("studiolo.runtimes").joinpath("runtimes.json").read_text())
        self._settings = settings
        self._jars = settings.folder / "jars"
        self._environments = environments or environments_folder()
        self._known: dict[str, Runtime] = {}
        self.for_glue(self.default_label())

    @cached_property
    def packages(self) -> Path:
        """The folder of Studiolo's own packages, for the interpreters of runtimes."""
        return own_packages(self._settings.folder / "packages")

    @property
    def names(self) -> list[str]:
        """The runtimes, from the oldest Spark to the newest."""
        return list(self._table["runtime"])

    def runtime(self, name: str) -> Runtime:
        """Raises Invalid for a name that is none, JavaMissing where no Java fits it."""
        if name not in self._table["runtime"]:
            raise Invalid(f"There is no runtime {name}; there are {', '.join(self.names)}.")
        if name not in self._known:
            self._known[name] = self._runtime(name, self._table["runtime"][name])
        return self._known[name]

    def named(self, name: str) -> Runtime:
        """A runtime by its own name, or by a Glue version that runs on it. Raises Invalid."""
        return self.for_glue(name).runtime if name in self.glue_labels() else self.runtime(name)

    def _runtime(self, name: str, entry: Mapping[str, Any]) -> Runtime:
        java = find_java(self._settings.java_home, entry["java"])
        lock = Path(str(files("studiolo.runtimes"))) / "locks" / f"{name}.lock"
        pythons = tuple(entry.get("pythons", ()))
        return Runtime(
            name=name,
            pyspark=entry["pyspark"],
            scala=entry["scala"],
            java_home=fit_for_spark_4(java, self._settings.folder / "java") if entry["vector_module"] else java,
            java=java,
            java_options=tuple(entry["java_options"]),
            conf=entry["conf"],
            formats={form: jars[0].rpartition(":")[2] for form, jars in entry["formats"].items()},
            s3_credentials=entry["s3_credentials"],
            sail=tuple(entry["sail"]),
            environment=Environment.of(self._environments, name, lock, pythons) if pythons else None,
        )

    def default_label(self) -> str:
        """The Glue version of a session that names none."""
        label: str = self._table["glue"]["default"]
        return label

    def glue_labels(self) -> list[str]:
        """The Glue versions there are, the oldest first."""
        return list(self._table["glue"]["releases"])

    def emr_labels(self) -> list[str]:
        """The labels of EMR there are."""
        return list(self._table["emr"]["releases"])

    def for_glue(self, version: str) -> Release:
        """A Glue version, e.g. `5.0`. Raises Invalid for one that is not here, naming those that are."""
        if version not in self.glue_labels():
            raise Invalid(
                f"Glue version {version} is not available here; available are {', '.join(self.glue_labels())}."
            )
        return self._release("Glue", version, self._table["glue"]["releases"][version])

    def for_emr(self, label: str) -> Release:
        """A release label of EMR, e.g. `emr-spark-8.0.0`. Raises Invalid for one that is not here."""
        if label not in self.emr_labels():
            raise Invalid(f"EMR release {label} is not available here; available are {', '.join(self.emr_labels())}.")
        return self._release("EMR", label, self._table["emr"]["releases"][label])

    def for_processing(self, version: str) -> Release:
        """An image of SageMaker's for Spark by its version, e.g. `3.3`; the nearest newer one, else the newest, for others.

        Raises Invalid for what is no version.
        """
        entries = self._table["processing"]["releases"]
        if re.fullmatch(r"\d+\.\d+", version) is None:
            raise Invalid(f"The image for Spark has no version in its tag; there are {', '.join(entries)}.")
        near = next((label for label in entries if _order(label) >= _order(version)), list(entries)[-1])
        return self._release("SageMaker Spark", near, entries[near])

    def _release(self, service: str, label: str, entry: Mapping[str, Any]) -> Release:
        return Release.of(service, label, entry, self.runtime(entry["runtime"]), self._table["restored"])

    def make(self, runtime: Runtime, say: Say, stopped: Stopped = lambda: False) -> None:
        """Make the runtime's environment if it is not there. Raises EnvironmentUnavailable."""
        if runtime.environment is not None:
            runtime.environment.make(say, stopped)

    def jars(
        self, runtime: Runtime, *, connect: bool = False, formats: Collection[str] = (), beyond: bool = False
    ) -> list[Path]:
        """The jars Spark needs beyond pyspark's own, fetched at first use. Raises JarsUnavailable and NotCompiled.

        `connect` adds those of a Spark Connect server, `formats` those of table formats, `beyond` what drivers need whose
        executors are beyond this machine. The first are our own.
        """
        entry = self._table["runtime"][runtime.name]
        sets = [entry["jars"], *([entry["connect"]] if connect else []), *(entry["formats"][name] for name in formats)]
        fetched = [jar for coordinates in sets for jar in self._fetched(coordinates)]
        ours = [self.doors(runtime), *([self._connect_door(runtime)] if connect else [])]
        if "file_system" in entry:
            ours.append(self._compiled(runtime, entry["file_system"], self._fetched(entry["jars"])))
        if beyond:
            ours.append(self._compiled(runtime, (entry["role_keys"], "HadoopUser"), self._fetched(entry["jars"])))
        return [*ours, *fetched]

    def hadoop(self, runtime: Runtime) -> list[Path]:
        """The jars of HDFS's and YARN's daemons, beyond Spark's, fetched at first use; none where it has no Hadoop.

        The last one is our own, with what closes their ports. Raises JarsUnavailable and NotCompiled.
        """
        fetched = self._fetched(self._table["runtime"][runtime.name].get("hadoop", ()))
        return [*fetched, self._compiled(runtime, ("Asking", "PortDoor", "AnyUser"), fetched)] if fetched else []

    def doors(self, runtime: Runtime) -> Path:
        """The jar of the doors of Spark's driver, HiveServer2 and Trino, of drivers kept ready, and Spark's example.

        Raises NotCompiled.
        """
        names = ("UiDoor", "StreamDoor", "Asking", "ChannelDoor", "HivePassword", "Ready", "SparkPi")
        missing = self._table["runtime"][runtime.name].get("missing", ())
        return self._compiled(runtime, (*names, *missing), [])

    def _connect_door(self, runtime: Runtime) -> Path:
        return self._compiled(runtime, ("TokenCheck",), self._fetched(self._table["runtime"][runtime.name]["connect"]))

    def _compiled(self, runtime: Runtime, names: Sequence[str], further: Sequence[Path]) -> Path:
        """The jar of these classes of our own, which know Spark's and further jars."""
        known = [*sorted(runtime.spark_home.glob("jars/*.jar")), *further]
        servlet = self._table["runtime"][runtime.name]["servlet"]
        return compiled(names, servlet, runtime.java_home, known, self._jars)

    def _fetched(self, coordinates: Sequence[str]) -> list[Path]:
        return sorted(fetch_jars(coordinates, self._jars).iterdir()) if coordinates else []


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
