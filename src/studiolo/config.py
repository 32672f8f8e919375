"""Every setting of Studiolo, in one place. Each can be given as an environment variable STUDIOLO_<NAME>."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from studiolo.domain import Scope

MIB = 1024 * 1024

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (these are no addresses to name)


def is_loopback(host: str) -> bool:
    """Whether the address, or name, is this machine's own."""
    return host.startswith(("127.", "localhost", "::1"))


def addresses(host: str) -> tuple[str, ...]:
    """Those of a server at that host: at 127.0.0.1, too, where programs of this machine look for it."""
    return (host,) if is_loopback(host) or host in EVERYWHERE else (host, "127.0.0.1")


class Settings(BaseSettings):
    """What a person may set; the defaults are what a laptop wants."""

    model_config = SettingsConfigDict(env_prefix="STUDIOLO_", frozen=True)

    data: Path = Field(default=Path("~/.studiolo"), description="Folder that holds everything: state, objects, logs.")
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    hosts: str = Field(
        default="", description="Further host names that requests may be for (with commas), as of a TLS proxy in front."
    )
    port: int = Field(default=4566, ge=0, le=65535, description="Port the server listens on; 0 takes a free one.")
    account_id: Annotated[str, Field(pattern=r"^\d{12}$", description="The AWS account that the root key is of.")] = (
        "000000000000"
    )
    region: str = Field(
        default="us-east-1", description="Region that `studiolo env` prints; any other of its partition works as well."
    )
    database_url: str | None = Field(
        default=None, description="SQLAlchemy URL of the state; SQLite in the data folder when not given."
    )
    max_body_mib: int = Field(default=64, ge=1, description="Largest request body outside S3, in MiB.")

    s3_endpoint: str | None = Field(
        default=None, description="URL of an S3 you already have; without it Studiolo runs SeaweedFS."
    )
    s3_access_key: str | None = Field(default=None, description="Access key of that S3.")
    s3_secret_key: SecretStr | None = Field(default=None, description="Secret key of that S3.")
    s3_workers: int = Field(default=1, ge=1, description="Processes of the S3 door, all at one port.")
    s3_direct: bool = Field(
        default=False,
        description="Whether Spark goes past the S3 door to an S3 of your own, with its key: no policy binds it then.",
    )
    store_memory_mib: int = Field(default=512, ge=64, description="Memory the object store aims to stay under, in MiB.")

    lake_strict: bool = Field(
        default=False,
        description="Whether locations that are registered with Lake Formation are closed to reads that it does not open, "
        "whatever IAM allows; data lake administrators may read them.",
    )

    java_home: Path | None = Field(default=None, description="Java 17 to use instead of the one installed by pip.")
    spark_master: Annotated[str, Field(pattern=r"^(local|yarn|(spark|k8s)://.+)$")] = Field(
        default="local",
        description="Spark's master: `local` (cores by the session's workers), spark://host:port, yarn, or "
        "k8s://https://host:port.",
    )
    spark_conf: Path | None = Field(
        default=None,
        description="Folder with the settings of that master: spark-defaults.conf; for YARN core-site.xml, hdfs-site.xml, "
        "yarn-site.xml; for Kubernetes kubeconfig.",
    )
    ray_address: Annotated[str, Field(pattern=r"^https?://[^/]+/?$")] | None = Field(
        default=None,
        description="URL of the dashboard of a Ray cluster on which training and processing jobs run, as "
        "http://10.0.0.5:8265.",
    )
    docker: str | None = Field(
        default=None,
        description="The program of a container engine, `docker` or one that takes its arguments as `podman`, which may "
        "run images that are nothing here: outside of the fence.",
    )
    cluster_strict: bool = Field(
        default=False,
        description="Whether what bootstrap actions and steps ask of a node that it does not do fails: package managers "
        "of the system, and versions of Python packages that cannot be installed.",
    )
    warm_sessions: int = Field(default=1, ge=0, description="Sessions kept ready, Spark already up.")

    serverless_idle_seconds: float = Field(
        default=300, gt=0, description="How long serverless endpoints and loaded models keep a process without calls."
    )

    allow_reset: bool = Field(default=False, description="Whether POST /_studiolo/reset may empty everything.")
    allow_remote: bool = Field(
        default=False, description="Whether the server may listen beyond this machine without TLS in front of it."
    )

    @property
    def host_names(self) -> list[str]:
        """The names of `hosts`."""
        return [name.strip() for name in self.hosts.split(",") if name.strip()]

    @property
    def partition(self) -> str:
        """The partition that the server is in."""
        return Scope(self.account_id, self.region).partition

    @property
    def ray_is_elsewhere(self) -> bool:
        """Whether the Ray cluster is known by another address than this machine's own."""
        return not is_loopback(urlsplit(self.ray_address or "").hostname or "localhost")

    @property
    def spark_is_elsewhere(self) -> bool:
        """Whether executors of the Spark master are surely not on this machine; YARN's may be anywhere."""
        kind, _, rest = self.spark_master.partition("://")
        # What is in a pod has a network of its own.
        return kind == "k8s" or (kind == "spark" and not is_loopback(rest))

    @property
    def meeting_host(self) -> str:
        """The address by which executors that are not in a driver reach it."""
        return "127.0.0.1" if self.host in EVERYWHERE else self.host

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data.expanduser().resolve()

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the state."""
        return self.database_url or f"sqlite:///{self.folder / 'state.db'}"
