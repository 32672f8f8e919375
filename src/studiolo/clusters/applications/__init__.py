"""What an EMR cluster can have on it. One file each; APPLICATIONS lists them, by how RunJobFlow spells them."""

from collections.abc import Mapping

from studiolo.clusters.applications.application import Application, Daemon
from studiolo.clusters.applications.formats import DELTA, HUDI, ICEBERG
from studiolo.clusters.applications.gateway import JUPYTER_ENTERPRISE_GATEWAY
from studiolo.clusters.applications.hadoop import HADOOP
from studiolo.clusters.applications.hive import HIVE
from studiolo.clusters.applications.livy import LIVY, LivyServers
from studiolo.clusters.applications.spark import SPARK
from studiolo.clusters.applications.trino import TRINO

APPLICATIONS: Mapping[str, Application] = {
    app.name: app for app in (SPARK, HADOOP, HIVE, JUPYTER_ENTERPRISE_GATEWAY, LIVY, TRINO, DELTA, HUDI, ICEBERG)
}

__all__ = ["APPLICATIONS", "Application", "Daemon", "LivyServers"]
