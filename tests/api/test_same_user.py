"""A Java server that takes connections of its own system user alone."""

import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from py4j.java_gateway import JavaGateway

from studiolo.clusters.applications.trino import SAME_USER
from studiolo.config import Settings
from studiolo.runtimes import Runtimes
from tests.conftest import Server
from tests.stranger import as_another_user

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's table of connections is asked")


@pytest.fixture
def java(server: Server) -> Iterator[Any]:
    """A Java with the option that Trino is started with."""
    runtimes = Runtimes(Settings(data=server.data))
    runtime = runtimes.for_emr("emr-7.10.0").runtime
    gateway = JavaGateway.launch_gateway(
        java_path=str(runtime.java / "bin" / "java"),
        classpath=str(runtimes.doors(runtime)),
        javaopts=list(SAME_USER),
        die_on_exit=True,
        enable_auth=True,
    )
    yield gateway.jvm
    gateway.shutdown()
    gateway.java_process.communicate(timeout=30)


def test_connections_of_other_users_are_closed_and_those_of_its_own_are_served(java: Any) -> None:
    listening = java.java.nio.channels.ServerSocketChannel.open()
    listening.bind(java.java.net.InetSocketAddress("127.0.0.1", 0))
    address = ("127.0.0.1", listening.socket().getLocalPort())

    def knock() -> dict[str, Any]:
        with socket.create_connection(address, 20) as stranger:
            return {"closed": stranger.recv(1) == b""}

    with ThreadPoolExecutor() as pool:
        accepted = pool.submit(listening.accept)
        if os.geteuid() == 0:
            assert as_another_user(knock) == {"closed": True}
            assert not accepted.done()
        with socket.create_connection(address, 20) as own:
            assert accepted.result(30).socket().getPort() == own.getsockname()[1]
