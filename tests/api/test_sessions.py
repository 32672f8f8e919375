"""Glue interactive sessions through boto3: real Spark, one session for most of the file."""

import textwrap
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import botocore.exceptions
import pytest

from tests import conftest
from tests.waiting import until

COMMAND = {"Name": "glueetl", "PythonVersion": "3"}
OVER = ("AVAILABLE", "ERROR", "CANCELLED")
LATEST = conftest.glue_version or "5.1"
"""The Glue version of a session that asks for none."""


def create(glue: Any, role: str, **asked: Any) -> str:
    """A session that is READY; its id."""
    session = f"session-{uuid.uuid4().hex[:8]}"
    glue.create_session(Id=session, Role=role, Command=COMMAND, **asked)
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] != "PROVISIONING")
    found = glue.get_session(Id=session)["Session"]
    assert found["Status"] == "READY", found.get("ErrorMessage")
    return session


CROSSING = """
import pathlib, tempfile, threading
import pandas as pd
from pyspark import SparkFiles
from pyspark.sql.functions import pandas_udf
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "shipped.py").write_text("def plus(number): return number + 10")
(folder / "shipped.txt").write_text("shown")
sc.addPyFile(str(folder / "shipped.py"))
sc.addFile(str(folder / "shipped.txt"))
values, total = sc.broadcast({1: 1, 2: 2}), sc.accumulator(0)
def used(number):
    import shipped
    total.add(values.value[number])
    return [shipped.plus(number), open(SparkFiles.get("shipped.txt")).read()]
@pandas_udf("long")
def doubled(numbers: pd.Series) -> pd.Series:
    return numbers * 2
used_there = sc.parallelize([1, 2], 2).map(used).collect()
doubled_there = spark.range(2).select(doubled("id")).toPandas().values.tolist()
called = threading.Event()
stream = spark.readStream.format("rate").load().writeStream.option("checkpointLocation", str(folder / "checkpoint"))
query = stream.foreachBatch(lambda batch, number: called.set()).start()
called.wait(30)
query.stop()
print(used_there, total.value, doubled_there, called.is_set())
"""


@pytest.fixture(scope="module")
def session(glue: Any, role: str) -> str:
    return create(
        glue,
        role,
        WorkerType="G.1X",
        NumberOfWorkers=2,
        IdleTimeout=60,
        Tags={"owner": "me"},
        DefaultArguments={
            "--conf": "spark.sql.shuffle.partitions=3 --conf spark.sql.session.timeZone=UTC",
            "--enable-glue-datacatalog": "true",
        },
    )


@pytest.fixture(scope="module")
def run(glue: Any, session: str) -> Callable[[str], dict[str, Any]]:
    """Runs code in the session and gives the statement when it is over."""

    def run(code: str) -> dict[str, Any]:
        return over(glue, session, glue.run_statement(SessionId=session, Code=code)["Id"])

    return run


def over(glue: Any, session: str, number: int) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        statement: dict[str, Any] = glue.get_statement(SessionId=session, Id=number)["Statement"]
        return statement if statement["State"] in OVER else None

    return until(ended)


def text(statement: dict[str, Any]) -> str:
    assert statement["Output"]["Status"] == "ok", statement["Output"]
    printed: str = statement["Output"]["Data"]["TextPlain"]
    return printed


def refused(code: str, call: Callable[..., Any], **request: Any) -> str:
    """Asserts that the call is refused with the code; the message."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value)


def test_spark_computes_and_its_output_is_the_statement_s(run: Callable[[str], dict[str, Any]]) -> None:
    statement = run("print(spark.range(5).count())")
    assert (statement["State"], statement["Progress"], text(statement)) == ("AVAILABLE", 1.0, "5")
    assert 0 < statement["StartedOn"] <= statement["CompletedOn"]


def test_the_session_shows_what_was_asked_for(glue: Any, session: str, role: str) -> None:
    found = glue.get_session(Id=session)["Session"]
    assert (found["WorkerType"], found["NumberOfWorkers"], found["MaxCapacity"]) == ("G.1X", 2, 2.0)
    assert (found["Role"], found["GlueVersion"], found["Command"], found["IdleTimeout"]) == (role, LATEST, COMMAND, 60)
    assert found["DefaultArguments"]["--enable-glue-datacatalog"] == "true"


def test_variables_live_from_statement_to_statement(run: Callable[[str], dict[str, Any]]) -> None:
    run("answer = 6 * 7")
    assert text(run("answer")) == "42"


def test_the_namespace_is_that_of_a_glue_session(run: Callable[[str], dict[str, Any]]) -> None:
    assert text(run("print(sc.version == spark.version, sqlContext.range(2).count())")) == "True 2"


def test_arguments_are_read_as_a_script_reads_them(run: Callable[[str], dict[str, Any]], session: str) -> None:
    imports = "import sys; from awsglue.utils import getResolvedOptions\n"
    given = text(run(imports + "getResolvedOptions(sys.argv, ['SESSION_ID', 'conf'])"))
    assert f"'{session}'" in given
    assert "'spark.sql.shuffle.partitions=3 --conf spark.sql.session.timeZone=UTC'" in given


def test_glue_s_own_library_is_there(run: Callable[[str], dict[str, Any]]) -> None:
    code = """
        from awsglue.dynamicframe import DynamicFrame
        frame = DynamicFrame.fromDF(spark.range(2), glueContext, "numbers")
        frame.map(lambda record: {**record, "twice": str(2 * record["id"])}).printSchema()
    """
    assert text(run(textwrap.dedent(code))) == "root\n|-- id: long\n|-- twice: string"


def test_spark_settings_of_the_arguments_hold(run: Callable[[str], dict[str, Any]]) -> None:
    code = "print(spark.conf.get('spark.sql.shuffle.partitions'), spark.conf.get('spark.sql.session.timeZone'))"
    assert text(run(code)) == "3 UTC"


def test_the_workers_parallelism_is_a_setting_that_code_can_read(run: Callable[[str], dict[str, Any]]) -> None:
    assert text(run("print(spark.conf.get('spark.default.parallelism') == str(sc.defaultParallelism))")) == "True"


def test_an_error_has_its_name_value_and_traceback(run: Callable[[str], dict[str, Any]]) -> None:
    statement = run("def halve(x):\n    return 1 / x\nhalve(0)")
    output = statement["Output"]
    assert statement["State"] == "AVAILABLE"
    assert (output["Status"], output["ErrorName"]) == ("error", "ZeroDivisionError")
    assert output["ErrorValue"] == "division by zero"
    assert any("halve" in line for line in output["Traceback"])


def test_a_failing_query_says_why_in_spark_s_words(run: Callable[[str], dict[str, Any]]) -> None:
    output = run("spark.sql('select nothing from nowhere')")["Output"]
    assert output["ErrorName"] == "AnalysisException"
    assert "`nowhere` cannot be found" in output["ErrorValue"]


def test_s3_is_read_and_written_by_both_names_of_the_scheme(
    run: Callable[[str], dict[str, Any]], client: Callable[..., Any], bucket: str
) -> None:
    run(f"spark.range(10).selectExpr('id', 'id % 3 as k').write.partitionBy('k').parquet('s3://{bucket}/numbers')")
    assert text(run(f"print(spark.read.parquet('s3a://{bucket}/numbers').where('k = 1').count())")) == "3"
    listed = client("s3").list_objects_v2(Bucket=bucket, Prefix="numbers/k=1/")["Contents"]
    assert all(entry["Key"].endswith(".parquet") for entry in listed)


def test_a_tree_with_empty_folders_is_renamed(run: Callable[[str], dict[str, Any]], bucket: str) -> None:
    code = f"""
hadoop = spark._jvm.org.apache.hadoop.fs
a, b = (hadoop.Path(f"s3://{bucket}/tree/{{name}}") for name in "ab")
files = a.getFileSystem(sc._jsc.hadoopConfiguration())
files.mkdirs(hadoop.Path(a, "empty/deep"))
files.create(hadoop.Path(a, "file")).close()
print(files.rename(a, b), files.exists(hadoop.Path(b, "empty/deep")), files.exists(hadoop.Path(b, "file")))
"""
    assert text(run(code)) == "True True True"


def test_boto3_in_the_session_is_the_session_s_role(
    run: Callable[[str], dict[str, Any]], role: str, bucket: str
) -> None:
    name = role.rsplit("/", 1)[1]
    assert f":assumed-role/{name}/" in text(
        run("import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])")
    )
    put = f"boto3.client('s3').put_object(Bucket={bucket!r}, Key='by-role', Body=b'x')"
    assert text(run(f"{put}['ResponseMetadata']['HTTPStatusCode']")) == "200"


def test_a_program_that_takes_the_token_from_a_file_alone_is_the_role_too(run: Callable[[str], dict[str, Any]]) -> None:
    # As deltalake does.
    code = """
import os, stat, subprocess, sys
without = {name: value for name, value in os.environ.items() if name != "AWS_CONTAINER_AUTHORIZATION_TOKEN"}
asks = "import boto3; print(boto3.Session().get_credentials().access_key[:4])"
said = subprocess.run([sys.executable, "-c", asks], env=without, capture_output=True, text=True).stdout.strip()
print(said, oct(stat.S_IMODE(os.stat(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).st_mode)))
"""
    assert text(run(code)) == "ASIA 0o600"


def test_functions_on_spark_s_workers_have_the_role_too(run: Callable[[str], dict[str, Any]]) -> None:
    code = (
        "sc.parallelize([1], 1).map(lambda _: __import__('boto3').Session().get_credentials().access_key[:4]).collect()"
    )
    assert text(run(code)) == "['ASIA']"


def test_python_code_files_and_values_reach_spark_s_workers_and_java_calls_back(run: Callable[..., Any]) -> None:
    assert text(run(CROSSING)) == "[[11, 'shown'], [12, 'shown']] 3 [[0], [2]] True"


def test_canceling_stops_the_statement_and_spark_s_job(glue: Any, session: str, run: Callable[..., Any]) -> None:
    code = "print('begun')\nsc.parallelize(range(8), 8).map(lambda _: __import__('time').sleep(600)).count()"
    running = glue.run_statement(SessionId=session, Code=code)["Id"]
    waiting = glue.run_statement(SessionId=session, Code="print('never')")["Id"]
    until(lambda: glue.get_statement(SessionId=session, Id=running)["Statement"]["State"] == "RUNNING")
    glue.cancel_statement(SessionId=session, Id=waiting)
    assert glue.get_statement(SessionId=session, Id=waiting)["Statement"]["State"] == "CANCELLED"
    glue.cancel_statement(SessionId=session, Id=running)
    assert over(glue, session, running)["State"] == "CANCELLED"
    jobs = "import time\nwhile sc.statusTracker().getActiveJobsIds():\n    time.sleep(0.05)\nprint('none')"
    assert text(run(jobs)) == "none"
    message = refused("IllegalSessionStateException", glue.cancel_statement, SessionId=session, Id=running)
    assert "CANCELLED" in message


def test_progress_is_the_part_of_spark_s_tasks_that_have_finished(glue: Any, session: str) -> None:
    code = "sc.parallelize(range(4), 4).map(lambda n: __import__('time').sleep(600 if n == 3 else 0)).count()"
    running = glue.run_statement(SessionId=session, Code=code)["Id"]
    until(lambda: glue.get_statement(SessionId=session, Id=running)["Statement"]["Progress"] == 0.75)
    glue.cancel_statement(SessionId=session, Id=running)
    assert over(glue, session, running)["Progress"] == 1.0


def test_scala_statements_share_the_session_s_views_with_python(run: Callable[[str], dict[str, Any]]) -> None:
    run("spark.range(3).createOrReplaceTempView('from_python')")
    run("%%scala\ncase class Point(x: Long, y: String)")
    code = 'val points = spark.table("from_python").as[Long].map(n => Point(n + 1, n.toString))\nprintln(points.count)'
    said = run(f'%%scala\n{code}\npoints.createOrReplaceTempView("points")\nval known = points.columns.length')
    # The shell of Scala 2.13 says `val` before them, and may warn.
    lines = [line.removeprefix("val ") for line in text(said).splitlines() if not line.startswith("warning: ")]
    assert lines == ["3", "points: org.apache.spark.sql.Dataset[Point] = [x: bigint, y: string]", "known: Int = 2"]
    assert text(run("spark.sql('select sum(x) from points').first()[0]")) == "6"


def test_errors_in_scala_are_told_as_its_shell_tells_them(run: Callable[[str], dict[str, Any]]) -> None:
    mistyped = run('%%scala\nval number: Int = "x"')["Output"]
    assert mistyped["ErrorName"] == "Error"
    assert "error: type mismatch;" in mistyped["ErrorValue"]
    thrown = run("%scala 1 / 0")["Output"]
    assert thrown["ErrorName"] == "ArithmeticException"
    assert thrown["Traceback"][0] == "java.lang.ArithmeticException: / by zero"
    assert "middle" in run("%%scala\nval half = {")["Output"]["ErrorValue"]


def test_canceling_stops_a_scala_statement_s_job(glue: Any, session: str, run: Callable[..., Any]) -> None:
    code = "%%scala\nsc.parallelize(1 to 8, 8).map { n => Thread.sleep(600000); n }.count"
    running = glue.run_statement(SessionId=session, Code=code)["Id"]
    until(lambda: glue.get_statement(SessionId=session, Id=running)["Statement"]["State"] == "RUNNING")
    glue.cancel_statement(SessionId=session, Id=running)
    assert over(glue, session, running)["State"] == "CANCELLED"
    assert "2" in text(until(lambda: (done := run("%scala 1 + 1"))["Output"]["Status"] == "ok" and done))


def test_exit_ends_a_statement_and_not_the_session(run: Callable[[str], dict[str, Any]]) -> None:
    for code in ("exit()", "quit(1)", "import sys\nsys.exit('enough')"):
        assert run(code)["Output"]["ErrorName"] == "SystemExit"
    assert text(run("print('goes on')")) == "goes on"


def test_statements_are_listed_in_their_order_over_pages(glue: Any, session: str) -> None:
    numbers = [glue.run_statement(SessionId=session, Code="1")["Id"] for _ in range(21)]
    over(glue, session, numbers[-1])
    listed, page = [], glue.list_statements(SessionId=session)
    while True:
        listed += [statement["Id"] for statement in page["Statements"]]
        if "NextToken" not in page:
            break
        page = glue.list_statements(SessionId=session, NextToken=page["NextToken"])
    assert listed == list(range(numbers[-1] + 1))


def test_output_goes_to_the_session_s_log_streams(
    run: Callable[[str], dict[str, Any]], client: Callable[..., Any], session: str
) -> None:
    run("import sys\nprint('to the output')\nprint('to the error', file=sys.stderr)")
    logs = client("logs")
    for kind in ("output", "error"):
        events = logs.get_log_events(
            logGroupName=f"/aws-glue/sessions/{kind}", logStreamName=session, startFromHead=True
        )["events"]
        assert f"to the {kind}" in [event["message"] for event in events]


def test_the_system_log_is_downloaded_by_the_address_that_was_given(glue: Any, session: str) -> None:
    url = glue.get_system_logs_for_session(Id=session)["SystemLogsUrl"]
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert f" Session {session}: it is ready.\n" in answer.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{url[:-6]}AAAA==", timeout=10)
    refused("EntityNotFoundException", glue.get_system_logs_for_session, Id="nowhere")


def test_usage_is_the_time_times_the_capacity(glue: Any, session: str) -> None:
    found = glue.get_session(Id=session)["Session"]
    lived = datetime.now(timezone.utc) - found["CreatedOn"]
    assert abs(found["ExecutionTime"] - lived.total_seconds()) < 1
    assert found["DPUSeconds"] == pytest.approx(found["ExecutionTime"] * found["MaxCapacity"])


def test_a_long_output_is_cut_with_a_note(run: Callable[[str], dict[str, Any]]) -> None:
    assert text(run("print('x' * 5_000_000)")).endswith("[Output beyond 4 MiB was not kept.]")


def test_a_session_is_found_by_its_tags(glue: Any, session: str) -> None:
    found = glue.list_sessions(Tags={"owner": "me"})
    assert found["Ids"] == [session]
    assert found["Sessions"][0]["Status"] == "READY"
    assert session not in glue.list_sessions(Tags={"owner": "you"})["Ids"]


def test_tags_are_read_and_changed_by_the_arn(glue: Any, session: str, role: str) -> None:
    arn = f"arn:aws:glue:{glue.meta.region_name}:{role.split(':')[4]}:session/{session}"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"stage": "test"})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"owner": "me", "stage": "test"}
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["stage"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"owner": "me"}


def test_a_session_is_stopped_then_deleted(glue: Any, role: str) -> None:
    session = create(glue, role, DefaultArguments={"--conf": "spark.app.name=mine"})
    app = glue.run_statement(SessionId=session, Code="print(sc.appName)")["Id"]
    assert text(over(glue, session, app)) == "mine"
    refused("IllegalSessionStateException", glue.delete_session, Id=session)
    assert glue.stop_session(Id=session)["Id"] == session
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] == "STOPPED")
    message = refused("IllegalSessionStateException", glue.run_statement, SessionId=session, Code="1")
    assert "STOPPED" in message
    assert text(glue.get_statement(SessionId=session, Id=app)["Statement"]) == "mine"
    glue.delete_session(Id=session)
    refused("EntityNotFoundException", glue.get_session, Id=session)


def test_spark_that_cannot_start_leaves_a_failed_session_that_says_why(glue: Any, role: str) -> None:
    session = f"session-{uuid.uuid4().hex[:8]}"
    conf = {"--conf": "spark.driver.memory=none"}
    glue.create_session(Id=session, Role=role, Command=COMMAND, DefaultArguments=conf)
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] != "PROVISIONING")
    found = glue.get_session(Id=session)["Session"]
    assert found["Status"] == "FAILED"
    assert "none" in found["ErrorMessage"]


@pytest.mark.parametrize(
    ("code", "asked", "says"),
    [
        ("AlreadyExistsException", {}, "already exists"),
        ("InvalidInputException", {"Id": "other", "Command": {"Name": "glueray"}}, "glueray"),
        ("InvalidInputException", {"Id": "other", "GlueVersion": "7.0"}, "available are"),
        ("InvalidInputException", {"Id": "other", "MaxCapacity": 2.0, "NumberOfWorkers": 2}, "not both"),
        ("InvalidInputException", {"Id": "other", "DefaultArguments": {"--conf": "nothing"}}, "--conf"),
        (
            "InvalidInputException",
            {"Id": "other", "DefaultArguments": {"--conf": "spark.driver.extraJavaOptions=-Xmx9g"}},
            "spark.driver.memory",
        ),
        (
            "InvalidInputException",
            {"Id": "other", "DefaultArguments": {"--extra-jars": "x.jar"}},
            "--extra-jars",
        ),
        ("InvalidInputException", {"Id": "other", "Role": "arn:aws:iam::000000000000:role/nobody"}, "nobody"),
    ],
)
def test_a_session_that_cannot_be_is_refused_at_once(
    glue: Any, session: str, role: str, code: str, asked: dict[str, Any], says: str
) -> None:
    request = {"Id": session, "Role": role, "Command": COMMAND, **asked}
    assert says in refused(code, glue.create_session, **request)


def test_what_does_not_exist_is_not_found(glue: Any, session: str) -> None:
    refused("EntityNotFoundException", glue.get_session, Id="nobody")
    refused("EntityNotFoundException", glue.run_statement, SessionId="nobody", Code="1")
    refused("EntityNotFoundException", glue.get_statement, SessionId=session, Id=100_000)
    refused("EntityNotFoundException", glue.stop_session, Id="nobody")
    refused("InvalidInputException", glue.list_statements, SessionId=session, NextToken="what")


def test_code_that_is_too_long_is_refused(glue: Any, session: str) -> None:
    request = {"SessionId": session, "Code": "1" * 68_001}
    with pytest.raises(botocore.exceptions.ClientError, match="68000"):
        glue.run_statement(**request)
