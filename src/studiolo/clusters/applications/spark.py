"""Spark: master, workers and history server are what every cluster is made of."""

from studiolo.clusters.applications.application import Application
from studiolo.runtimes import Release


class Spark(Application):
    name = "Spark"

    def version(self, release: Release) -> str:
        return release.runtime.pyspark


SPARK = Spark()
