"""Sessions on Sail over the death of the server."""

import subprocess
import sys
from typing import Any

from tests.conftest import Server, create_role, free_port
from tests.waiting import until

PROGRAM = """
import sys
from pyspark.sql import SparkSession
print(SparkSession.builder.remote(sys.argv[1]).getOrCreate().sql("show databases").count())
"""


def session_of(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.client("glue").get_session(Id="one")["Session"]
    return found


def test_sail_goes_on_without_the_server_and_fails_where_it_cannot_find_the_next(own_server: Server) -> None:
    given = {"SessionType": "SPARK_CONNECT", "DefaultArguments": {"--spark-connect-engine": "sail"}}
    own_server.client("glue").create_session(
        Id="one", Role=create_role(own_server), Command={"Name": "glueetl"}, **given
    )
    until(lambda: session_of(own_server)["Status"] == "READY", seconds=240)
    before = own_server.client("glue").get_session_endpoint(SessionId="one")["SparkConnect"]
    own_server.kill()
    own_server.up()
    assert own_server.client("glue").get_session_endpoint(SessionId="one")["SparkConnect"] == before
    address = f"{before['Url']}/;authorization=Bearer%20{before['AuthToken']}"
    command = [sys.executable, "-c", PROGRAM, address]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert answer.stdout.strip() == "1", answer.stderr
    own_server.kill()
    own_server.port = free_port()
    own_server.up()
    until(lambda: session_of(own_server)["Status"] == "FAILED")
    assert f"Studiolo answers at {own_server.endpoint} now" in session_of(own_server)["ErrorMessage"]
    until(lambda: not any("kernel.sail_server" in " ".join(child.cmdline()) for child in own_server.children()))
