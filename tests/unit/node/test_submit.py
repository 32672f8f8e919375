"""spark-submit's command line on a node: what is handed on, what is the cluster's own, what is refused."""

from dataclasses import replace

import pytest

from studiolo.kernel.installing import PINNED
from studiolo.node.commanding import on_disk
from studiolo.node.facts import Facts
from studiolo.node.pip import _taken_apart
from studiolo.node.submit import MAIN, Refused, launch, mebibytes, parsed, properties

FACTS = Facts(
    folder="/n",
    master="spark://127.16.0.1:7077",
    defaults="/n/etc/spark-defaults.conf",
    java="/java/bin/java",
    spark_home="/spark",
    jars=("/jars/a.jar",),
    java_options=(),
    archive="/a.jsa",
    python="/n/python",
    base_python="/python",
    site="/n/site",
    uv="/uv",
    worker_cores=4,
    worker_memory=12288,
    spark_environment={},
)


def submitted(line: str, defaults: dict[str, str] | None = None) -> list[str]:
    made = launch(parsed(line.split()), defaults or {"spark.executor.cores": "2"}, FACTS)
    return list(made.command[made.command.index(MAIN) + 1 :])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("s3://b/x.py a --b", "--master spark://127.16.0.1:7077 s3://b/x.py a --b"),
        ("--master yarn --deploy-mode cluster x.py", "--master spark://127.16.0.1:7077 x.py"),
        ("--master local[2] x.py", "--master local[2] x.py"),
        ("--class A --jars=j.jar x.jar", "--master spark://127.16.0.1:7077 --class A --jars j.jar x.jar"),
        ("--queue q --conf spark.master=yarn x.py", "--master spark://127.16.0.1:7077 x.py"),
    ],
)
def test_yarn_s_words_become_those_of_the_cluster(line: str, words: str) -> None:
    assert submitted(line) == words.split()


@pytest.mark.parametrize(
    ("mode", "carried"), [("cluster", ("s3://b/a.json", "s3://b/venv.tar.gz#environment")), ("client", ("", ""))]
)
def test_files_and_archives_are_in_the_driver_s_folder_in_deploy_mode_cluster(
    mode: str, carried: tuple[str, str]
) -> None:
    line = f"--deploy-mode {mode} --files s3://b/a.json --conf spark.archives=s3://b/venv.tar.gz#environment x.py"
    assert launch(parsed(line.split()), {"spark.files": "/of/the/cluster"}, FACTS).carried == carried


YARN = replace(FACTS, yarn={"spark.yarn.jars": "local:/spark/jars/*"})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x.py", "--master spark://127.16.0.1:7077 --proxy-user hadoop x.py"),
        ("--master local x.py", "--master local --proxy-user hadoop x.py"),
        ("--master yarn --queue q x.py", "--master yarn --deploy-mode client --queue q --proxy-user hadoop C x.py"),
        ("--deploy-mode cluster x.py", "--master yarn --deploy-mode cluster --proxy-user hadoop C x.py"),
        ("--master yarn-cluster x.py", "--master yarn --deploy-mode cluster --proxy-user hadoop C x.py"),
        ("--master yarn --proxy-user a x.py", "--master yarn --deploy-mode client --proxy-user a C x.py"),
    ],
)
def test_where_there_is_yarn_it_is_had_by_who_names_it_or_deploy_mode_cluster(line: str, words: str) -> None:
    conf = "--conf spark.yarn.jars=local:/spark/jars/*"
    made = launch(parsed(line.split()), {}, YARN).command
    assert " ".join(made[made.index(MAIN) + 1 :]) == words.replace("C ", f"{conf} ")


def test_executors_asked_for_are_so_many_cores() -> None:
    words = submitted("--num-executors 3 --executor-cores 4 x.py")
    assert "spark.cores.max=12" in words
    assert "spark.executor.instances=3" in words


def test_dynamic_allocation_needs_no_shuffle_service() -> None:
    words = submitted("--conf spark.dynamicAllocation.enabled=true x.py")
    assert "spark.dynamicAllocation.shuffleTracking.enabled=true" in words


@pytest.mark.parametrize("line", ["--executor-memory 20g x.py", "--executor-cores 8 x.py", "--conf a x.py", "--name"])
def test_what_no_node_can_give_is_refused(line: str) -> None:
    with pytest.raises(Refused):
        submitted(line)


def test_the_driver_s_memory_is_java_s_and_a_class_path_in_front_goes_without_an_archive() -> None:
    plain = launch(parsed(["--driver-memory", "3g", "x.py"]), {}, FACTS).command
    front = launch(parsed(["--driver-class-path", "/my.jar", "x.py"]), {}, FACTS).command
    assert "-Xmx3g" in plain
    assert "-XX:SharedArchiveFile=/a.jsa" in plain
    assert front[2].startswith("/my.jar:")
    assert "-XX:SharedArchiveFile=/a.jsa" not in front


def test_variables_of_the_application_master_are_the_driver_s() -> None:
    made = launch(parsed(["--conf", "spark.yarn.appMasterEnv.STAGE=test", "x.py"]), {}, FACTS)
    assert made.environment == {"STAGE": "test"}


@pytest.mark.parametrize(
    ("text", "mib"), [("2g", 2048), ("512m", 512), ("1024", 1024), ("1048576k", 1024), ("1gb", 1024)]
)
def test_memory_is_read_as_spark_reads_it(text: str, mib: int) -> None:
    assert mebibytes(text) == mib


def test_settings_are_apart_by_blanks_or_an_equals_sign() -> None:
    found = properties("# no\nspark.a  1 2\nspark.b=x=y\n\nspark.c k=v\n")
    assert found == {"spark.a": "1 2", "spark.b": "x=y", "spark.c": "k=v"}


def test_pip_s_words_are_uv_s() -> None:
    assert _taken_apart(["-U", "--user", "-r", "r.txt", "pandas==1.2.5", "--index-url", "x"]) == (
        ["-r", "r.txt", "pandas==1.2.5"],
        ["--index-url", "x"],
    )
    assert PINNED.sub(r"\g<name>\g<extras>>=\g<version>", "a[b]==1.0") == "a[b]>=1.0"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-files s3://b/m.py -input s3://b/in", "-fs file:/// -files s3://b/m.py -input s3://b/in"),
        (
            "-files m.py,hdfs:///c/r.py#r -input /in,hdfs:///more -output out",
            "-fs file:/// -files m.py,hdfs://n:1/c/r.py#r -input hdfs://n:1/in,hdfs://n:1/more -output hdfs://n:1/user/hadoop/out",
        ),
        ("-mapper cat -input /in -output s3://b/out", "-mapper cat -input /in -output s3://b/out"),
    ],
)
def test_a_streaming_job_with_files_has_them_on_the_disk_and_its_places_where_they_are(line: str, words: str) -> None:
    assert on_disk(line.split(), "hdfs://n:1") == words.split()
