"""What a step runs, by its jar and arguments, and why it failed, by its logs."""

import shlex

import pytest

from studiolo.clusters.failures import failure
from studiolo.clusters.programs import CannotRun, of_bootstrap, of_step, with_properties


def fetched(url: str) -> str:
    return f"/files/{url.rpartition('/')[2]}"


@pytest.mark.parametrize(
    ("jar", "main", "arguments", "program"),
    [
        ("command-runner.jar", None, ["spark-submit", "s3://b/x.py"], ["spark-submit", "s3://b/x.py"]),
        ("command-runner.jar", None, ["/usr/lib/spark/bin/run-example", "SparkPi"], ["run-example", "SparkPi"]),
        ("command-runner.jar", None, ["/usr/bin/tar", "-c"], ["/usr/bin/tar", "-c"]),
        ("/var/lib/aws/emr/command-runner.jar", None, ["bash", "-c", "ls"], ["bash", "-c", "ls"]),
        (
            "s3://eu-west-1.elasticmapreduce/libs/script-runner/script-runner.jar",
            None,
            ["s3://b/run.sh", "a"],
            ["/files/run.sh", "a"],
        ),
        ("s3://b/my.jar", "com.Main", ["x"], ["hadoop", "jar", "/files/my.jar", "com.Main", "x"]),
        ("/usr/lib/hadoop/hadoop-streaming.jar", None, ["-input", "x"], ["hadoop-streaming", "-input", "x"]),
    ],
)
def test_a_step_s_jar_names_its_program(jar: str, main: str | None, arguments: list[str], program: list[str]) -> None:
    assert of_step(jar, main, arguments, fetched) == program


@pytest.mark.parametrize("jar", ["command-runner.jar", "script-runner.jar"])
def test_a_runner_without_arguments_says_what_it_needs(jar: str) -> None:
    with pytest.raises(CannotRun, match="needs"):
        of_step(jar, None, [], fetched)


def test_run_if_runs_on_the_nodes_that_it_is_for() -> None:
    run_if, instance = "s3://eu-west-1.elasticmapreduce/bootstrap-actions/run-if", {"isMaster": True}
    command = ["instance.isMaster=true", "s3://b/master.sh", "x"]
    assert of_bootstrap(run_if, command, instance, fetched) == ["/files/master.sh", "x"]
    assert of_bootstrap(run_if, ["instance.isMaster=false", "s3://b/x.sh"], instance, fetched) == []
    line = ["bash", "-c", "echo running on master node"]
    assert of_bootstrap(run_if, ["instance.isMaster=true", line[-1]], instance, fetched) == line
    assert of_bootstrap("s3://b/run-if", ["x"], instance, fetched) == ["/files/run-if", "x"]


PYTHON = """Traceback (most recent call last):
  File "x.py", line 1, in <module>
ModuleNotFoundError: No module named 'nothere'
26/11/26 05:22:52 INFO ShutdownHookManager: Shutdown hook called"""

JAVA = """26/11/26 05:22:52 WARN Utils: something
Exception in thread "main" java.io.FileNotFoundException: No such file or directory: s3://b/x.py
\tat org.apache.hadoop.fs.s3a.S3AFileSystem.x(S3AFileSystem.java:1)
Caused by: java.lang.IllegalStateException: later"""

KILLED = """Exception in thread "main" java.lang.reflect.UndeclaredThrowableException
\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)
Caused by: org.apache.spark.SparkException: Application application_1_0003 is killed
\t... 6 more"""

SQL = """Time taken: 17.398 seconds
[TABLE_OR_VIEW_NOT_FOUND] The table or view `nope` cannot be found. Verify the spelling.
'Project [*]
+- 'UnresolvedRelation [nope], [], false
"""
BEELINE = """Error: Could not open client transport with JDBC Uri: jdbc:hive2://host:1: Connection refused
Cannot run commands specified using -e. No current connection
"""
YUM = "yum: install jq: not done here, the node is this machine\n"

TRINO = "Query 20261126_1_1_a failed: line 1:8: Column 'x' cannot be resolved\nLINE 1: select x\n               ^"


@pytest.mark.parametrize(
    ("logs", "reason", "message", "log"),
    [
        ([("stderr", PYTHON)], "Unknown Error.", "ModuleNotFoundError: No module named 'nothere'", "stderr"),
        ([("stderr", JAVA)], "Input path does not exist.", 'Exception in thread "main" java.io.FileNotFound', "stderr"),
        ([("stderr", KILLED)], "Unknown Error.", "Caused by: org.apache.spark.SparkException: Application", "stderr"),
        ([("stderr", TRINO)], "Unknown Error.", "Query 20261126_1_1_a failed: line 1:8: Column 'x' cannot", "stderr"),
        ([("stderr", ""), ("stdout", "it went wrong\n")], "Unknown Error.", "it went wrong", "stdout"),
        ([("stderr", "sh: nosuch: command not found\n")], "Command not found.", "sh: nosuch", "stderr"),
        (
            [("stderr", SQL)],
            "Unknown Error.",
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `nope` cannot be found",
            "stderr",
        ),
        ([("stderr", BEELINE)], "Unknown Error.", "Error: Could not open client transport", "stderr"),
        ([("stderr", YUM)], "Unknown Error.", "The program ended with exit status 7.", "stderr"),
        ([("stderr", "x: 1: exec: foo: not found\n")], "Command not found.", "x: 1: exec: foo", "stderr"),
        ([("stderr", ""), ("stdout", "")], "Unknown Error.", "The program ended with exit status 7.", "stderr"),
    ],
)
def test_a_failure_is_told_by_the_line_that_shows_it(
    logs: list[tuple[str, str]], reason: str, message: str, log: str
) -> None:
    found = failure(logs, 7)
    assert (found.reason, found.log) == (reason, log)
    assert found.message.startswith(message)


@pytest.mark.parametrize("status", [-9, 137])
def test_a_program_that_a_signal_ended_is_said_to_be_killed(status: int) -> None:
    assert failure([("stderr", "26/11/27 WARN as ever\n")], status).message == "The program was killed by SIGKILL."


def test_properties_of_a_step_are_java_s_beside_what_the_cluster_has() -> None:
    given = {"HADOOP_CLIENT_OPTS": "-Xmx1g"}
    told = with_properties(given, {"table": "two words", "day": "1"})["HADOOP_CLIENT_OPTS"]
    assert shlex.split(told) == ["-Xmx1g", "-Dtable=two words", "-Dday=1"]
