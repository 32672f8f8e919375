"""Hadoop: its client, with `hadoop fs` and `hdfs dfs` on S3 and on the cluster's own disk; no HDFS, no YARN yet."""

from studiolo.clusters.applications.application import Application
from studiolo.runtimes import Release


class Hadoop(Application):
    name = "Hadoop"

    def version(self, release: Release) -> str | None:
        return HADOOP_OF.get(release.runtime.name)


HADOOP_OF = {"spark-3.5": "3.3.4", "spark-4.0": "3.4.1", "spark-4.1": "3.4.2"}
"""The version of the Hadoop client that comes with each runtime's Spark."""

HADOOP = Hadoop()
