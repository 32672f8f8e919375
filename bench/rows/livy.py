"""What Livy's REST API adds to a statement: `1+1` posted and read until it is available, against a bare kernel."""

import http.client
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.bench import Bench
from bench.children import wait_until
from bench.row import Quantity, Row, at_most_over
from bench.rows.statements import STATEMENTS, straight
from bench.server import Server
from bench.signing import REGION

ROLE = "emr-serverless.session.executionRoleArn"


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    emr = server.client("emr-serverless")
    application = emr.create_application(
        releaseLabel="emr-7.13.0", type="SPARK", interactiveConfiguration={"livyEndpointEnabled": True}
    )["applicationId"]
    emr.start_application(applicationId=application)
    wait_until(lambda: emr.get_application(applicationId=application)["application"]["state"] == "STARTED", 30)
    livy = Livy(server, application)
    session = f"/sessions/{livy.ask('POST', '/sessions', {'kind': 'pyspark', 'conf': {ROLE: server.role()}})['id']}"
    wait_until(lambda: livy.ask("GET", session)["state"] == "idle", 120)
    server.settle()
    livy.run(session)
    taken = []
    for _ in range(STATEMENTS):
        began = time.perf_counter()
        livy.run(session)
        taken.append(time.perf_counter() - began)
    livy.ask("DELETE", session)
    ours = Quantity(statistics.median(taken) * 1000, "ms")
    yield at_most_over(
        "statement 1+1 by Livy, over a bare kernel", Quantity(20, "ms"), ours, Quantity(straight(), "ms")
    )


class Livy:
    """The signed Livy endpoint of an application, over one connection."""

    def __init__(self, server: Server, application: str) -> None:
        self._base = f"/livy/emr-serverless/{application}"
        self._endpoint = server.endpoint
        self._key = Credentials(*server.key())
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that is answered."""
        data = None if body is None else json.dumps(body)
        request = AWSRequest(method, self._endpoint + self._base + path, {}, data)
        SigV4Auth(self._key, "emr-serverless", REGION).add_auth(request)
        self._connection.request(method, self._base + path, request.body, dict(request.headers.items()))
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"Livy answered {answer.status}: {content[:300]!r}")
        return json.loads(content)

    def run(self, session: str) -> None:
        """Run `1+1` until its answer is there."""
        statement = self.ask("POST", f"{session}/statements", {"code": "1+1"})
        while statement["state"] in ("waiting", "running"):
            statement = self.ask("GET", f"{session}/statements/{statement['id']}")
        assert statement["output"]["data"]["text/plain"] == "2", statement
