"""The kernels of SageMaker's image SparkMagic, with Amazon's magics as they are: they find what is here."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec

from studiolo.studio import magics
from tests.api.clusters import create_default_roles, job_flow, machine_role, with_runtime_roles
from tests.browsing import opened_by
from tests.conftest import REGION, Server
from tests.notebooks.test_glue_kernel import Notebook

LOAD = "%load_ext sagemaker_studio_analytics_extension.magics"
CONNECTED = re.compile(r'"success": true')

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def start(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Notebook]]:
    """Starts a notebook on a kernel of that kind, in which the magics are loaded."""
    made = magics.environment()
    made.make(print)
    home = {"HOME": str(tmp_path_factory.mktemp("home")), "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
    started: list[Notebook] = []

    def start(kind: str) -> Notebook:
        spec = magics.specs(made)[f"{magics.NAME}-{kind}"]
        environment = {**server.environment(), **home, **spec["env"]}
        started.append(Notebook(environment, KernelSpec(argv=spec["argv"])))
        started[-1].run(LOAD)
        return started[-1]

    yield start
    for notebook in started:
        notebook.close()


@pytest.fixture(scope="module")
def cluster(client: Callable[..., Any]) -> Iterator[str]:
    create_default_roles(client("iam"))
    emr = client("emr")
    identifier = emr.run_job_flow(**job_flow("Spark", "Livy"))["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    yield identifier
    emr.terminate_job_flows(JobFlowIds=[identifier])


def shown(cell: Any) -> str:
    """All that a cell said and showed."""
    return cell.stdout + cell.stderr + "".join(str(value) for each in cell.shown for value in each.values())


def test_a_notebook_connects_to_a_cluster_and_its_link_opens_the_spark_ui(
    start: Callable[[str], Notebook], cluster: str
) -> None:
    notebook = start("pyspark")
    connected = shown(notebook.run(f"%sm_analytics emr connect --cluster-id {cluster} --auth-type None"))
    assert CONNECTED.search(connected), connected
    assert "45" in shown(notebook.run("print(sum(spark.range(10).toPandas()['id']))"))
    assert "1.5.3" in shown(notebook.run("%%local\nimport pandas\nprint(pandas.__version__)"))
    link = re.search(r'href="(http[^"]+)"', shown(notebook.run("%%info")))
    assert link is not None
    _, page = opened_by(link[1])
    assert (page.status, "Spark Jobs" in page.text) == (200, True), page.words


def test_a_notebook_of_python_connects_with_the_user_of_a_secret(
    start: Callable[[str], Notebook], client: Callable[..., Any], cluster: str
) -> None:
    asked = {"Name": "livy-user", "SecretString": '{"username": "ana", "password": "none"}'}
    secret = client("secretsmanager").create_secret(**asked)["ARN"]
    connect = f"%sm_analytics emr connect --cluster-id {cluster} --auth-type Basic_Access --secret {secret}"
    notebook = start("python")
    connected = shown(notebook.run(f"{connect} --language python"))
    assert CONNECTED.search(connected), connected
    assert "9" in shown(notebook.run("%%spark\nprint(spark.range(9).count())"))


def test_a_notebook_connects_to_a_cluster_with_a_runtime_role(
    start: Callable[[str], Notebook], client: Callable[..., Any]
) -> None:
    emr, iam, name = client("emr"), client("iam"), f"runtime-{uuid.uuid4().hex[:8]}"
    create_default_roles(iam)
    machines = machine_role(iam, {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"})
    who = {"AWS": iam.get_role(RoleName=machines)["Role"]["Arn"]}
    trust = {"Effect": "Allow", "Principal": who, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    asked = job_flow("Spark", "Livy", JobFlowRole=machines, SecurityConfiguration=with_runtime_roles(emr))
    cluster = emr.run_job_flow(**asked)["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=cluster, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    connect = f"%sm_analytics emr connect --cluster-id {cluster} --auth-type Basic_Access"
    notebook = start("pyspark")
    connected = shown(notebook.run(f"{connect} --emr-execution-role-arn {role}"))
    assert CONNECTED.search(connected), connected
    asking = "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])"
    assert f"assumed-role/{name}/" in shown(notebook.run(asking))
    emr.terminate_job_flows(JobFlowIds=[cluster])


def test_a_notebook_connects_to_an_application_of_emr_serverless(
    start: Callable[[str], Notebook], client: Callable[..., Any], role: str
) -> None:
    emr = client("emr-serverless")
    application = emr.create_application(
        releaseLabel="emr-7.13.0", type="SPARK", interactiveConfiguration={"livyEndpointEnabled": True}
    )["applicationId"]
    asked = f"--application-id {application} --emr-execution-role-arn {role}"
    notebook = start("pyspark")
    connected = shown(notebook.run(f"%sm_analytics emr-serverless connect {asked}"))
    assert "local-" in connected, connected
    assert "8" in shown(notebook.run("spark.range(8).count()"))
