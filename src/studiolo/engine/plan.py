"""What is decided before a kernel starts: its runtime, its size, and how its Spark reaches objects."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from studiolo.config import Settings
from studiolo.engine.drivers import check_options
from studiolo.engine.elsewhere import Elsewhere, executors
from studiolo.engine.formats import iceberg_defaults, with_formats
from studiolo.engine.size import Size
from studiolo.kernel.driver import LAUNCH
from studiolo.runtimes import Runtime
from studiolo.storage import Storage

CATALOG = "spark.sql.catalogImplementation"
METASTORE = "spark.hadoop.hive.metastore.uris"
WAREHOUSE = "spark.sql.warehouse.dir"


@dataclass(frozen=True)
class Plan:
    """What must be decided before a kernel starts: its runtime, its engine, Spark's settings, table formats.

    `connect` says whether it serves Spark Connect clients; on Sail, which reads no settings of Spark's, it does.
    `keys` is the URL at which executors on other machines are given the role's keys.
    """

    runtime: Runtime
    conf: Mapping[str, str]
    formats: tuple[str, ...] = ()
    connect: bool = False
    engine: Literal["spark", "sail"] = "spark"
    keys: str | None = None

    @property
    def on_yarn(self) -> bool:
        """Whether its executors are YARN's."""
        return self._master == "yarn"

    @property
    def executors_python(self) -> str:
        """The interpreter of its executors: that of `spark.pyspark.python`, else where they are elsewhere python3."""
        here = "python3" if self.keys is not None else str(self.runtime.python)
        return here if self.local else self.conf.get("spark.pyspark.python", here)

    @property
    def local(self) -> bool:
        """Whether Spark's executors are in its driver."""
        return self._master.startswith("local")

    @property
    def _master(self) -> str:
        """Sail has none, and is all in one process."""
        return self.conf.get("spark.master", "local")

    @property
    def launch(self) -> str:
        """The same for plans whose drivers are started alike, though their applications have other settings."""
        conf = {name: value for name, value in self.conf.items() if name.startswith((*LAUNCH, "spark.master"))}
        return replace(self, conf=conf).fingerprint

    @property
    def fingerprint(self) -> str:
        """The same for plans whose kernels can stand in for one another."""
        runtime = [self.runtime.name, str(self.runtime.python), str(self.runtime.java_home)]
        return hashlib.sha256(json.dumps([*runtime, dict(self.conf), self.formats]).encode()).hexdigest()


class Plans:
    """Makes the plans of one server's kernels."""

    def __init__(self, storage: Storage, settings: Settings, s3_endpoint: str) -> None:
        self._storage = storage
        self._settings = settings
        self._s3_endpoint = s3_endpoint
        self._there = Elsewhere.of(settings, s3_endpoint)

    def plan(
        self,
        runtime: Runtime,
        size: Size,
        conf: Mapping[str, str],
        formats: tuple[str, ...] = (),
        master: str | None = None,
    ) -> Plan:
        """The settings of a kernel of this size; `conf`, which is the user's, wins over ours. Raises Invalid.

        master: a Spark master of the session's own; else the one that the server's settings name.
        """
        check_options(conf)
        formats, conf = with_formats(runtime, formats, conf)
        there = self._there if master is None else None
        ours = {
            # Where Spark keeps its tables and objects is ours to say, whatever Hadoop has them elsewhere for.
            **(there.site.hadoop if there else {}),
            **runtime.conf,
            **_compute(size, master or self._settings.spark_master),
            "spark.app.name": "studiolo",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.port": "0",
            **self._object_store(there.s3_credentials(runtime.s3_credentials) if there else runtime.s3_credentials),
            **(there.driver(runtime.python) if there else {}),
        }
        keys = there.keys if there else None
        return Plan(runtime, {**ours, **iceberg_defaults(conf), **conf}, formats, keys=keys)

    def _object_store(self, provider: str) -> dict[str, str]:
        """How S3A reaches objects: by the door, with the keys that the session's role has at that moment."""
        if self._settings.s3_direct:
            access = self._storage.access
            endpoint = access.endpoint
            credentials = {
                "spark.hadoop.fs.s3a.access.key": access.access_key,
                "spark.hadoop.fs.s3a.secret.key": access.secret_key,
            }
        else:
            endpoint = self._s3_endpoint
            credentials = {"spark.hadoop.fs.s3a.aws.credentials.provider": provider}
        return {
            "spark.hadoop.fs.s3a.endpoint": endpoint,
            "spark.hadoop.fs.s3a.endpoint.region": self._settings.region,
            "spark.hadoop.fs.s3a.connection.ssl.enabled": str(endpoint.startswith("https:")).lower(),
            **credentials,
        }


def _compute(size: Size, master: str) -> dict[str, str]:
    # On one machine Spark takes the same parallelism untold, but code for Glue, which sets it, reads the setting.
    if master == "local":
        return {
            "spark.master": f"local[{size.cores}]",
            "spark.default.parallelism": str(size.cores),
            "spark.driver.memory": f"{size.heap}m",
        }
    return {
        **executors(master, size.executors, size.executor_cores, size.executor_heap),
        "spark.driver.memory": f"{min(size.heap, size.executor_heap)}m",
    }
