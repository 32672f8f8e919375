"""Settings of a Spark master that one has, by the files that those who run it hand out: Spark's, Hadoop's, kubectl's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from studiolo.config import Settings, is_loopback
from studiolo.domain import Invalid
from studiolo.node.submit import properties

DEFAULTS, KUBECONFIG = "spark-defaults.conf", "kubeconfig"
HADOOP = ("core-site.xml", "hdfs-site.xml", "yarn-site.xml")
RESOURCE_MANAGER = "spark.hadoop.yarn.resourcemanager."
IMAGE = ("spark.kubernetes.container.image", "spark.kubernetes.executor.container.image")


@dataclass(frozen=True)
class Site:
    """Spark's settings of a master: `spark` are those of spark-defaults.conf, `hadoop` those of Hadoop's files."""

    spark: Mapping[str, str] = field(default_factory=dict)
    hadoop: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Site":
        """What the files of the folder say. Raises Invalid for what cannot be read, or is not there and must be."""
        site = cls() if settings.spark_conf is None else cls.read(settings.spark_conf)
        site.check(settings)
        return site

    @classmethod
    def read(cls, folder: Path) -> "Site":
        """Raises Invalid for what cannot be read."""
        if not folder.is_dir():
            raise Invalid(f"STUDIOLO_SPARK_CONF is to be a folder, and {folder} is none.")
        hadoop: dict[str, str] = {}
        try:
            for name in HADOOP:
                if (folder / name).exists():
                    hadoop |= {f"spark.hadoop.{key}": value for key, value in _hadoop(folder / name)}
            defaults = folder / DEFAULTS
            return cls(properties(defaults.read_text()) if defaults.exists() else {}, hadoop)
        except (OSError, ValueError, ElementTree.ParseError) as error:
            raise Invalid(f"A file of STUDIOLO_SPARK_CONF, {folder}, cannot be read: {error}") from error

    def check(self, settings: Settings) -> None:
        """Raises Invalid where the master needs a setting that is not there."""
        kind, found = settings.spark_master.partition(":")[0], f"{DEFAULTS} in the folder STUDIOLO_SPARK_CONF"
        open_to_all = self.spark.get("spark.authenticate") != "true"
        if kind == "spark" and not is_loopback(settings.meeting_host) and open_to_all:
            raise Invalid(
                f"Drivers at {settings.meeting_host} would run what anybody in the network sends them: give "
                f"spark.authenticate=true and spark.authenticate.secret, as your master and workers have them, by {found}."
            )
        if kind == "k8s" and not any(name in self.spark for name in IMAGE):
            raise Invalid(f"Kubernetes needs an image of Spark: give {IMAGE[0]} by {found}.")
        if kind == "yarn" and not any(name.startswith(RESOURCE_MANAGER) for name in self.hadoop):
            raise Invalid(
                "YARN's ResourceManager is not known: put its yarn-site.xml into the folder STUDIOLO_SPARK_CONF."
            )


def _hadoop(file: Path) -> list[tuple[str, str]]:
    entries = ElementTree.parse(file).getroot().iter("property")  # noqa: S314 (it is the person's own)
    return [(each.findtext("name", "").strip(), each.findtext("value", "").strip()) for each in entries]
