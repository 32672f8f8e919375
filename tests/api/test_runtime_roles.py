"""Runtime roles of EMR: on one cluster each step and session acts as its own role, and gets at nothing of another's."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from studiolo.processes import isolation
from tests.api.clusters import (
    create_default_roles,
    job_flow,
    livy,
    livy_printed,
    machine_role,
    run,
    step,
    text,
    with_runtime_roles,
)
from tests.browsing import opened_by
from tests.waiting import until

LOOK = """#!/usr/bin/python3
import boto3, glob, json, os, sys, urllib.error, urllib.request
s3 = boto3.client("s3")
bucket, host = sys.argv[1:3]
def tried(act):
    try:
        return f"WENT THROUGH {act()}"
    except Exception as error:
        return str(error)
own = os.environ["STUDIOLO_NODE"]
cluster = os.path.dirname(os.path.dirname(os.path.dirname(own)))
def around():
    for place in glob.glob("/proc/[0-9]*/environ"):
        try:
            yield open(place).read()
        except OSError:
            pass
tokens = {each for text in around() for each in text.split("\\0") if each.startswith("AWS_CONTAINER_AUTHORIZATION_TOKEN=")}
print("SAID", json.dumps({
    "arn": boto3.client("sts").get_caller_identity()["Arn"],
    "mine": s3.get_object(Bucket=bucket, Key="one/data")["Body"].read().decode(),
    "theirs": tried(lambda: s3.get_object(Bucket=bucket, Key="two/data")),
    "logs": tried(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="logs/")),
    "cluster": sorted(os.listdir(cluster)),
    "steps": os.listdir(f"{cluster}/steps"),
    "write": tried(lambda: open(f"{cluster}/node/proof", "w")),
    "tokens": len(tokens),
    "livy": tried(lambda: urllib.request.urlopen(f"http://{host}:8998/sessions", timeout=20).read()),
}))
"""

COMPUTE = """
import boto3, sys
from pyspark import SparkContext
sc = SparkContext.getOrCreate()
whose = lambda line: (line, boto3.client("sts").get_caller_identity()["Arn"].split("/")[1])
print(*sc.textFile(f"s3://{sys.argv[1]}/one/data", 1).map(whose).first())
try:
    print(sc.textFile(f"s3://{sys.argv[1]}/two/data").first())
except Exception as error:
    print("denied" if "403" in str(error) else error)
print("pages:", sc.uiWebUrl)
"""

CONNECT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
print(spark.conf.get("spark.master"), *[row[0] for row in spark.read.text(sys.argv[2]).collect()])
"""


@dataclass
class Shared:
    """A cluster that two teams share; one, two: the ARNs of their roles."""

    id: str
    host: str
    one: str
    two: str
    bucket: str


def trusting(arn: str, *actions: str) -> str:
    """The trust policy of a runtime role."""
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": actions}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def emr(client: Callable[..., Any]) -> Any:
    return client("emr")


@pytest.fixture(scope="module")
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


def allowed(iam: Any, role: str, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=json.dumps(document))


@pytest.fixture(scope="module")
def shared(client: Callable[..., Any], emr: Any, s3: Any, bucket: str) -> Iterator[Shared]:
    iam, mark = client("iam"), uuid.uuid4().hex[:8]
    create_default_roles(iam)
    logs = {"Action": "s3:*", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/logs/*"]}
    taking = {"Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}
    machines = machine_role(iam, *({"Effect": "Allow", **each} for each in (logs, taking)))
    arn = iam.get_role(RoleName=machines)["Role"]["Arn"]
    roles = {}
    for name, more in {"one": ["sts:TagSession"], "two": []}.items():
        document = trusting(arn, "sts:AssumeRole", *more)
        made = iam.create_role(RoleName=f"{name}-{mark}", AssumeRolePolicyDocument=document)["Role"]
        roles[name] = made["Arn"]
        mine = {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket}/{name}/*"]}
        listed = {
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{bucket}",
            "Condition": {"StringLike": {"s3:prefix": [f"{name}/*", "code/*"]}},
        }
        code = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/code/*"}
        allowed(iam, f"{name}-{mark}", mine, listed, code, {"Action": "glue:*", "Resource": "*"})
        s3.put_object(Bucket=bucket, Key=f"{name}/data", Body=f"of {name}".encode())
    for name, program in {"look": LOOK, "compute": COMPUTE}.items():
        s3.put_object(Bucket=bucket, Key=f"code/{name}.py", Body=program.encode())
    security = with_runtime_roles(emr)
    asked = job_flow(
        "Spark",
        "Hadoop",
        "Livy",
        ReleaseLabel="emr-7.14.0",
        LogUri=f"s3://{bucket}/logs/",
        JobFlowRole=machines,
        SecurityConfiguration=security,
        SessionEnabled=True,
        StepConcurrencyLevel=2,
    )
    identifier = emr.run_job_flow(**asked)["JobFlowId"]
    # What the cluster was made with stays.
    emr.delete_security_configuration(Name=security)
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    host = emr.describe_cluster(ClusterId=identifier)["Cluster"]["MasterPublicDnsName"]
    yield Shared(identifier, host, roles["one"], roles["two"], bucket)
    emr.terminate_job_flows(JobFlowIds=[identifier])
    emr.get_waiter("cluster_terminated").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def run_as(emr: Any, shared: Shared, role: str, *words: str) -> dict[str, Any]:
    """A step that has ended."""
    return run(emr, shared.id, step(*words), role=role)[0]


def printed(s3: Any, shared: Shared, done: dict[str, Any]) -> str:
    log = text(s3, shared.bucket, f"logs/{shared.id}/steps/{done['Id']}/stdout.gz")
    errors = text(s3, shared.bucket, f"logs/{shared.id}/steps/{done['Id']}/stderr.gz")
    assert done["Status"]["State"] == "COMPLETED", errors[-3000:]
    return log


def test_a_step_sees_what_its_role_may_and_nothing_of_others(emr: Any, s3: Any, shared: Shared) -> None:
    waiting = emr.add_job_flow_steps(JobFlowId=shared.id, Steps=[step("sleep", "60")], ExecutionRoleArn=shared.one)[
        "StepIds"
    ]
    # The instance profile may not read the script.
    script = step(f"s3://{shared.bucket}/code/look.py", shared.bucket, shared.host, jar="script-runner.jar")
    (done,) = run(emr, shared.id, script, role=shared.one)
    emr.cancel_steps(ClusterId=shared.id, StepIds=waiting)
    assert done["ExecutionRoleArn"] == shared.one
    [line] = [each for each in printed(s3, shared, done).splitlines() if each.startswith("SAID ")]
    said = json.loads(line.removeprefix("SAID "))
    assert said["arn"].endswith(f"/{shared.one.rpartition('/')[2]}/{done['Id']}")
    assert said["mine"] == "of one"
    for name in ("theirs", "logs"):
        assert "AccessDenied" in said[name]
    if isolation().kind == "fenced":
        assert (said["cluster"], said["steps"], said["tokens"]) == (["node", "roles", "steps"], [done["Id"]], 1)
    assert "Read-only" in said["write"] or "Permission" in said["write"] or "No such file" in said["write"]
    assert "401" in said["livy"]


def test_spark_computes_in_the_step_as_its_role(emr: Any, s3: Any, shared: Shared) -> None:
    program = f"s3://{shared.bucket}/code/compute.py"
    words = (
        "spark-submit",
        "--master",
        "yarn",
        "--deploy-mode",
        "cluster",
        "--driver-memory",
        "600m",
        program,
        shared.bucket,
    )
    done = run_as(emr, shared, shared.one, *words)
    assert printed(s3, shared, done).splitlines() == [
        f"of one {shared.one.rpartition('/')[2]}",
        "denied",
        "pages: None",
    ]
    [application] = done["AdditionalInfo"]["ResourceManagerApplicationIds"]
    asked = {"ClusterId": shared.id, "ApplicationId": application, "OnClusterAppUIType": "SparkHistoryServer"}
    link = emr.get_on_cluster_app_ui_presigned_url(**asked, ExecutionRoleArn=shared.one)["PresignedURL"]
    assert application in opened_by(link)[1].text
    for other in ({}, {"ExecutionRoleArn": shared.two}):
        with pytest.raises(ClientError, match="does not exist on cluster"):
            emr.get_on_cluster_app_ui_presigned_url(**asked, **other)


def test_yarn_which_acts_as_the_instance_profile_is_not_there(emr: Any, shared: Shared) -> None:
    done = run_as(emr, shared, shared.one, "yarn", "application", "-list")
    assert "no HDFS and no YARN" in done["Status"]["FailureDetails"]["Message"]


def test_a_step_fails_whose_role_the_cluster_may_not_take(emr: Any, shared: Shared) -> None:
    """The role lets the instance profile tag no session of it."""
    done = run_as(emr, shared, shared.two, "true")
    assert done["Status"]["State"] == "FAILED"
    assert f"sts:TagSession on resource: {shared.two}" in done["Status"]["FailureDetails"]["Message"]


def test_a_cluster_has_runtime_roles_by_its_security_configuration_alone(emr: Any, shared: Shared) -> None:
    with pytest.raises(ClientError, match="Runtime roles are required for this cluster"):
        emr.add_job_flow_steps(JobFlowId=shared.id, Steps=[step("true")])
    with pytest.raises(ClientError, match="Runtime roles are required for this cluster"):
        emr.start_session(ClusterId=shared.id)
    asked = job_flow(Steps=[step("true")], StepExecutionRoleArn=shared.one)
    with pytest.raises(ClientError, match="Runtime roles are not supported on this cluster"):
        emr.run_job_flow(**asked)


def limited_to(client: Callable[..., Any], role: str) -> Any:
    """EMR for a user who may name that role alone."""
    iam, user = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    named = {"StringEquals": {"elasticmapreduce:ExecutionRoleArn": role}}
    statement = {"Effect": "Allow", "Action": "elasticmapreduce:*", "Resource": "*", "Condition": named}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="one", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return client("emr", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])


def test_who_may_name_a_role_is_decided_by_its_condition_key(
    client: Callable[..., Any], emr: Any, shared: Shared
) -> None:
    theirs = limited_to(client, shared.one)
    theirs.add_job_flow_steps(JobFlowId=shared.id, Steps=[step("true")], ExecutionRoleArn=shared.one)
    assert theirs.get_cluster_session_credentials(ClusterId=shared.id, ExecutionRoleArn=shared.one)["Credentials"]
    for act in (
        lambda: theirs.add_job_flow_steps(JobFlowId=shared.id, Steps=[step("true")], ExecutionRoleArn=shared.two),
        lambda: theirs.get_cluster_session_credentials(ClusterId=shared.id, ExecutionRoleArn=shared.two),
    ):
        with pytest.raises(ClientError, match="is not authorized to perform: elasticmapreduce:"):
            act()


def test_a_livy_session_has_the_role_that_its_password_stands_for(emr: Any, shared: Shared) -> None:
    def credentials(role: str) -> dict[str, str]:
        found = emr.get_cluster_session_credentials(ClusterId=shared.id, ExecutionRoleArn=role)
        return dict(found["Credentials"]["UsernamePassword"])

    one, two = credentials(shared.one), credentials(shared.two)
    by = {"nobody": None, "one": one, "two": two, "neither": {**one, "Password": two["Password"]}}
    ask = {name: livy(shared.host, each) for name, each in by.items()}
    assert {ask[name]("GET", "/sessions") for name in ("nobody", "neither")} == {401}
    assert ask["two"]("POST", "/sessions", {"kind": "pyspark"}) == 403
    code = "import boto3; print(sc.master, sc.range(9).count(), boto3.client('sts').get_caller_identity()['Arn'])"
    begun = ask["one"]("POST", "/sessions", {"kind": "pyspark"})["id"]
    assert ask["two"]("GET", f"/sessions/{begun}") == 403
    assert ask["two"]("GET", "/sessions")["sessions"] == []
    ask["one"]("DELETE", f"/sessions/{begun}")
    master, count, arn = livy_printed(ask["one"], code).split()
    assert (master.partition("[")[0], count) == ("local", "9")
    assert f"/{shared.one.rpartition('/')[2]}/" in arn


@pytest.mark.heavy
def test_a_spark_connect_session_has_the_role_that_it_is_started_with(
    client: Callable[..., Any], emr: Any, shared: Shared
) -> None:
    ids = {"ClusterId": shared.id}
    ids["SessionId"] = emr.start_session(**ids, ExecutionRoleArn=shared.one)["Id"]
    until(lambda: emr.get_session(**ids)["Session"]["State"] not in ("SUBMITTED", "STARTING"), seconds=120)
    assert emr.get_session(**ids)["Session"]["ExecutionRoleArn"] == shared.one
    found = limited_to(client, shared.one).get_session_endpoint(**ids)
    for act in ("get_session_endpoint", "terminate_session"):
        with pytest.raises(ClientError, match="is not authorized to perform: elasticmapreduce:"):
            getattr(limited_to(client, shared.two), act)(**ids)
    address = f"{found['Endpoint']}/;authorization=Bearer%20{found['AuthToken']}"

    def read(key: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", CONNECT, address, f"s3://{shared.bucket}/{key}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert read("one/data").stdout.split()[1:] == ["of", "one"]
    assert "403" in read("two/data").stderr
    emr.terminate_session(**ids)
