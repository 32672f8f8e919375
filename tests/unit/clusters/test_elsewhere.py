"""The spark-submit of a cluster's step whose executors are at a master that the settings name."""

import json
from datetime import datetime, timezone
from pathlib import Path

from studiolo.clusters.configurations import Configured
from studiolo.clusters.elsewhere import PLACE
from studiolo.clusters.model import (
    STARTING,
    Cluster,
    ClusterRequest,
    Group,
    Instance,
    Progress,
    Settings,
)
from studiolo.clusters.world import Surroundings, World
from studiolo.config import Settings as ServerSettings
from studiolo.domain import Scope
from studiolo.engine.elsewhere import Elsewhere
from studiolo.engine.far import KEYS
from studiolo.node.facts import Facts
from studiolo.node.submit import MAIN, launch, parsed, properties
from studiolo.runtimes import Runtimes

DOOR, MASTER = "http://10.0.0.4:9000", "k8s://https://10.0.0.7:6443"
SITE = """\
spark.kubernetes.container.image registry.example.org/spark-py:3.5
spark.kubernetes.namespace spark
spark.kubernetes.authenticate.executor.serviceAccountName steps
spark.executor.memory 2g
"""


def laid_out(folder: Path) -> World:
    """A cluster of two nodes that compute, on Kubernetes."""
    (folder / "site").mkdir()
    (folder / "site" / "spark-defaults.conf").write_text(SITE)
    (folder / "site" / "kubeconfig").touch()
    told = ServerSettings(data=folder, host="10.0.0.4", spark_master=MASTER, spark_conf=folder / "site")
    groups = (
        Group("ig-1", "Master", "MASTER", 1, {"m5.xlarge": 1}),
        Group("ig-2", "Core", "CORE", 2, {"m5.xlarge": 1}),
    )
    master = Instance("ci-1", "i-1", "ig-1", "m5.xlarge", None, "127.16.0.1", "RUNNING", 0.0)
    names = ("master", "master_ui", "driver_ui", "history", "livy", "hive", "trino")
    ports = {name: 7000 + number for number, name in enumerate(names)}
    cluster = Cluster(
        "j-1",
        Scope("000000000000", "eu-central-1"),
        STARTING,
        datetime.now(timezone.utc),
        ClusterRequest("one", "emr-7.10.0", "profile", "role", "service"),
        Settings(),
        Progress(groups=groups, instances=(master,), host="127.16.0.1", ports=ports),
    )
    around = Surroundings(
        data=folder,
        packages=folder / "packages",
        endpoint="http://10.0.0.4:8080",
        s3_endpoint=DOOR,
        machine_cores=8,
        machine_memory=64 * 1024,
        elsewhere=Elsewhere.of(told, DOOR),
    )
    world = World(
        cluster=cluster,
        folder=folder / "cluster",
        release=Runtimes(told).for_emr("emr-7.10.0"),
        jars=(Path("/jars/ours.jar"), Path("/jars/s3a.jar")),
        archive=(),
        configured=Configured.of(("Spark",), ()),
        around=around,
        token="proof",
        metastore_token="named",
        metastore="thrift://127.0.0.1:9083",
        warehouse="s3://lake/",
        secret="of the daemons",
    )
    world.lay_out_files()
    return world


def test_a_step_on_kubernetes_hands_executors_jars_keys_and_the_place_of_its_driver(tmp_path: Path) -> None:
    world = laid_out(tmp_path)
    values = json.loads((world.own / "facts.json").read_text())
    facts = Facts(**{**values, "jars": tuple(values["jars"]), "java_options": tuple(values["java_options"])})
    told = properties(Path(facts.elsewhere).read_text())
    assert facts.elsewhere == str(world.own / PLACE)
    line = "--deploy-mode cluster --num-executors 3 --executor-cores 2 --jars s3://code/a.jar s3://code/x.py one"
    made = launch(parsed(line.split()), told, facts)
    words = made.command[made.command.index(MAIN) + 1 :]
    assert " ".join(words) == (
        f"--master {MASTER} --executor-cores 2 --jars /jars/ours.jar,/jars/s3a.jar,s3://code/a.jar "
        "--conf spark.cores.max=6 --conf spark.executor.instances=3 s3://code/x.py one"
    )
    kubernetes = properties(SITE)
    variables = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{DOOR}/_studiolo/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "proof",
        "AWS_CONFIG_FILE": "far_keys.ini",
        "AWS_ENDPOINT_URL": "http://10.0.0.4:8080",
        "AWS_ENDPOINT_URL_S3": DOOR,
    }
    wanted = {
        **kubernetes,
        **{f"spark.executorEnv.{name}": value for name, value in variables.items()},
        "spark.master": MASTER,
        "spark.authenticate": "true",
        "spark.executor.instances": "2",
        "spark.driver.host": "10.0.0.4",
        "spark.driver.bindAddress": "10.0.0.4",
        "spark.jars": "/jars/ours.jar,/jars/s3a.jar",
        "spark.files": f"{world.own}/etc/far_keys.ini,{KEYS}",
        "spark.extraListeners": "studiolo.StreamDoor",
        "spark.hadoop.fs.s3a.endpoint": DOOR,
        "spark.hadoop.fs.s3a.aws.credentials.provider": "studiolo.RoleKeys",
        "spark.hadoop.hive.metastore.uris": "thrift://127.0.0.1:9083",
    }
    assert {name: told.get(name) for name in wanted} == wanted
    assert "spark.authenticate.secret" not in told
    environment = world.environment()
    assert environment["KUBECONFIG"] == str(tmp_path / "site" / "kubeconfig")
    assert environment["PYSPARK_PYTHON"] == "python3"
