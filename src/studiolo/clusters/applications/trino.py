"""Trino: its coordinator, which computes too, on the Data Catalog and S3 as the cluster's role.

Catalogs are `hive`, `iceberg` and `delta`, and those that a classification `trino-connector-NAME` asks for.
"""

import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.clusters.applications.application import Application, Daemon
from studiolo.runtimes import Release, trino
from studiolo.runtimes.trino import VERSION

if TYPE_CHECKING:
    from studiolo.clusters.world import World

SERVER = "io.trino.server.TrinoServer"
PLACE = "etc/trino"

PLUGINS = {
    "blackhole": "blackhole", "delta": "delta-lake", "hive": "hive", "iceberg": "iceberg", "jmx": "jmx",
    "memory": "memory", "mysql": "mysql", "postgresql": "postgresql", "redshift": "redshift", "tpcds": "tpcds",
    "tpch": "tpch",
}  # fmt: skip
"""The plugin's folder of each connector that a classification `trino-connector-…` can ask for."""

ON_CATALOG = ("hive", "iceberg", "delta")
"""The catalogs that are always there: the tables of the Data Catalog."""

DECIDED = (
    "catalog.", "coordinator", "discovery.uri", "http-server.http.enabled", "http-server.http.port",
    "http-server.log.path",
    "memory.heap-headroom-per-node", "node.", "node-scheduler.include-coordinator", "plugin.dir",
    "query.max-memory-per-node", "query.max-total-memory-per-node",
)  # fmt: skip
"""Properties of `trino-config` that are decided here: addresses, folders, memory. A period ends a beginning."""

LED_HERE = (
    "connector.name", "fs.hadoop.enabled", "fs.native-s3.enabled", "hive.config.resources", "hive.metastore",
    "hive.metastore.", "hive.s3.", "hive.s3-file-system-type", "iceberg.catalog.type", "s3.",
)  # fmt: skip
"""Those of `trino-connector-…` that say where the Data Catalog and S3 are, and as whom they are asked."""

JAVA_OPTIONS = (
    "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-XX:-OmitStackTraceInFastThrow", "-XX:ReservedCodeCacheSize=256M",
    "-XX:PerMethodRecompilationCutoff=10000", "-XX:PerBytecodeRecompilationCutoff=10000", "-XX:-UsePerfData",
    "-XX:+EnableDynamicAgentLoading", "-Djdk.attach.allowAttachSelf=true", "-Djdk.nio.maxCachedBufferSize=2000000",
    "-Dfile.encoding=UTF-8", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
)  # fmt: skip
"""Those of Trino's manual ("Deploying Trino", JVM config), with a smaller cache of code."""

DOOR = (
    "-Djava.nio.channels.spi.SelectorProvider=studiolo.ChannelDoor",
    "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
)
"""Trino asks no password, and acts as the cluster's role: who may not do so is told, and let go."""

LEAST_HEAP = 1200
"""MiB: with less, Trino's own share leaves queries nothing."""


class TrinoApplication(Application):
    name = "Trino"

    def version(self, release: Release) -> str | None:
        return None if release.label.startswith("emr-spark") else VERSION

    def prepare(self, say: Callable[[str], object], stopped: Callable[[], bool]) -> None:
        trino().environment.make(say, stopped)

    def seen(self) -> tuple[Path, ...]:
        return (trino().folder,)

    def lay_out(self, world: "World") -> None:
        files = settings(world)
        for folder in ("catalog", "plugin"):
            (world.own / PLACE / folder).mkdir(parents=True, exist_ok=True)
        for name, properties in files.items():
            # A line each, whatever is in it.
            lines = [" ".join(f"{key}={value}".splitlines()) for key, value in properties.items()]
            world.write(f"{PLACE}/{name}.properties", "".join(f"{line}\n" for line in lines))
        catalogs = [name.removeprefix("catalog/") for name in files if name.startswith("catalog/")]
        # Each that is there costs time at every start.
        for plugin in ("geospatial", *(PLUGINS[catalog] for catalog in catalogs)):
            link = world.own / PLACE / "plugin" / plugin
            link.unlink(missing_ok=True)
            link.symlink_to(trino().plugins / plugin)
        options = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xmx256m -Duser.name=hadoop"
        # It would warn of what it does itself, and of that nobody types in a step.
        options += " --enable-native-access=ALL-UNNAMED -Dorg.jline.terminal.dumb=true"
        program = f'{trino().java} {options} -Duser.home="$HOME" -jar {trino().cli}'
        for command in ("trino", "trino-cli"):
            world.script(command, f'exec {program} --server {shlex.quote(url(world))} "$@"')

    def daemon(self, world: "World") -> Daemon:
        place = world.own / PLACE
        options = [
            *JAVA_OPTIONS,
            f"-Xmx{heap(world.around.machine_memory)}m",
            f"-Djava.io.tmpdir={world.own / 'tmp'}",
            f"-Duser.home={world.own / 'home'}",
            f"-Dconfig={place / 'config.properties'}",
            f"-Dlog.levels-file={place / 'log.properties'}",
        ]
        options += (*DOOR, world.admission)
        path = f"{trino().libraries}/*{os.pathsep}{world.jars[0]}"
        command = (str(trino().java), *options, "-cp", path, SERVER)
        return Daemon(command, world.cluster.progress.ports["trino"], answer=("/v1/info", '"starting":false'))


def heap(machine_memory: int) -> int:
    """The heap of Trino's process by the machine's memory, both in MiB."""
    return max(LEAST_HEAP, machine_memory // 8)


def url(world: "World") -> str:
    return f"http://{world.cluster.progress.host}:{world.cluster.progress.ports['trino']}"


def settings(world: "World") -> dict[str, Mapping[str, str]]:
    """Trino's files of properties, by name: what the cluster's classifications say, and what is decided here."""
    found = world.configured.properties
    catalogs = [
        *ON_CATALOG,
        *(name for name in PLUGINS if f"trino-connector-{name}" in found and name not in ON_CATALOG),
    ]
    return {
        "config": {**_without(found.get("trino-config", {}), DECIDED), **_config(world)},
        # What it would say of its properties at the start has the cluster's token.
        "log": {**found.get("trino-log", {}), "io.airlift.bootstrap": "WARN", "Bootstrap": "WARN"},
        **{f"catalog/{name}": _catalog(world, name, found.get(f"trino-connector-{name}", {})) for name in catalogs},
    }


def _config(world: "World") -> dict[str, str]:
    host, place = world.cluster.progress.host, world.own / PLACE
    return {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": str(world.cluster.progress.ports["trino"]),
        "http-server.log.path": str(world.own / "mnt" / "var" / "log" / "trino" / "http-request.log"),
        "discovery.uri": url(world),
        "node.environment": "emr",
        "node.id": world.cluster.id,
        "node.internal-address": host,
        "node.bind-ip": host,
        "catalog.config-dir": str(place / "catalog"),
        "plugin.dir": str(place / "plugin"),
    }


def _catalog(world: "World", name: str, told: Mapping[str, str]) -> dict[str, str]:
    if name not in ON_CATALOG:
        return {"connector.name": name, **told}
    ours = {
        "connector.name": "delta_lake" if name == "delta" else name,
        "hive.metastore.uri": world.metastore,
        # By this variable the cluster proves to the metastore who asks.
        "hive.metastore.username": "${ENV:HADOOP_USER_NAME}",
        "fs.native-s3.enabled": "true",
        "s3.endpoint": world.around.s3_endpoint,
        "s3.region": world.cluster.scope.region,
        "s3.path-style-access": "true",
    }
    if name == "hive":
        ours["hive.non-managed-table-writes-enabled"] = "true"
        # The role that EMR has by default may not write them.
        ours["hive.collect-column-statistics-on-write"] = "false"
    if name == "iceberg":
        ours["iceberg.catalog.type"] = "hive_metastore"
    return {**ours, **_without(told, LED_HERE)}


def _without(told: Mapping[str, str], beginnings: tuple[str, ...]) -> dict[str, str]:
    """What was told, without the properties of these names; a name that ends with a period stands for all below it."""
    return {
        key: value
        for key, value in told.items()
        if not any(key == each or (each.endswith(".") and key.startswith(each)) for each in beginnings)
    }


TRINO = TrinoApplication()
