"""Release labels and the runtimes behind them, read from `runtimes.json`.

A runtime's jars are exact Maven coordinates, the flat list of what Spark needs at hand: for Spark 3.5, S3A with the
hadoop-aws of pyspark's own Hadoop and the parts of the AWS SDK it uses, 9 MB instead of the SDK's 280; and what Glue has
ready besides: Spark's Avro and XML sources, Hive's JSON SerDe, and drivers of databases, in the versions of Glue 5.0.
"""

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from studiolo.config import Settings
from studiolo.domain import Invalid
from studiolo.runtimes.compiled import compiled
from studiolo.runtimes.jars import fetch_jars
from studiolo.runtimes.java import find_java


@dataclass(frozen=True)
class Runtime:
    """What a session of some release runs on: an interpreter with pyspark, a Java, Spark's base configuration.

    `sail` are the packages that a session has beside where it runs on Sail instead.
    """

    name: str
    python: Path
    pyspark: str
    spark_home: Path
    java_home: Path
    conf: Mapping[str, str]
    sail: tuple[str, ...]


class Runtimes:
    """The runtimes of this installation. Raises JavaMissing when there is no Java that fits."""

    def __init__(self, settings: Settings) -> None:
        self._table: dict[str, Any] = json.loads(files("studiolo.runtimes").joinpath("runtimes.json").read_text())
        self._jars = settings.folder / "jars"
        self._runtimes = {
            name: Runtime(
                name=name,
                python=Path(sys.executable),
                pyspark=entry["pyspark"],
                spark_home=_spark_home(),
                java_home=find_java(settings.java_home, entry["java"]),
                conf=entry["conf"],
                sail=tuple(entry["sail"]),
            )
            for name, entry in self._table["runtime"].items()
        }

    def default_label(self) -> str:
        """The Glue version of a session that names none."""
        label: str = self._table["glue"]["default"]
        return label

    def for_glue(self, version: str) -> Runtime:
        """The runtime of a Glue version, e.g. `5.0`. Raises Invalid for one that is not here, naming those that are."""
        labels: dict[str, str] = self._table["glue"]["labels"]
        if version not in labels:
            there = ", ".join(sorted(labels))
            raise Invalid(f"Glue version {version} is not available here; available are {there}.")
        return self._runtimes[labels[version]]

    def formats(self, runtime: Runtime) -> list[str]:
        """The table formats whose jars the runtime can add, e.g. `iceberg`."""
        return sorted(self._table["runtime"][runtime.name]["formats"])

    def jars(self, runtime: Runtime, *, connect: bool = False, formats: Collection[str] = ()) -> list[Path]:
        """The jars Spark needs beyond pyspark's own, fetched at first use. Raises JarsUnavailable and NotCompiled.

        `connect` adds those of a Spark Connect server, `formats` those of table formats. The first are our own.
        """
        entry = self._table["runtime"][runtime.name]
        sets = [entry["jars"], *([entry["connect"]] if connect else []), *(entry["formats"][name] for name in formats)]
        fetched = [jar for coordinates in sets for jar in sorted(fetch_jars(coordinates, self._jars).iterdir())]
        ours = [self.doors(runtime), *([self._connect_door(runtime)] if connect else [])]
        return [*ours, *fetched]

    def doors(self, runtime: Runtime) -> Path:
        """The jar of the doors of Spark's driver. Raises NotCompiled."""
        return self._compiled(runtime, ("UiDoor", "StreamDoor"), [])

    def _connect_door(self, runtime: Runtime) -> Path:
        server = fetch_jars(self._table["runtime"][runtime.name]["connect"], self._jars)
        return self._compiled(runtime, ("TokenCheck",), sorted(server.iterdir()))

    def _compiled(self, runtime: Runtime, names: Sequence[str], further: Sequence[Path]) -> Path:
        """The jar of these classes of our own, which know Spark's and further jars."""
        known = [*sorted(runtime.spark_home.glob("jars/*.jar")), *further]
        return compiled(names, self._table["runtime"][runtime.name]["servlet"], runtime.java_home, known, self._jars)


def _spark_home() -> Path:
    spark = find_spec("pyspark")
    assert spark is not None
    assert spark.origin is not None
    return Path(spark.origin).parent
