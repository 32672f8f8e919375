"""What a connection leads to, where a live server would take too long to show it."""

import socket

import pytest

from studiolo.catalog.model import Connection
from studiolo.catalog.probes import probe
from studiolo.domain import Invalid


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_server_that_says_nothing_is_not_waited_for_long(engine: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"jdbc:{engine}://127.0.0.1:{silent.getsockname()[1]}/air"
        properties = {"JDBC_CONNECTION_URL": url, "USERNAME": "ann", "PASSWORD": "secret"}
        with pytest.raises(Invalid, match="timed out"):
            probe(Connection("silent", "JDBC", properties=properties), seconds=0.1)
