"""Spark's settings of drivers on a cluster's nodes, as its spark-defaults.conf has them."""

from typing import TYPE_CHECKING

from studiolo.clusters.applications import hadoop
from studiolo.engine.drivers import PATIENT
from studiolo.kernel.driver import sharing

if TYPE_CHECKING:
    from studiolo.clusters.world import World


def settings(world: "World") -> dict[str, str]:
    """Ours, the release's, then what the cluster's configurations say."""
    runtime, progress = world.release.runtime, world.cluster.progress
    workers, cores, memory = world.executors()
    temporary = world.own / "tmp"
    executor = [*(["-XX:+UseSerialGC"] if cores <= 2 else []), *PATIENT, *sharing(world.shared_classes)]
    plain = world.around.s3_endpoint.startswith("http:")
    ours = {
        # Of a master elsewhere it is all that its files say, but for what is ours to say.
        **{f"spark.hadoop.{name}": value for name, value in hadoop.file_system(world).items()},
        **runtime.conf,
        "spark.master": world.master_url,
        "spark.driver.host": progress.host,
        "spark.driver.bindAddress": progress.host,
        "spark.ui.port": str(progress.ports["driver_ui"]),
        "spark.ui.killEnabled": "false",
        "spark.authenticate": "true",
        "spark.authenticate.secret": world.secret,
        "spark.eventLog.enabled": "true",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": f"file:{world.own / 'events'}",
        "spark.executor.cores": str(cores),
        "spark.executor.memory": f"{memory}m",
        "spark.cores.max": str(cores * workers),
        "spark.default.parallelism": str(cores * workers * 2),
        "spark.decommission.enabled": "true",
        "spark.storage.decommission.enabled": "true",
        "spark.storage.decommission.shuffleBlocks.enabled": "true",
        "spark.jars.ivy": str(world.own / "home" / ".ivy2"),
        "spark.sql.warehouse.dir": world.warehouse,
        "spark.hadoop.hive.metastore.uris": world.metastore,
        "spark.hadoop.hadoop.tmp.dir": str(temporary),
        "spark.hadoop.hadoop.security.group.mapping": "org.apache.hadoop.security.NullGroupsMapping",
        "spark.hadoop.hive.exec.scratchdir": f"file:{temporary / 'hive'}",
        "spark.hadoop.hive.exec.local.scratchdir": str(temporary / "hive-local"),
        "spark.hadoop.hive.downloaded.resources.dir": str(temporary / "hive-resources"),
        "spark.hadoop.fs.s3a.endpoint": world.around.s3_endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": world.cluster.scope.region,
        "spark.hadoop.fs.s3a.connection.ssl.enabled": str(not plain).lower(),
        "spark.hadoop.fs.s3a.aws.credentials.provider": runtime.s3_credentials,
        **world.release.conf,
        **world.configured.spark,
    }
    driver = f"{world.java_properties} {ours.get('spark.driver.extraJavaOptions', '')}".strip()
    told = " ".join([*executor, ours.get("spark.executor.extraJavaOptions", "")]).strip()
    return {**ours, "spark.driver.extraJavaOptions": driver, "spark.executor.extraJavaOptions": told}
