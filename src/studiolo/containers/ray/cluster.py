"""The REST API of Ray's jobs (docs.ray.io, "Ray Jobs REST API"), at the address of the cluster's dashboard."""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import urllib3

from studiolo.domain import Conflict

log = logging.getLogger(__name__)

SECONDS = 30.0
"""Longest that the cluster may take to answer a request: one about a job on a node that has died takes long."""
Patience = Mapping[str, Any]
ASK: Patience = {"timeout": SECONDS, "retries": urllib3.Retry(3, backoff_factor=0.5)}
COUNT: Patience = {"timeout": 3.0, "retries": False}
"""How long an answer is waited for: all jobs wait while cores are counted."""
START_TIMEOUT = "JOB_SUPERVISOR_ACTOR_START_TIMEOUT"
LONGEST_REFUSAL = 300


class ClusterUnavailable(Conflict):
    """The cluster does not answer, or not as asked."""


@dataclass(frozen=True)
class RayJob:
    """What Ray says of a job: its status, a sentence about that, and the kind of its error."""

    status: str
    message: str
    error: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "RayJob":
        return cls(answer["status"], answer.get("message") or "", answer.get("error_type") or "")

    @property
    def over(self) -> bool:
        return self.status in ("SUCCEEDED", "FAILED", "STOPPED")

    @property
    def had_no_place(self) -> bool:
        """Whether it waited for a free core until Ray gave it up."""
        return START_TIMEOUT in self.error


class Cluster:
    """A Ray cluster. Whatever it cannot do raises ClusterUnavailable."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._pool = urllib3.PoolManager()
        self._cores = 1

    def cores(self) -> int:
        """The cores of the nodes that live; where the cluster does not answer, as many as it last had, or one."""
        try:
            answer = self._json("GET", "/api/v0/nodes?detail=1&limit=10000", COUNT)
        except ClusterUnavailable as error:
            # Whatever is begun meanwhile fails by that, and says so.
            log.warning("%s", error)
            return self._cores
        nodes = answer["data"]["result"]["result"]
        alive = [node["resources_total"] for node in nodes if node["state"] == "ALIVE"]
        self._cores = int(sum(resources.get("CPU", 0) for resources in alive))
        return self._cores

    def upload(self, name: str, package: bytes) -> str:
        """Leave a zip file with the cluster unless it has it; its URI in a runtime environment."""
        path = f"/api/packages/gcs/{name}"
        if self._request("GET", path, missing=True).status == HTTPStatus.NOT_FOUND:
            self._request("PUT", path, package)
        return f"gcs://{name}"

    def submit(self, request: Mapping[str, Any]) -> None:
        """Have a job begun; the request is the body of Ray's."""
        self._request("POST", "/api/jobs/", json.dumps(request).encode())

    def job(self, name: str) -> RayJob:
        return RayJob.of(self._json("GET", f"/api/jobs/{name}"))

    def stop(self, name: str) -> None:
        """Ask for the end of a job, if there is one of that name."""
        self._request("POST", f"/api/jobs/{name}/stop", missing=True)

    async def printed(self, name: str) -> AsyncIterator[str]:
        """What the job prints, from its beginning, as it is printed, until it or the connection ends."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{self.address}/api/jobs/{name}/logs/tail", heartbeat=SECONDS) as connection,
            ):
                async for message in connection:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        yield message.data
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ClusterUnavailable(f"The Ray cluster at {self.address} does not answer: {error}") from error

    def _json(self, method: str, path: str, patience: Patience = ASK) -> Any:
        try:
            return self._request(method, path, patience=patience).json()
        except ValueError as error:
            raise ClusterUnavailable(f"What answers at {self.address} is no dashboard of Ray.") from error

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        missing: bool = False,
        patience: Patience = ASK,
    ) -> urllib3.BaseHTTPResponse:
        """`missing`: the answer may be that there is no such thing."""
        try:
            answer = self._pool.request(method, self.address + path, body=body, **patience)
        except urllib3.exceptions.HTTPError as error:
            raise ClusterUnavailable(f"The Ray cluster at {self.address} does not answer: {error}") from error
        if answer.status >= HTTPStatus.BAD_REQUEST and not (missing and answer.status == HTTPStatus.NOT_FOUND):
            words = answer.data.decode(errors="replace").strip()[-LONGEST_REFUSAL:]
            raise ClusterUnavailable(f"The Ray cluster at {self.address} answers {answer.status}: {words}")
        return answer
