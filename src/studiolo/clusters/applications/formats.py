"""Table formats: their jars are on every node's class path, their SQL is Spark's."""

from studiolo.clusters.applications.application import Application
from studiolo.runtimes import Release


class Format(Application):
    def __init__(self, name: str) -> None:
        self.name = name
        self.format = name.lower()

    def version(self, release: Release) -> str | None:
        return release.runtime.formats.get(self.name.lower())


DELTA, HUDI, ICEBERG = Format("Delta"), Format("Hudi"), Format("Iceberg")
