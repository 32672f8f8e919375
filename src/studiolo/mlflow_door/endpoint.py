"""MLflow's REST API at the one endpoint: requests that name a tracking server, or an app, by its ARN, and are signed.

So the plugin `sagemaker-mlflow` sends them, to the address that SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT names.
"""

import json
import re
from dataclasses import replace

from studiolo.asgi import Disconnected, Message, Receive, Send, request_head, send_response
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.aws.sigv4 import Claim, claimed, prove
from studiolo.bodies import Bodies, Crowded, TooLarge
from studiolo.domain import DomainError, Scope, now
from studiolo.identity import Identity, NotAuthorized, Question
from studiolo.lanes import Lanes
from studiolo.ml.tags import Tags
from studiolo.mlflow import TrackingServer, TrackingServers
from studiolo.mlflow_door.actions import SERVICE, action
from studiolo.mlflow_door.passing import NotThere, Passing
from studiolo.signers import Signers, told_by
from studiolo.state import StateUnavailable

HEADERS = {"x-mlflow-sm-tracking-server-arn": SERVICE, "x-sm-mlflow-app-arn": "sagemaker"}
"""What names the server, and the service that the request is signed for then."""
ARN = re.compile(
    r"arn:[a-z-]+:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":(?P<kind>mlflow-tracking-server|mlflow-app)/(?P<name>[\w-]+)"
)
CALL_APP = "sagemaker:CallMlflowAppApi"
"""The one right by which all of an app's API may be called."""
MOST_BODY = 32 * 1024 * 1024
"""Bytes of a request: MLflow's largest, a batch of metrics, is 1 MB; a trace may be larger."""

CODES = {400: "INVALID_PARAMETER_VALUE", 403: "PERMISSION_DENIED", 404: "RESOURCE_DOES_NOT_EXIST"}
"""What MLflow's clients know errors by (error_code of its REST API)."""


class SignedMlflow:
    """Answers the requests of MLflow's clients."""

    def __init__(self, servers: TrackingServers, identity: Identity, tags: Tags, passing: Passing) -> None:
        self._servers = servers
        self._identity = identity
        self._tags = tags
        self._passing = passing
        self._bodies = Bodies(MOST_BODY, 4 * MOST_BODY)
        self._lanes = Lanes(threads=8)

    def is_meant(self, scope: Message) -> bool:
        """Whether a request is for a tracking server."""
        return any(name.decode("latin-1") in HEADERS for name, _ in scope["headers"])

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        head = request_head(scope)
        try:
            claim = claimed(head, now(), protocol="rest-json")
            header = next(name for name in HEADERS if name in head.headers)
            if claim.signature.service != HEADERS[header]:
                # botocore has no model of it, by which others are checked.
                text = f"Credential should be scoped to service {HEADERS[header]}."
                raise ServiceError("SignatureDoesNotMatch", text, 403)
            await self._lanes.run(claim.credential, Signers(self._identity).find)
            async with self._bodies.body(receive, None) as body:
                server = await self._lanes.run(self._admit, replace(head, body=body), claim, header)
                await self._passing(scope, send, server, body or None)
        except (ServiceError, NotAuthorized, DomainError, StateUnavailable, TooLarge, Crowded, NotThere) as error:
            await send_response(send, _said(error))
        except Disconnected:
            return

    async def close(self) -> None:
        self._lanes.close()
        await self._passing.close()

    def _admit(self, request: HttpRequest, claim: Claim, header: str) -> TrackingServer:
        """The server that a request is for, if its signer may do there what it asks, and it is up."""
        signers = Signers(self._identity)
        verified = prove(request, claim, signers.find, now())
        principal = replace(signers.principals[verified.access_key], told=told_by(request, verified.region))
        self._identity.note_use(verified.access_key, principal, verified.service, verified.region)
        arn = request.headers[header]
        meant = ARN.fullmatch(arn)
        if meant is None or (meant["account"], meant["region"]) != (principal.account, verified.region):
            raise ServiceError("ValidationException", f"{arn} is no tracking server of this account and region.", 400)
        scope = Scope(meant["account"], meant["region"])
        is_app = meant["kind"] == "mlflow-app"
        asked = CALL_APP if is_app else action(request.method, request.path)
        self._identity.authorize(principal, [Question(asked, arn, {}, lambda: self._tags_of(scope, arn))])
        server = self._servers.app(scope, arn) if is_app else self._servers.get(scope, meant["name"])
        if not server.active:
            text = f"The tracking server {server.title} is {server.status}. {server.failure or ''}".strip()
            raise ServiceError("ServiceUnavailable", text, 503)
        return server

    def _tags_of(self, scope: Scope, arn: str) -> dict[str, str]:
        try:
            return self._tags.of(scope, arn)
        except DomainError:
            return {}


def _said(error: Exception) -> HttpResponse:
    """A refusal as MLflow's clients read it."""
    status, text = 503, str(error)
    if isinstance(error, ServiceError):
        status, text = error.status or 400, error.message
    elif isinstance(error, NotAuthorized):
        status = 403
    elif isinstance(error, DomainError):
        status = 404
    elif isinstance(error, TooLarge):
        status, text = 413, f"A request to MLflow has at most {MOST_BODY} bytes."
    elif isinstance(error, Crowded):
        text = "There is no room for this body beside those of others."
    elif isinstance(error, NotThere):
        text = "The tracking server does not answer: it has just ended."
    code = "TEMPORARILY_UNAVAILABLE" if status == 503 else CODES.get(status, "BAD_REQUEST")
    body = json.dumps({"error_code": code, "message": text}).encode()
    return HttpResponse(status, {"Content-Type": "application/json"}, body)
