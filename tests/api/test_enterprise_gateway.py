"""JupyterEnterpriseGateway on a cluster of EMR: kernels by the client that JupyterLab has for it."""

import asyncio
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayMappingKernelManager

from tests.api.clusters import create_default_roles, job_flow
from tests.conftest import Server
from tests.stranger import as_another_user
from tests.waiting import until

pytestmark = pytest.mark.heavy

CELLS = (
    "sc.parallelize(range(10), 2).map(lambda n: n * n).sum()",
    "spark.sql('select 1 + 1 as two').collect()[0].two",
    "import boto3; sc.master.partition(':')[0] + ' ' + boto3.client('sts').get_caller_identity()['Arn']",
    "from ipykernel.connect import get_connection_info; get_connection_info(unpack=True)['transport']",
)
ENDLESS = "import time\nwhile True: time.sleep(0.1)"


@pytest.fixture(scope="module")
def cluster(client: Callable[..., Any], server: Server) -> Iterator[tuple[str, str]]:
    """A cluster's id, and the address of its gateway."""
    create_default_roles(client("iam"))
    emr = client("emr")
    identifier: str = emr.run_job_flow(**job_flow("Spark", "JupyterEnterpriseGateway"))["JobFlowId"]
    emr.get_waiter("cluster_running").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
    host = emr.describe_cluster(ClusterId=identifier)["Cluster"]["MasterPublicDnsName"]
    yield identifier, f"http://{host}:9547"
    emr.terminate_job_flows(JobFlowIds=[identifier])
    emr.get_waiter("cluster_terminated").wait(ClusterId=identifier, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    assert not [process for process in server.children() if identifier in " ".join(process.cmdline())]


async def execute(kernels: GatewayMappingKernelManager, kernel: str, code: str, *, interrupt: bool = False) -> Any:
    """What a cell comes to: its result, or the name of its error."""
    client = kernels.get_kernel(kernel).client()
    await client.start_channels()
    try:
        asked = client.execute(code)
        while True:
            message = await client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "execute_input" and interrupt:
                await kernels.interrupt_kernel(kernel)
            if kind == "execute_result":
                return content["data"]["text/plain"]
            if kind == "error":
                return content["ename"]
    finally:
        client.stop_channels()


def test_a_notebook_has_spark_on_the_cluster_and_its_role(cluster: tuple[str, str], server: Server) -> None:
    async def use() -> tuple[list[Any], Any]:
        GatewayClient.instance(url=cluster[1], request_timeout=120)
        kernels = GatewayMappingKernelManager()
        kernel = await kernels.start_kernel(kernel_name="pysparkkernel")
        results = [await execute(kernels, kernel, cell) for cell in CELLS]
        stopped = await execute(kernels, kernel, ENDLESS, interrupt=True)
        await kernels.shutdown_kernel(kernel)
        return results, stopped

    with urllib.request.urlopen(f"{cluster[1]}/api/kernelspecs") as answer:
        assert sorted(json.load(answer)["kernelspecs"]) == ["pysparkkernel", "python3"]
    results, stopped = asyncio.run(use())
    assert results[:2] == ["285", "2"]
    assert results[2].startswith("'spark arn:aws:sts::000000000000:assumed-role/EMR_EC2_DefaultRole/")
    # Whatever it prints, nobody else can read.
    assert results[3] == "'ipc'"
    assert stopped == "KeyboardInterrupt"
    until(lambda: not [p for p in server.children() if "notebook.py" in " ".join(p.cmdline())], seconds=30)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user_and_a_page_of_a_browser_are_not_served(cluster: tuple[str, str]) -> None:
    def knock(headers: dict[str, str]) -> str:
        asked = urllib.request.Request(f"{cluster[1]}/api/kernels", data=b"{}", headers=headers)
        try:
            urllib.request.urlopen(asked, timeout=30)
        except urllib.error.HTTPError as error:
            return f"{error.code} {json.load(error)['message']}"
        return "served"

    assert "system user" in as_another_user(lambda: {"told": knock({})})["told"]
    for headers in ({"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "a.example"}):
        assert knock(headers).startswith("403 Pages of browsers")
