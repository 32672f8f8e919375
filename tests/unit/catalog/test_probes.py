"""What a connection leads to, where a live server would take too long to show it."""

import socket

import pytest

from studiolo.catalog.model import Connection
from studiolo.catalog.probes import probe
from studiolo.domain import Invalid


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_server_that_says_nothing_is_not_waited_for_long(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # It is in this process, which is the one that asks.
    monkeypatch.setattr("studiolo.peers.is_of_studiolo", lambda *_: False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"jdbc:{engine}://127.0.0.1:{silent.getsockname()[1]}/air"
        properties = {"JDBC_CONNECTION_URL": url, "USERNAME": "ann", "PASSWORD": "secret"}
        with pytest.raises(Invalid, match="timed out"):
            probe(Connection("silent", "JDBC", properties=properties), seconds=0.1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_a_port_of_this_process_is_as_closed_as_one_where_nothing_listens(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        with pytest.raises(Invalid, match=f":{port}: Connection refused"):
            probe(Connection("own", "KAFKA", properties={"KAFKA_BOOTSTRAP_SERVERS": f"{host}:{port}"}))


@pytest.mark.parametrize("host", ["169.254.169.254", "0", "[fe80::1]", "224.0.0.1"])
def test_addresses_that_lead_to_no_database_are_not_asked(host: str) -> None:
    with pytest.raises(Invalid, match="an address that may not be asked"):
        probe(Connection("strange", "KAFKA", properties={"KAFKA_BOOTSTRAP_SERVERS": f"{host}:80"}))
