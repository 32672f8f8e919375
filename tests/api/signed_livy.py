"""A client of the Livy endpoint of an EMR Serverless application: JSON over HTTP, signed."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.conftest import REGION, Server
from tests.waiting import until

ROLE = "emr-serverless.session.executionRoleArn"


@dataclass(frozen=True)
class SignedLivy:
    server: Server
    application: str
    key: tuple[str, ...]

    def ask(self, method: str, path: str, body: Any = None, host: str | None = None) -> tuple[int, Any]:
        """The status and the JSON of an answer. host: asked by this name, and not by a path."""
        url = self.server.endpoint + (path if host else f"/livy/emr-serverless/{self.application}{path}")
        headers = {"Content-Type": "application/json", **({"Host": host} if host else {})}
        request = AWSRequest(method, url, headers, None if body is None else json.dumps(body))
        SigV4Auth(Credentials(*self.key), "emr-serverless", REGION).add_auth(request)
        signed = urllib.request.Request(url, request.body, dict(request.headers.items()), method=method)
        try:
            with urllib.request.urlopen(signed, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def session(self, **asked: Any) -> str:
        """The path of a session that is idle."""
        status, made = self.ask("POST", "/sessions", asked)
        assert status == 201, made
        path = f"/sessions/{made['id']}"
        until(lambda: self.ask("GET", path)[1]["state"] != "starting", seconds=120)
        assert self.ask("GET", path)[1]["state"] == "idle"
        return path

    def run(self, session: str, code: str, kind: str | None = None) -> dict[str, Any]:
        """The output of a statement."""
        asked = {"code": code} if kind is None else {"code": code, "kind": kind}
        status, made = self.ask("POST", f"{session}/statements", asked)
        assert status == 201, made
        path = f"{session}/statements/{made['id']}"
        done = until(
            lambda: (found := self.ask("GET", path)[1])["state"] not in ("waiting", "running") and found, seconds=120
        )
        output: dict[str, Any] = done["output"]
        return output
