"""Hive, by Spark: its Thrift server speaks HiveServer2's protocol, and `hive` runs Spark SQL."""

from typing import TYPE_CHECKING

from studiolo.clusters.applications.application import Application, Daemon
from studiolo.runtimes import Release

if TYPE_CHECKING:
    from studiolo.clusters.hive_door import HiveDoors
    from studiolo.clusters.world import World

PASSWORD = "studiolo.HivePassword"  # noqa: S105 (a class)
SERVER = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"


class Hive(Application):
    name = "Hive"

    def version(self, release: Release) -> str | None:
        return HIVE_OF.get(release.runtime.name)

    def daemon(self, world: "World") -> Daemon:
        """It computes in itself, on the nodes' machine: executors of its own would hold the cluster's cores for ever.

        Its password is its door's.
        """
        host, port = world.cluster.progress.host, world.cluster.progress.ports["hive_server"]
        options = world.spark_conf()["spark.driver.extraJavaOptions"]
        settings = {
            "spark.app.name": "Thrift JDBC/ODBC Server",
            "spark.driver.memory": "1g",
            "spark.hadoop.hive.server2.thrift.bind.host": host,
            "spark.hadoop.hive.server2.thrift.port": str(port),
            "spark.hadoop.hive.server2.authentication": "CUSTOM",
            # That class is looked for in a configuration of Hive's own, which has what Java is told.
            "spark.driver.extraJavaOptions": f"{options} -Dhive.server2.custom.authentication.class={PASSWORD}",
        }
        words = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
        master = f"local[{max(1, world.around.machine_cores)}]"
        command = (str(world.own / "bin" / "spark-submit"), "--master", master, "--class", SERVER, *words)
        return Daemon((*command, "spark-internal"), port)


def serve(world: "World", doors: "HiveDoors") -> None:
    """Have a door before the cluster's HiveServer2, if it has one. Raises Conflict."""
    host, ports = world.cluster.progress.host, world.cluster.progress.ports
    if HIVE.name in world.configured.applications:
        doors.open(world.cluster.id, (host, ports["hive"]), (host, ports["hive_server"]), world.token)


HIVE_OF = {"spark-3.5": "2.3.9", "spark-4.0": "2.3.10", "spark-4.1": "2.3.10"}
"""The version of Hive that is in each runtime's Spark."""

HIVE = Hive()
