"""What sessions' Spark is told where the settings name a master that one has."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from studiolo.config import Settings
from studiolo.domain import Invalid
from studiolo.engine.plan import Plan, Plans
from studiolo.engine.size import Size
from studiolo.kernel.doors import closed
from studiolo.runtimes import Runtimes
from studiolo.server import CannotStart, serve

DOOR = "http://10.0.0.4:9000"
KUBERNETES = "k8s://https://10.0.0.7:6443"
IMAGE = "spark.kubernetes.container.image registry.example.org/spark-py:3.5\n"


def planned(folder: Path, master: str, conf: str = IMAGE, host: str = "10.0.0.4", **files: str) -> Plan:
    for name, text in {"spark-defaults.conf": conf, **files}.items():
        (folder / name).write_text(text)
    settings = Settings(data=folder, host=host, spark_master=master, spark_conf=folder)
    plans = Plans(SimpleNamespace(access=None), settings, DOOR)  # type: ignore[arg-type]
    asked = {"spark.driver.memory": "3g"}
    return plans.plan(Runtimes(settings).for_glue("5.1").runtime, Size(3, 2, 2048, 2, 4096), asked)


def test_executors_are_pods_of_the_image_that_find_driver_and_objects(tmp_path: Path) -> None:
    pods = "spark.kubernetes.namespace spark\nspark.kubernetes.authenticate.executor.serviceAccountName sessions\n"
    plan = planned(tmp_path, KUBERNETES, IMAGE + pods)
    wanted = {
        "spark.master": KUBERNETES,
        "spark.kubernetes.container.image": "registry.example.org/spark-py:3.5",
        "spark.kubernetes.namespace": "spark",
        "spark.kubernetes.authenticate.executor.serviceAccountName": "sessions",
        "spark.executor.instances": "3",
        "spark.executor.cores": "2",
        "spark.executor.memory": "2048m",
        "spark.driver.host": "10.0.0.4",
        "spark.hadoop.fs.s3a.endpoint": DOOR,
        "spark.hadoop.fs.s3a.aws.credentials.provider": "studiolo.RoleKeys",
    }
    assert {name: plan.conf[name] for name in wanted} == wanted
    assert "spark.cores.max" not in plan.conf
    assert plan.keys == f"{DOOR}/_studiolo/credentials"
    assert plan.executors_python == "python3"
    assert closed(plan.conf)["spark.authenticate"] == "true"


def test_what_is_asked_for_wins_over_the_site_s_and_that_over_ours(tmp_path: Path) -> None:
    site = "spark.driver.memory 5g\nspark.executor.memory=9g\nspark.pyspark.python ./e/bin/python\n"
    plan = planned(tmp_path, KUBERNETES, IMAGE + site)
    assert plan.conf["spark.driver.memory"] == "3g"
    assert plan.conf["spark.executor.memory"] == "9g"
    assert plan.executors_python == "./e/bin/python"


def test_yarn_is_known_by_hadoop_s_files_which_do_not_say_where_objects_are(tmp_path: Path) -> None:
    entry = "<property><name>{}</name><value>{}</value></property>"
    manager, store = entry.format("yarn.resourcemanager.hostname", "rm"), entry.format("fs.s3a.endpoint", "elsewhere")
    told = {"yarn-site.xml": f"<configuration>{manager}{store}</configuration>"}
    plan = planned(tmp_path, "yarn", "", "127.0.0.1", **told)
    assert plan.conf["spark.hadoop.yarn.resourcemanager.hostname"] == "rm"
    assert plan.conf["spark.hadoop.fs.s3a.endpoint"] == DOOR
    assert plan.conf["spark.yarn.isPython"] == "true"
    assert plan.executors_python == str(plan.runtime.python)


@pytest.mark.parametrize(
    ("master", "conf", "says"),
    [
        (KUBERNETES, "", "spark.kubernetes.container.image"),
        ("yarn", "", "yarn-site.xml"),
        ("spark://10.0.0.7:7077", "", "spark.authenticate.secret"),
    ],
)
def test_what_the_master_needs_and_is_not_there_is_said(tmp_path: Path, master: str, conf: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        planned(tmp_path, master, conf)


@pytest.mark.parametrize("master", [KUBERNETES, "spark://10.0.0.7:7077"])
def test_executors_elsewhere_need_an_address_of_ours(tmp_path: Path, master: str) -> None:
    with pytest.raises(CannotStart, match="STUDIOLO_SPARK_MASTER names another machine"):
        serve(Settings(data=tmp_path, spark_master=master))
