"""Clusters of EMR as boto3 and the AWS CLI know them: one cluster for most tests."""

import json
import os
import re
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest
import requests

from studiolo.identity.environment import PLUGIN
from studiolo.processes import Fence, fenced, isolation
from tests.api.clusters import ended, job_flow, livy, livy_printed, run, state, step, text
from tests.browsing import opened_by
from tests.conftest import Server
from tests.waiting import hasty, until

BOOTSTRAP = "#!/bin/bash\nset -e\nsudo yum install -y jq\necho $1 > /home/hadoop/prepared\n"

SCRIPT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("days").getOrCreate()
days = spark.range(0, 100, 1, 2).selectExpr("id % 7 day").groupBy("day").count().coalesce(1)
days.write.json(sys.argv[1])
doubled = spark.sparkContext.parallelize(range(10), 2).map(lambda number: number * 2).sum()
print("days:", spark.read.json(sys.argv[1]).count(), "doubled:", doubled)
"""

WORLD = """#!/bin/bash
set -e
cat /home/hadoop/prepared
sudo -u hadoop /usr/bin/python3 -c 'import sys, boto3; print(boto3.client("sts").get_caller_identity()["Arn"])'
python3 -c 'import json; print(json.load(open("/mnt/var/lib/info/instance.json"))["isMaster"])'
echo measured > here.txt
sudo chown hadoop:hadoop here.txt
sudo mkdir -p /var/log/own
hdfs dfs -put here.txt /here.txt
s3-dist-cp --src hdfs:///here.txt --dest $1
beeline --silent=true --outputformat=csv2 -u jdbc:hive2://$SPARK_LOCAL_IP:10000 -e 'select 40 + 2 as answer'
"""


CONNECT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
print(spark.range(10).selectExpr("sum(id)").collect()[0][0], spark.conf.get("spark.master"))
"""


@pytest.fixture(scope="module")
def emr(client: Callable[..., Any]) -> Any:
    return client("emr")


@pytest.fixture(scope="module")
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture(scope="module")
def default_roles(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """`aws emr create-default-roles`; what a shell has then."""
    home = tmp_path_factory.mktemp("home")
    shell = {**server.environment(), "HOME": str(home), "PYTHONPATH": str(PLUGIN.parent)}
    aws = str(Path(sys.executable).with_name("aws"))
    subprocess.run([aws, "emr", "create-default-roles"], env=shell, check=True, capture_output=True, timeout=120)
    assert "EMR_EC2_DefaultRole" in (home / ".aws" / "config").read_text()
    return shell


@pytest.fixture(scope="module")
def cluster(emr: Any, s3: Any, bucket: str, default_roles: dict[str, str], server: Server) -> Iterator[str]:
    """A cluster that waits for steps, of a master and a node, on which a bootstrap action has run."""
    for name, content in {"prepare.sh": BOOTSTRAP, "days.py": SCRIPT, "world.sh": WORLD}.items():
        s3.put_object(Bucket=bucket, Key=f"code/{name}", Body=content)
    action = {"Path": f"s3://{bucket}/code/prepare.sh", "Args": ["prepared"]}
    asked = job_flow(
        *("Spark", "Hive", "Livy"),
        nodes=2,
        LogUri=f"s3://{bucket}/logs/",
        BootstrapActions=[{"Name": "prepare", "ScriptBootstrapAction": action}],
        Tags=[{"Key": "team", "Value": "air"}],
        VisibleToAllUsers=True,
        SessionEnabled=True,
    )
    identifier: str = emr.run_job_flow(**asked)["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    yield identifier
    emr.terminate_job_flows(JobFlowIds=[identifier])
    emr.get_waiter("cluster_terminated").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert not [process for process in server.children() if identifier in " ".join(process.cmdline())]


def test_a_cluster_that_waits_tells_where_it_is_and_what_it_has(emr: Any, cluster: str) -> None:
    found = emr.describe_cluster(ClusterId=cluster)["Cluster"]
    assert found["Status"]["State"] in ("WAITING", "RUNNING")
    assert found["Status"]["Timeline"]["ReadyDateTime"] > found["Status"]["Timeline"]["CreationDateTime"]
    assert found["MasterPublicDnsName"].startswith("127.")
    assert {app["Name"]: app["Version"] for app in found["Applications"]}["Spark"] == "3.5.9"
    assert found["Tags"] == [{"Key": "team", "Value": "air"}]
    assert cluster in [each["Id"] for each in emr.list_clusters(ClusterStates=["WAITING", "RUNNING"])["Clusters"]]


@pytest.mark.skipif(isolation().kind != "fenced", reason="who is in a fence is known only where there is one")
def test_hive_tells_who_is_in_a_fence_of_another_role_why_it_is_not_served(
    emr: Any, cluster: str, tmp_path: Path
) -> None:
    host = emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]
    code = (
        f"import socket; link = socket.create_connection(({host!r}, 10000), 30); "
        r"link.sendall(b'\1\0\0\0\5PLAIN\2\0\0\0\6\0ana\0x'); print(link.recv(5)[0], link.recv(200).decode())"
    )
    command, environment = fenced([sys.executable, "-c", code], {}, Fence(tmp_path), ())
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("3 This program is in a sandbox, without a role"), done.stderr
    # Past the door there is a password to be known.
    with socket.create_connection((host, 10010), 30) as link:
        link.sendall(b"\1\0\0\0\5PLAIN\2\0\0\0\6\0ana\0x")
        assert b"Error validating the login" in link.recv(200)


def test_a_session_of_livy_computes_on_the_nodes_as_the_cluster_s_role_with_packages_that_its_code_installs(
    emr: Any, cluster: str, bucket: str
) -> None:
    host = emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]
    code = (
        f"import boto3; spark.range(9).write.parquet('s3://{bucket}/by-livy')\n"
        f"count = spark.read.parquet('s3://{bucket}/by-livy').count()\n"
        "print(sc.master, count, boto3.client('sts').get_caller_identity()['Arn'])\n"
        "sc.install_pypi_package('cowsay==6.1')\n"
        "print(sc.parallelize([0], 1).map(lambda _: __import__('cowsay').__name__).first())"
    )
    master, count, arn, *installed = livy_printed(livy(host), code).split()
    assert (master, count) == (f"spark://{host}:7077", "9")
    assert installed == ["Successfully", "installed", "cowsay==6.1", "cowsay"]
    assert "assumed-role/EMR_EC2_DefaultRole/" in arn


def test_a_batch_of_livy_is_fetched_from_s3(emr: Any, s3: Any, cluster: str, bucket: str) -> None:
    host = emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]
    s3.put_object(Bucket=bucket, Key="code/batch.py", Body=b"print('fetched and run')")
    url = f"http://{host}:8998/batches"
    number = requests.post(url, json={"file": f"s3://{bucket}/code/batch.py"}, timeout=60).json()["id"]

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = requests.get(f"{url}/{number}", timeout=60).json()
        return found if found["state"] in ("success", "dead", "error") else None

    found = until(over, 120)
    log = requests.get(f"{url}/{number}/log?size=-1", timeout=60).json()["log"]
    assert (found["state"], "fetched and run" in log) == ("success", True), log[-20:]


def test_a_pyspark_step_of_the_cli_runs_on_the_nodes_and_leaves_its_logs(
    emr: Any, s3: Any, cluster: str, bucket: str, default_roles: dict[str, str]
) -> None:
    arguments = (
        f"[--deploy-mode,cluster,--master,yarn,s3://{bucket}/code/days.py,s3://{bucket}/days-{uuid.uuid4().hex}/]"
    )
    aws = [str(Path(sys.executable).with_name("aws")), "emr", "add-steps", "--cluster-id", cluster, "--steps"]
    told = subprocess.run(
        [*aws, f"Type=Spark,Name=days,ActionOnFailure=CONTINUE,Args={arguments}", "--region", "eu-central-1"],
        env=default_roles,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    (identifier,) = json.loads(told.stdout)["StepIds"]
    emr.get_waiter("step_complete").wait(ClusterId=cluster, StepId=identifier, WaiterConfig={"Delay": 1})
    done = emr.describe_step(ClusterId=cluster, StepId=identifier)["Step"]
    (application,) = done["AdditionalInfo"]["ResourceManagerApplicationIds"]
    assert "days: 7 doubled: 90" in text(s3, bucket, f"logs/{cluster}/steps/{identifier}/stdout.gz")
    containers = s3.list_objects_v2(Bucket=bucket, Prefix=f"logs/{cluster}/containers/{application}/")["Contents"]
    assert any(each["Key"].endswith("/stderr.gz") for each in containers)


def test_the_pages_of_a_cluster_open_by_links(emr: Any, cluster: str, bucket: str) -> None:
    arn = emr.describe_cluster(ClusterId=cluster)["Cluster"]["ClusterArn"]
    (done,) = run(
        emr, cluster, step("spark-submit", f"s3://{bucket}/code/days.py", f"s3://{bucket}/{uuid.uuid4().hex}/")
    )
    assert done["Status"]["State"] == "COMPLETED", done["Status"]
    identifier = emr.create_persistent_app_ui(TargetResourceArn=arn)["PersistentAppUIId"]
    assert emr.describe_persistent_app_ui(PersistentAppUIId=identifier)["PersistentAppUI"]["PersistentAppUIStatus"] == (
        "ATTACHED"
    )
    link = emr.get_persistent_app_ui_presigned_url(PersistentAppUIId=identifier)["PresignedURL"]
    browser, _ = opened_by(link)
    listed = browser.open("/api/v1/applications", Accept="application/json")
    found = re.search(r"app-\d+-\d+", listed.text)
    assert found is not None, listed.text
    asked = {"ClusterId": cluster, "ApplicationId": found[0]}
    # While the driver of another application starts, or is busy, the pages of none can be told apart.
    until(
        lambda: (
            found[0]
            in opened_by(
                emr.get_on_cluster_app_ui_presigned_url(**asked, OnClusterAppUIType="ApplicationMaster")["PresignedURL"]
            )[1].text
        ),
        seconds=60,
    )
    master = emr.get_on_cluster_app_ui_presigned_url(ClusterId=cluster, OnClusterAppUIType="ResourceManager")
    assert "Spark Master" in opened_by(master["PresignedURL"])[1].text
    with pytest.raises(botocore.exceptions.ClientError, match="TezUI is not on the cluster"):
        emr.get_on_cluster_app_ui_presigned_url(ClusterId=cluster, OnClusterAppUIType="TezUI")


def test_a_stock_client_of_spark_connect_computes_on_the_nodes(emr: Any, cluster: str) -> None:
    asked = {"ClusterId": cluster, "Name": "mine", "ClientRequestToken": "once"}
    ids = {"ClusterId": cluster, "SessionId": emr.start_session(**asked)["Id"]}
    assert emr.start_session(**asked)["Id"] == ids["SessionId"]
    until(lambda: emr.get_session(**ids)["Session"]["State"] not in ("SUBMITTED", "STARTING"), seconds=120)
    assert emr.get_session(**ids)["Session"]["State"] == "IDLE", emr.get_session(**ids)
    found = emr.get_session_endpoint(**ids)
    address = f"{found['Endpoint']}/;authorization=Bearer%20{found['AuthToken']}"
    client = subprocess.run([sys.executable, "-c", CONNECT, address], capture_output=True, text=True, timeout=120)
    host = emr.describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"]
    assert client.stdout.split() == ["45", f"spark://{host}:7077"], client.stderr
    emr.terminate_session(**ids)
    listed = emr.list_sessions(ClusterId=cluster, SessionStates=["TERMINATING", "TERMINATED"])["Sessions"]
    assert [session["Name"] for session in listed] == ["mine"]


def test_scripts_find_the_world_of_a_node(emr: Any, s3: Any, cluster: str, bucket: str) -> None:
    runner = "s3://eu-central-1.elasticmapreduce/libs/script-runner/script-runner.jar"
    copied = f"s3://{bucket}/copied"
    (done,) = run(emr, cluster, step(f"s3://{bucket}/code/world.sh", copied, jar=runner))
    printed = text(s3, bucket, f"logs/{cluster}/steps/{done['Id']}/stdout.gz").splitlines()
    assert done["Status"]["State"] == "COMPLETED", done
    assert printed[0] == "prepared"
    assert "assumed-role/EMR_EC2_DefaultRole/" in printed[1]
    assert printed[2] == "True"
    assert "42" in printed
    assert s3.get_object(Bucket=bucket, Key="copied/here.txt")["Body"].read() == b"measured\n"


@pytest.mark.parametrize(
    ("words", "reason", "line"),
    [
        (("bash", "-c", "echo broken >&2; exit 3"), "Unknown Error.", "broken"),
        (("spark-submit", "--executor-memory", "90g", "x.py"), "Illegal Argument.", "above the max threshold"),
        (("hadoop-streaming", "-input", "x"), "Unknown Error.", "hadoop-streaming"),
    ],
)
def test_a_failed_step_says_why(emr: Any, cluster: str, words: tuple[str, ...], reason: str, line: str) -> None:
    (failed,) = run(emr, cluster, step(*words))
    details = failed["Status"]["FailureDetails"]
    assert failed["Status"]["State"] == "FAILED"
    assert details["Reason"] == reason
    assert line in details["Message"]
    assert details["LogFile"].endswith("/stderr.gz")


def test_steps_behind_one_that_cancels_are_canceled_and_the_cluster_waits(emr: Any, cluster: str) -> None:
    first, second = run(emr, cluster, step("false", on_failure="CANCEL_AND_WAIT"), step("true"))
    assert (first["Status"]["State"], second["Status"]["State"]) == ("FAILED", "CANCELLED")
    until(lambda: state(emr, cluster) == "WAITING")


def test_more_steps_run_at_a_time_and_are_canceled_and_paged(
    emr: Any, cluster: str, client: Callable[..., Any]
) -> None:
    emr.modify_cluster(ClusterId=cluster, StepConcurrencyLevel=2)
    ids = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step("sleep", "600") for _ in range(52)])["StepIds"]
    looking = hasty(client("emr"))
    until(lambda: len(looking.list_steps(ClusterId=cluster, StepStates=["RUNNING"])["Steps"]) == 2)
    pages = list(looking.get_paginator("list_steps").paginate(ClusterId=cluster, StepStates=["PENDING", "RUNNING"]))
    assert [len(page["Steps"]) for page in pages] == [50, 2]
    with pytest.raises(emr.exceptions.ClientError, match="TERMINATE_CLUSTER is not valid with a step concurrency"):
        emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step("true", on_failure="TERMINATE_CLUSTER")])
    answers = emr.cancel_steps(ClusterId=cluster, StepIds=[*ids, "s-NONE"])["CancelStepsInfoList"]
    assert [answer["Status"] for answer in answers] == ["SUBMITTED"] * 52 + ["FAILED"]
    assert {ended(emr, cluster, identifier)["Status"]["State"] for identifier in ids} == {"CANCELLED"}
    emr.modify_cluster(ClusterId=cluster, StepConcurrencyLevel=1)


def test_a_resize_brings_instances_and_lets_them_go(emr: Any, cluster: str) -> None:
    def core() -> dict[str, Any]:
        groups = emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]
        found: dict[str, Any] = next(group for group in groups if group["InstanceGroupType"] == "CORE")
        return found

    def resized(count: int) -> bool:
        there = core()
        return bool(there["RunningInstanceCount"] == count and there["Status"]["State"] == "RUNNING")

    for count in (2, 1):
        change = {"InstanceGroupId": core()["Id"], "InstanceCount": count}
        emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[change])
        until(lambda: resized(count))  # noqa: B023
    ended_ones = emr.list_instances(ClusterId=cluster, InstanceStates=["TERMINATED"])["Instances"]
    assert [one["Status"]["StateChangeReason"]["Message"] for one in ended_ones] == [
        "Instance was terminated by a resize"
    ]
    with pytest.raises(emr.exceptions.ClientError, match="at least one|no number of instances"):
        emr.modify_instance_groups(ClusterId=cluster, InstanceGroups=[{**change, "InstanceCount": 0}])


def test_a_protected_cluster_is_not_terminated(emr: Any, cluster: str) -> None:
    emr.set_termination_protection(JobFlowIds=[cluster], TerminationProtected=True)
    with pytest.raises(emr.exceptions.ClientError, match="termination protected"):
        emr.terminate_job_flows(JobFlowIds=[cluster])
    emr.set_termination_protection(JobFlowIds=[cluster], TerminationProtected=False)
    assert state(emr, cluster) in ("WAITING", "RUNNING")


def test_settings_of_a_cluster_are_changed_and_read(emr: Any, cluster: str) -> None:
    emr.put_auto_termination_policy(ClusterId=cluster, AutoTerminationPolicy={"IdleTimeout": 3600})
    assert emr.get_auto_termination_policy(ClusterId=cluster)["AutoTerminationPolicy"] == {"IdleTimeout": 3600}
    emr.remove_auto_termination_policy(ClusterId=cluster)
    limits = {"UnitType": "Instances", "MinimumCapacityUnits": 1, "MaximumCapacityUnits": 1}
    emr.put_managed_scaling_policy(ClusterId=cluster, ManagedScalingPolicy={"ComputeLimits": limits})
    assert emr.get_managed_scaling_policy(ClusterId=cluster)["ManagedScalingPolicy"]["ComputeLimits"] == limits
    emr.remove_managed_scaling_policy(ClusterId=cluster)
    emr.add_tags(ResourceId=cluster, Tags=[{"Key": "cost", "Value": "7"}])
    emr.remove_tags(ResourceId=cluster, TagKeys=["cost"])
    assert emr.describe_cluster(ClusterId=cluster)["Cluster"]["Tags"] == [{"Key": "team", "Value": "air"}]


def test_a_cluster_without_work_ends_after_its_last_step_and_one_that_fails_with_errors(
    emr: Any, default_roles: dict[str, str]
) -> None:
    done = emr.run_job_flow(**job_flow(keep=False, Steps=[step("true")]))["JobFlowId"]
    failed = emr.run_job_flow(**job_flow(Steps=[step("false", on_failure="TERMINATE_CLUSTER")]))["JobFlowId"]
    until(lambda: state(emr, done) == "TERMINATED")
    until(lambda: state(emr, failed) == "TERMINATED_WITH_ERRORS")
    reasons = [emr.describe_cluster(ClusterId=one)["Cluster"]["Status"]["StateChangeReason"] for one in (done, failed)]
    assert [reason["Code"] for reason in reasons] == ["ALL_STEPS_COMPLETED", "STEP_FAILURE"]
    # By these words Terraform tells that there is nothing more to be removed.
    group = emr.list_instance_groups(ClusterId=done)["InstanceGroups"][0]["Id"]
    with pytest.raises(emr.exceptions.ClientError, match="ValidationException.*An instance group may only be modified"):
        emr.modify_instance_groups(InstanceGroups=[{"InstanceGroupId": group, "InstanceCount": 0}])
    with pytest.raises(emr.exceptions.InvalidRequestException, match="Use the ListInstanceGroups operation instead"):
        emr.list_instance_fleets(ClusterId=done)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Applications": [{"Name": "Presto"}]}, "Presto is not available with emr-7.10.0 here; available are"),
        ({"ReleaseLabel": "emr-9.9.0"}, "emr-9.9.0 is not available"),
        ({"JobFlowRole": "Nobody"}, "Invalid InstanceProfile: Nobody"),
        ({"ServiceRole": "Nobody"}, "Invalid Service role: Nobody"),
        ({"SecurityConfiguration": "none"}, "none"),
        ({"StepConcurrencyLevel": 300}, "between 1 and 256"),
    ],
)
def test_a_request_that_cannot_be_carried_out_is_refused(
    emr: Any, default_roles: dict[str, str], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=words):
        emr.run_job_flow(**job_flow(**change))


def test_roles_can_be_handed_to_a_cluster_by_who_may_pass_them(
    client: Callable[..., Any], default_roles: dict[str, str]
) -> None:
    iam, user = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    allowed = {"Effect": "Allow", "Action": "elasticmapreduce:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=user, PolicyName="emr", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = client("emr", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    with pytest.raises(botocore.exceptions.ClientError, match=r"iam:PassRole on resource: .*EMR_DefaultRole"):
        theirs.run_job_flow(**job_flow())


def test_releases_tell_the_applications_that_are_here(emr: Any) -> None:
    labels = emr.list_release_labels(Filters={"Prefix": "emr-7", "Application": "spark"})["ReleaseLabels"]
    found = emr.describe_release_label(ReleaseLabel=labels[0])["Applications"]
    assert labels[0] == "emr-7.14.0"
    assert {"Name": "Spark", "Version": "3.5.9"} in found
    types = emr.list_supported_instance_types(ReleaseLabel=labels[0])["SupportedInstanceTypes"]
    assert next(one for one in types if one["Type"] == "c5.xlarge")["VCPU"] == 4


def test_security_configurations_are_kept(emr: Any) -> None:
    name = f"secure-{os.getpid()}"
    emr.create_security_configuration(Name=name, SecurityConfiguration='{"EncryptionConfiguration": {}}')
    assert name in [each["Name"] for each in emr.list_security_configurations()["SecurityConfigurations"]]
    with pytest.raises(emr.exceptions.InvalidRequestException, match="already exists"):
        emr.create_security_configuration(Name=name, SecurityConfiguration="{}")
    emr.delete_security_configuration(Name=name)
    with pytest.raises(emr.exceptions.InvalidRequestException, match="does not exist"):
        emr.describe_security_configuration(Name=name)
