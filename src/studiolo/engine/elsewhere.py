"""A Spark master that one has, which the settings name: what a driver of ours is told whose executors are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from studiolo.config import Settings, is_loopback
from studiolo.engine.far import CONFIG
from studiolo.engine.site import KUBECONFIG, Site
from studiolo.identity.environment import CREDENTIALS_PATH, KEYS_VARIABLE
from studiolo.kernel.doors import OWN_SECRET

ROLE_KEYS = "studiolo.RoleKeys"
"""The class by which S3A has keys of the role at an address that Java's SDK takes none from."""

ON_YARN = {
    "spark.yarn.isPython": "true",
    # Drivers' pages, which are on this machine alone, would send away who is not YARN's proxy.
    "spark.hadoop.yarn.web-proxy.address": "127.0.0.1:0",
}
"""The settings of drivers with YARN."""

INSTANCES = "spark.executor.instances"

PROOF_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
"""The variable that names a file of this machine with the token for a role's keys."""


@dataclass(frozen=True)
class Elsewhere:
    """The master; host: the address by which executors reach drivers; folder: of the files that came with the master.

    keys: the URL at which executors of other machines are given the role's keys; None where they are on this one.
    """

    master: str
    host: str
    site: Site
    folder: Path | None
    keys: str | None

    @classmethod
    def of(cls, settings: Settings, s3_endpoint: str) -> "Elsewhere | None":
        """None where executors are in drivers. Raises Invalid for what the settings lack."""
        site = Site.of(settings)
        if settings.spark_master == "local":
            return None
        host, folder = settings.meeting_host, settings.spark_conf
        keys = None if is_loopback(host) else f"{s3_endpoint}{CREDENTIALS_PATH}"
        return cls(settings.spark_master, host, site, folder and folder.resolve(), keys)

    @property
    def on_yarn(self) -> bool:
        return self.master == "yarn"

    @property
    def has_own_secret(self) -> bool:
        """Whether Spark makes a secret for each driver, rather than the master has one."""
        return OWN_SECRET.fullmatch(self.master) is not None

    def driver(self, python: Path) -> dict[str, str]:
        """The settings of a driver whose own interpreter that is."""
        return {
            "spark.driver.host": self.host,
            "spark.driver.bindAddress": self.host,
            "spark.pyspark.driver.python": str(python),
            **(ON_YARN if self.on_yarn else {}),
            **self.site.spark,
        }

    def hadoop(self, ours: Mapping[str, str]) -> dict[str, str]:
        """Hadoop's own settings, without those that our settings of Spark have."""
        prefix = "spark.hadoop."
        return {name.removeprefix(prefix): value for name, value in self.site.hadoop.items() if name not in ours}

    def s3_credentials(self, near: str) -> str:
        """The class by which S3A has keys; `near`: that for this machine."""
        return near if self.keys is None else ROLE_KEYS

    def variables(self) -> dict[str, str]:
        """Those of drivers beside what all have."""
        return {"KUBECONFIG": str(self.folder / KUBECONFIG)} if self.folder is not None else {}


def executors(master: str, number: int, cores: int, heap: int) -> dict[str, str]:
    """The settings of so many executors of a master that is not in the driver, each with cores and a heap in MiB."""
    together = str(cores * number)
    return {
        "spark.master": master,
        "spark.default.parallelism": together,
        "spark.executor.cores": str(cores),
        "spark.executor.memory": f"{heap}m",
        # Where each executor may write what it sends to S3: the driver's folder is not where they are.
        "spark.hadoop.fs.s3a.buffer.dir": "/tmp/hadoop-${user.name}/s3a",  # noqa: S108
        # A standalone master counts cores, the others executors.
        **({"spark.cores.max": together} if master.startswith("spark:") else {INSTANCES: str(number)}),
    }


def executor_variables(aws: Mapping[str, str], keys: str | None) -> dict[str, str]:
    """The settings that give executors a driver's variables for AWS; keys: where they are given the role's."""
    return {f"spark.executorEnv.{name}": value for name, value in worker_variables(aws, keys).items()}


def worker_variables(driver_s: Mapping[str, str], keys: str | None) -> dict[str, str]:
    """Of a driver's variables those that are its executors' too, as they are there."""
    there = {} if keys is None else {KEYS_VARIABLE: keys, "AWS_CONFIG_FILE": CONFIG}
    lost = (PROOF_FILE,) if keys is None else (PROOF_FILE, "PYTHONPATH")
    return {**{name: value for name, value in driver_s.items() if name not in lost}, **there}
