"""Configurations by classification: which are obeyed, and how; the rest is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studiolo.clusters.applications import APPLICATIONS, Daemon
from studiolo.kernel.classifications import exports, flattened, spark_settings

if TYPE_CHECKING:
    from studiolo.clusters.world import World

FORMATS = {"delta-defaults": "delta", "hudi-defaults": "hudi", "iceberg-defaults": "iceberg"}

DECOMMISSION_SECONDS = 3600
"""YARN's time for a node that is to go, on EMR."""


@dataclass(frozen=True)
class Configured:
    """What a cluster's applications and configurations come to.

    spark: settings for spark-defaults; exports: variables; formats: the table formats that it has at hand;
    properties: those of all classifications, by its name.
    """

    applications: tuple[str, ...] = ()
    spark: Mapping[str, str] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    properties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    decommission_seconds: int = DECOMMISSION_SECONDS

    @classmethod
    def of(cls, applications: Sequence[str], configurations: Sequence[Mapping[str, Any]]) -> "Configured":
        """The meaning of a request; of two that set the same the later one holds."""
        found = flattened(configurations)
        formats = [FORMATS[name] for name, values in found.items() if name in FORMATS and "true" in values.values()]
        formats += [name.lower() for name in applications if name in ("Delta", "Hudi", "Iceberg")]
        seconds = found.get("yarn-site", {}).get("yarn.resourcemanager.nodemanager-graceful-decommission-timeout-secs")
        return cls(
            applications=tuple(applications),
            spark=spark_settings(found),
            exports=exports(found),
            formats=tuple(sorted(set(formats))),
            properties=found,
            decommission_seconds=int(seconds) if seconds is not None and seconds.isdigit() else DECOMMISSION_SECONDS,
        )

    def daemons(self, world: "World") -> dict[str, Daemon]:
        """The daemons of the applications beside Spark's own, by name."""
        found = {name: APPLICATIONS[name].daemon(world) for name in self.applications}
        return {name: daemon for name, daemon in found.items() if daemon is not None}
