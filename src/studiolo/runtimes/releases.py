"""What a release label of AWS means: the software that it has there, and which runtime stands in for it here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studiolo.runtimes.runtime import Runtime


@dataclass(frozen=True)
class Release:
    """A release of a service, e.g. Glue's 3.0. `spark`, `python`, `scala` and `formats` are the versions on AWS.

    `conf` are the settings by which Spark here behaves as that release's, where Spark has a switch for what it changed.
    """

    service: str
    label: str
    runtime: Runtime
    spark: str
    python: str
    scala: str
    formats: Mapping[str, str]
    conf: Mapping[str, str]

    @classmethod
    def of(
        cls, service: str, label: str, entry: Mapping[str, Any], runtime: Runtime, before: Mapping[str, Any]
    ) -> "Release":
        """By its entry in the table; `before` has the settings that restore what each version of Spark changed."""
        conf: dict[str, str] = {}
        for version, settings in before.items():
            if _order(entry["spark"]) < _order(version) <= _order(runtime.pyspark):
                conf |= settings
        return cls(
            service=service,
            label=label,
            runtime=runtime,
            spark=entry["spark"],
            python=entry["python"],
            scala=entry["scala"],
            formats=entry["formats"],
            conf={**conf, **entry.get("conf", {})},
        )

    @property
    def notice(self) -> str:
        """What a session of the release runs on, and what is known to differ from AWS, in one line."""
        runtime = self.runtime
        told = (
            f"{self.service} {self.label} is Spark {self.spark}, Scala {self.scala}, Python {self.python} on AWS; "
            f"here it is Spark {runtime.pyspark}, Scala {runtime.scala}, Python {runtime.python_version}."
        )
        if self.conf:
            told += (
                f" {len(self.conf)} settings restore what later versions of Spark changed; "
                f"what has no such setting is as in Spark {runtime.pyspark}."
            )
        if absent := sorted(set(self.formats) - set(runtime.formats)):
            told += f" Not here: {', '.join(absent)}."
        return told


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
