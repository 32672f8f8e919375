"""What a cluster's classifications come to in Trino's files."""

import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studiolo.clusters.applications.trino import settings
from studiolo.clusters.configurations import Configured
from studiolo.clusters.world import Surroundings
from studiolo.runtimes.trino import unpack
from tests.unit.clusters.test_world import world

Settings = dict[str, dict[str, str]]


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """The files of a cluster that was told these properties, by classification."""

    def told(**classifications: dict[str, str]) -> Settings:
        found = [
            {"Classification": name.replace("_", "-"), "Properties": properties}
            for name, properties in classifications.items()
        ]
        plain = world(tmp_path)
        progress = replace(plain.cluster.progress, host="127.16.0.1", ports={"trino": 8889})
        around = Surroundings(tmp_path, tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2", 2, 8000)
        return settings(
            replace(
                plain,
                cluster=replace(plain.cluster, progress=progress),
                configured=Configured.of(["Trino"], found),
                around=around,
                metastore="thrift://127.0.0.1:3",
            )
        )

    return told


def test_the_catalogs_of_the_data_catalog_are_there_unasked_and_lead_to_the_doors(told: Any) -> None:
    files: Settings = told()
    catalogs = {name.removeprefix("catalog/"): file for name, file in files.items() if name.startswith("catalog/")}
    assert {name: file["connector.name"] for name, file in catalogs.items()} == {
        "delta": "delta_lake",
        "hive": "hive",
        "iceberg": "iceberg",
    }
    for file in catalogs.values():
        assert file["hive.metastore.uri"] == "thrift://127.0.0.1:3"
        assert file["s3.endpoint"] == "http://127.0.0.1:2"
        # The token itself would be in a file that steps read, and in Trino's log.
        assert file["hive.metastore.username"] == "${ENV:HADOOP_USER_NAME}"


def test_properties_are_obeyed_but_those_that_lead_elsewhere_or_ask_for_other_memory(told: Any) -> None:
    files: Settings = told(
        trino_config={
            "query.max-run-time": "7m",
            "http-server.http.port": "1",
            "node.bind-ip": "10.0.0.1",
            "query.max-memory-per-node": "50GB",
        },
        trino_connector_hive={
            "hive.metastore": "glue",
            "hive.metastore.glue.region": "eu-central-1",
            "hive.metastore-cache-ttl": "1m",
            "hive.s3.iam-role": "arn:aws:iam::1:role/other",
            "s3.endpoint": "http://elsewhere",
        },
        trino_log={"io.trino.execution": "DEBUG"},
    )
    config, hive = files["config"], files["catalog/hive"]
    assert config["query.max-run-time"] == "7m"
    assert (config["http-server.http.port"], config["node.bind-ip"]) == ("8889", "127.16.0.1")
    assert "query.max-memory-per-node" not in config
    assert hive["hive.metastore-cache-ttl"] == "1m"
    assert hive["s3.endpoint"] == "http://127.0.0.1:2"
    assert not hive.keys() & {"hive.metastore", "hive.metastore.glue.region", "hive.s3.iam-role"}
    assert files["log"]["io.trino.execution"] == "DEBUG"


def test_a_connector_that_is_named_is_a_catalog_and_one_that_is_not_here_is_none(told: Any) -> None:
    url = "jdbc:postgresql://127.0.0.1/air"
    files: Settings = told(
        trino_connector_postgresql={"connection-url": url}, trino_connector_kafka={"kafka.nodes": "a"}
    )
    assert files["catalog/postgresql"] == {"connector.name": "postgresql", "connection-url": url}
    assert "catalog/kafka" not in files


def test_of_trino_s_archive_the_plugins_that_are_used_are_kept_with_the_jars_that_they_share(tmp_path: Path) -> None:
    archive = tmp_path / "trino.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("lib/main.jar", "plugin/kafka/shared.jar", "plugin/kafka/kafka.jar", "bin/launcher"):
            member = tarfile.TarInfo(f"trino-server-1/{name}")
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
        link = tarfile.TarInfo("trino-server-1/plugin/hive/shared.jar")
        link.type, link.linkname = tarfile.LNKTYPE, "trino-server-1/plugin/kafka/shared.jar"
        tar.addfile(link)
    unpack(archive, tmp_path / "trino")
    files = sorted(str(file.relative_to(tmp_path / "trino")) for file in tmp_path.glob("trino/**/*.jar"))
    assert files == ["lib/main.jar", "plugin/hive/shared.jar"]
    assert (tmp_path / "trino/plugin/hive/shared.jar").read_text() == "plugin/kafka/shared.jar"
