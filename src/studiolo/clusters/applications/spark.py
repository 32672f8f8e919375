"""Spark: master, workers and history server are what every cluster is made of."""

from collections.abc import Mapping

from studiolo.clusters.applications.application import Application
from studiolo.runtimes import Release


class Spark(Application):
    name = "Spark"

    def version(self, release: Release) -> str:
        return release.runtime.pyspark

    def pages(self, host: str, ports: Mapping[str, int]) -> Mapping[str, str]:
        return {
            "Spark master": f"http://{host}:{ports['master_ui']}",
            "Spark history server": f"http://{host}:{ports['history']}",
        }


SPARK = Spark()
