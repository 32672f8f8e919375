"""Livy: its REST API at the cluster's address, for sessions whose executors are the cluster's."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from studiolo.clusters import elsewhere
from studiolo.clusters.applications.application import Application
from studiolo.runtimes import Release

if TYPE_CHECKING:
    from studiolo.clusters.model import Cluster
    from studiolo.clusters.world import World
    from studiolo.sparkui import Target

SETTINGS = (
    "spark.authenticate",
    "spark.authenticate.secret",
    "spark.cores.max",
    "spark.default.parallelism",
    "spark.executor.cores",
    "spark.executor.memory",
)
"""Of a cluster's settings those that its Livy sessions, whose drivers are outside of it, have too."""


class LivyServers(Protocol):
    """Who serves Livy for clusters."""

    def open(
        self,
        cluster: "Cluster",
        port: int,
        master: str | None,
        master_conf: Mapping[str, str],
        conf: Mapping[str, str],
        formats: tuple[str, ...],
    ) -> None:
        """Listen at the cluster's address; sessions are drivers of that master, and have settings for that, and others.

        master: None for the one that the server's settings name. formats: the table formats that they have at hand.

        Raises Conflict where the address is taken.
        """

    def target(self, cluster: "Cluster", application: str, role: str | None) -> "Target | None":
        """The session of the cluster, with that role of its own, whose Spark application that is; None where none's."""

    def active(self, cluster: "Cluster") -> int:
        """How many of its sessions and batches have not ended."""

    def close(self, cluster: str) -> None:
        """End it with its sessions; of a cluster without Livy there is nothing to do."""


class Livy(Application):
    name = "Livy"

    def version(self, release: Release) -> str | None:
        return "0.8.0-incubating"

    def pages(self, host: str, ports: Mapping[str, int]) -> Mapping[str, str]:
        return {"Livy": f"http://{host}:{ports['livy']}"}


def serve(world: "World", servers: LivyServers) -> None:
    """Have a Livy server for the cluster, if it is to have one."""
    if LIVY.name not in world.configured.applications:
        return
    port = world.cluster.progress.ports["livy"]
    formats = world.configured.formats
    if world.elsewhere is not None:
        servers.open(world.cluster, port, None, {}, elsewhere.of_sessions(world, world.elsewhere), formats)
    else:
        servers.open(world.cluster, port, world.master_url, settings(world), world.configured.spark, formats)


def settings(world: "World") -> dict[str, str]:
    """Spark's settings of drivers whose executors are the cluster's."""
    everything = world.spark_conf()
    return {name: everything[name] for name in SETTINGS if name in everything}


LIVY = Livy()
