"""EMR's configurations by classification, as Spark's settings and variables: for clusters, and in containers."""

from collections.abc import Iterable, Mapping
from typing import Any

HADOOP = ("core-site", "hdfs-site", "emrfs-site", "mapred-site", "yarn-site")
"""Classifications whose properties are Hadoop's settings."""

HIVE = ("hive-site", "spark-hive-site")
ENVIRONMENTS = ("spark-env", "hadoop-env", "yarn-env")

CLIENT_FACTORY = "hive.metastore.client.factory.class"
"""It leads to the Data Catalog on AWS; here nothing leads elsewhere."""

DECIDED = ("spark.master", "spark.submit.deployMode", "spark.driver.memory")
"""Settings that are decided here: on one machine the driver computes too, with the memory of all."""


def flattened(configurations: Iterable[Mapping[str, Any]], prefix: str = "") -> dict[str, dict[str, str]]:
    """The properties by classification, of two that set the same the later; one within another is `outer.inner`."""
    merged: dict[str, dict[str, str]] = {}
    for entry in configurations:
        name = f"{prefix}{entry.get('Classification', '')}"
        merged.setdefault(name, {}).update(entry.get("Properties") or {})
        for inner, values in flattened(entry.get("Configurations") or (), f"{name}.").items():
            merged.setdefault(inner, {}).update(values)
    return merged


def spark_settings(found: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Spark's settings among the properties: those of Hadoop and Hive, then spark-defaults."""
    hadoop = {
        f"spark.hadoop.{key}": value
        for name in (*HADOOP, *HIVE)
        for key, value in found.get(name, {}).items()
        if key != CLIENT_FACTORY
    }
    return {**hadoop, **found.get("spark-defaults", {})}


def exports(found: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The variables that the properties set."""
    return {key: value for name in ENVIRONMENTS for key, value in found.get(f"{name}.export", {}).items()}
