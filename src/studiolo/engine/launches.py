"""What a program in a container is told of Spark: that it can start a driver itself, as `studiolo.kernel.smspark` does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studiolo.domain import Scope
from studiolo.engine.drivers import driver_launch
from studiolo.engine.plan import CATALOG, METASTORE, WAREHOUSE
from studiolo.engine.provision import Surroundings
from studiolo.engine.size import this_machine, within
from studiolo.runtimes import Archives, Release


@dataclass(frozen=True)
class Launch:
    """`told` is `{"conf", "driver", "catalog"}`: settings, how a driver is started, those that lead to the Data Catalog.

    variables: those of the driver; seen: what it must see of the machine.
    """

    told: Mapping[str, Any]
    variables: Mapping[str, str]
    seen: tuple[Path, ...]


class Launches:
    """Says how Spark's drivers are started outside of the engine: with all cores of this machine in themselves."""

    def __init__(self, around: Surroundings, archives: Archives) -> None:
        self._around = around
        self._archives = archives

    def launch(self, scope: Scope, release: Release) -> Launch:
        """How a driver of the release is started. Raises JarsUnavailable and NotCompiled."""
        runtime, machine = release.runtime, this_machine()
        size = within(machine, 1, machine.cores, machine.memory)
        conf = self._around.plans.plan(runtime, size, release.conf, master="local").conf
        jars = self._around.runtimes.jars(runtime)
        archive = self._archives.find(runtime)
        metastore = self._around.metastore
        return Launch(
            told={
                # Its pages could be reached by nobody.
                "conf": {**conf, "spark.ui.enabled": "false"},
                "driver": driver_launch(runtime, conf, [str(jar) for jar in jars], archive),
                "catalog": {
                    CATALOG: "hive",
                    METASTORE: metastore.uri(scope),
                    WAREHOUSE: metastore.warehouse(scope),
                },
            },
            variables={
                "SPARK_USER": "hadoop",
                "JAVA_HOME": str(runtime.java_home),
                "SPARK_HOME": str(runtime.spark_home),
                "PYSPARK_PYTHON": str(runtime.python),
                "SPARK_LOCAL_IP": "127.0.0.1",
            },
            seen=(*runtime.seen, runtime.spark_home, *archive, *jars),
        )
