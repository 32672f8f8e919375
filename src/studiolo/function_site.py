"""What is at the names of function URLs: a request becomes an event of the function, its result the answer.

After "Invoking Lambda function URLs" (AWS Lambda Developer Guide), whose payload format is API Gateway's 2.0.
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from studiolo.asgi import Disconnected, Message, Receive, Send, request_head
from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.protocols import new_request_id
from studiolo.aws.sigv4 import Claim, claimed, prove
from studiolo.bodies import Bodies, Crowded, TooLarge
from studiolo.domain import Conflict, DomainError, now
from studiolo.functions import IAM, STREAMED, Functions, FunctionUrl, Result, Stream, Throttled, granting
from studiolo.identity import Identity, NotAuthorized, Principal, Question, anonymous
from studiolo.lanes import Lanes
from studiolo.signers import Signers, told_by
from studiolo.state import StateUnavailable

NAME = re.compile(r"([a-z0-9]{32})\.lambda-url\.([a-z0-9-]+)\.localhost")
"""The host names of function URLs."""

LARGEST = 6 * 1024 * 1024
"""Bytes of a request, as of every function's payload."""

SERVICE = "lambda"
TEXTS = re.compile(r"text/.*|application/(?:.*\+)?(?:json|xml)|application/(?:javascript|x?html)")
"""The content types of bodies that functions are given as they are: others are in base64."""

PRELUDE, PRELUDE_END, LARGEST_PRELUDE = "application/vnd.awslambda.http-integration-response", bytes(8), 64 * 1024
"""Of an answer that streams: its content type where it begins with its status and headers as JSON, and these bytes."""

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
"""What the name of a header, and its value, may be (RFC 9110)."""


@dataclass
class Answer:
    """headers: one of a name, but cookies."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)

    def start(self, request_id: str) -> Message:
        headers = {"x-amzn-requestid": request_id, "content-type": "application/json", **self.headers}
        pairs = [*headers.items(), *(("set-cookie", each) for each in self.cookies)]
        raw = [(name.encode("latin-1"), value.encode()) for name, value in pairs]
        return {"type": "http.response.start", "status": self.status, "headers": raw}

    async def send(self, send: Send, request_id: str) -> None:
        self.headers["content-length"] = str(len(self.body))
        await send(self.start(request_id))
        await send({"type": "http.response.body", "body": self.body})


@dataclass
class Streamed(Answer):
    """An answer whose body comes after `body`, piece by piece, and ends with the function's result."""

    rest: AsyncIterator[bytes] | None = None
    result: "Future[Result] | None" = None

    async def send(self, send: Send, request_id: str) -> None:
        assert self.rest is not None
        assert self.result is not None
        await send(self.start(request_id))
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        async with aclosing(self.rest):  # type: ignore[type-var]
            async for piece in self.rest:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        # One that has failed must not look whole: without its end the connection is cut.
        if (await asyncio.wrap_future(self.result)).error is None:
            await send({"type": "http.response.body", "body": b""})


class FunctionSite:
    """The ASGI app for the names of all function URLs."""

    def __init__(self, functions: Functions, identity: Identity) -> None:
        self._functions = functions
        self._identity = identity
        self._bodies = Bodies(LARGEST, 4 * LARGEST)
        self._lanes = Lanes(threads=8)

    def close(self) -> None:
        self._lanes.close()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close"})
            return
        request_id = new_request_id()
        try:
            answer = await self._answer(request_head(scope), receive, request_id)
            await answer.send(send, request_id)
        except Disconnected:
            return

    async def _answer(self, head: HttpRequest, receive: Receive, request_id: str) -> Answer:
        place = NAME.fullmatch(head.headers["host"].partition(":")[0].lower())
        assert place is not None, "Sites has matched it"
        url = await self._lanes.run(self._functions.urls.at, place[1], place[2])
        if url is None:
            return _refusal(404, "There is no function URL of this name.")
        if _is_preflight(head) and url.cors is not None:
            return Answer(200, b"", _preflight(url.cors, head.headers))
        try:
            claim = claimed(head, now(), protocol="rest-json") if url.auth == IAM else None
            if claim is not None:
                await self._lanes.run(claim.credential, Signers(self._identity).find)
            async with self._bodies.body(receive, None) as body:
                answer = await self._invoked(url, replace(head, body=body), claim, request_id)
        except NotAuthorized as error:
            self._identity.note_denial(request_id, error)
            answer = _refusal(403, "Forbidden")
        except (ServiceError, DomainError, Throttled, TooLarge, Crowded, StateUnavailable) as error:
            answer = _said(error)
        if url.cors is not None:
            answer.headers |= _shared(url.cors, head.headers.get("origin"))
        return answer

    async def _invoked(self, url: FunctionUrl, request: HttpRequest, claim: Claim | None, request_id: str) -> Answer:
        principal, key = await self._lanes.run(self._admit, url, request, claim)
        event = json.dumps(_event(url, request, principal, key, request_id)).encode()
        invoke, of = self._functions.invoke, (url.scope, url.function, url.alias)
        if url.mode == STREAMED:
            stream = Stream()
            begun = await self._lanes.run(invoke, *of, event, None, stream)
            return await _streamed(stream, begun)
        begun = await self._lanes.run(invoke, *of, event, None)
        return _answered(await asyncio.wrap_future(begun))

    def _admit(self, url: FunctionUrl, request: HttpRequest, claim: Claim | None) -> tuple[Principal, str | None]:
        """Who calls, if they may, and the access key that they sign with. Raises NotAuthorized, ServiceError."""
        principal, key = anonymous(url.scope.account, url.scope.partition), None
        if claim is not None:
            signers = Signers(self._identity)
            verified = prove(request, claim, signers.find, now())
            if (verified.service, verified.region) != (SERVICE, url.scope.region):
                text = f"Credential should be scoped to service {SERVICE} and region {url.scope.region}."
                raise ServiceError("SignatureDoesNotMatch", text, 403)
            principal, key = signers.principals[verified.access_key], verified.access_key
            self._identity.note_use(key, principal, SERVICE, url.scope.region)
        principal = replace(principal, told=told_by(request, url.scope.region))
        question = Question("lambda:InvokeFunctionUrl", url.arn, {"lambda:FunctionUrlAuthType": url.auth})
        self._identity.authorize(principal, [question], policy=granting.policies(self._identity, url.arn))
        return principal, key


async def _streamed(stream: Stream, begun: "Future[Result]") -> Answer:
    """What a function answers piece by piece, from the first on: described by a prelude, or else the bytes themselves."""
    pieces = stream.pieces()
    said = bytearray(await anext(pieces, b""))
    if stream.content_type is None or not said:
        result = await asyncio.wrap_future(begun)
        if result.error is not None:
            return Answer(502, b"Internal Server Error")
        if stream.content_type is None:
            return Answer(200, result.payload)
    if stream.content_type != PRELUDE:
        headers = {"content-type": str(stream.content_type)}
        return Streamed(200, bytes(said), headers, rest=pieces, result=begun)
    while PRELUDE_END not in said and len(said) <= LARGEST_PRELUDE:
        piece = await anext(pieces, None)
        if piece is None:
            break
        said += piece
    prelude, _, body = bytes(said).partition(PRELUDE_END)
    described = _described(prelude)
    if described is None:
        return Answer(502, b"Internal Server Error")
    status, headers, cookies = described
    headers.setdefault("content-type", "application/octet-stream")
    return Streamed(status, body, headers, cookies, rest=pieces, result=begun)


def _described(prelude: bytes) -> tuple[int, dict[str, str], list[str]] | None:
    """The status, headers and cookies that a prelude says; None for one that says none that could be."""
    try:
        said = json.loads(prelude)
        return _head(said, int(said.get("statusCode", 200)))
    except (ValueError, TypeError, AttributeError):
        return None


def _head(said: Mapping[str, Any], status: int) -> tuple[int, dict[str, str], list[str]] | None:
    """Raises ValueError, TypeError, AttributeError."""
    headers = {str(name).lower(): str(value) for name, value in (said.get("headers") or {}).items()}
    cookies = [str(each) for each in said.get("cookies") or ()]
    written = [*headers.values(), *cookies]
    if not 200 <= status < 600 or not all(map(TOKEN.fullmatch, headers)) or not all(map(VALUE.fullmatch, written)):
        return None
    return status, headers, cookies


def _event(
    url: FunctionUrl, request: HttpRequest, principal: Principal, key: str | None, request_id: str
) -> dict[str, Any]:
    """The event that a function is given."""
    moment = now()
    headers = {name: value for name, value in request.headers.items() if name not in ("authorization", "cookie")}
    context: dict[str, Any] = {
        "accountId": "anonymous" if key is None else principal.account,
        "apiId": url.id,
        "domainName": request.headers["host"],
        "domainPrefix": url.id,
        "http": {
            "method": request.method,
            "path": unquote(request.path),
            "protocol": "HTTP/1.1",
            "sourceIp": request.peer,
            "userAgent": request.headers.get("user-agent"),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(moment.timestamp() * 1000),
    }
    if key is not None:
        context["authorizer"] = {"iam": _signer(principal, key)}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if "cookie" in request.headers:
        event["cookies"] = [each.strip() for each in request.headers["cookie"].split(";")]
    if request.query:
        event["queryStringParameters"] = _joined(request.query)
    body = request.body if isinstance(request.body, bytes) else b""
    if body:
        event |= _body(body, request.headers.get("content-type", ""))
    return event


def _signer(principal: Principal, key: str) -> dict[str, Any]:
    return {
        "accessKey": key,
        "accountId": principal.account,
        "callerId": principal.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": principal.arn,
        "userId": principal.user_id,
    }


def _joined(query: str) -> dict[str, str]:
    """Parameters by name, those of one name with commas between them."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    if TEXTS.fullmatch(content_type.partition(";")[0].strip().lower()):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _answered(result: Result) -> Answer:
    """What a function has returned, as an answer: one that it describes by `statusCode`, or else the JSON itself."""
    if result.error is not None:
        return Answer(502, b"Internal Server Error")
    try:
        said = json.loads(result.payload)
    except ValueError:
        said = None
    if not isinstance(said, Mapping) or "statusCode" not in said:
        return Answer(200, result.payload)
    try:
        body = said.get("body")
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        data = base64.b64decode(text, validate=True) if said.get("isBase64Encoded") else text.encode()
        head = _head(said, int(said["statusCode"]))
    except (ValueError, TypeError, AttributeError):
        head = None
    if head is None:
        return Answer(502, b"Internal Server Error")
    return Answer(head[0], data, head[1], head[2])


def _is_preflight(head: HttpRequest) -> bool:
    return head.method == "OPTIONS" and {"origin", "access-control-request-method"} <= head.headers.keys()


def _preflight(cors: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that let a browser send what it asks for, where it may."""
    found = _shared(cors, headers["origin"])
    methods = cors.get("AllowMethods", ())
    if "Access-Control-Allow-Origin" not in found:
        return found
    if "*" in methods or headers["access-control-request-method"] in methods:
        found["Access-Control-Allow-Methods"] = ",".join(methods)
    if cors.get("AllowHeaders"):
        found["Access-Control-Allow-Headers"] = ",".join(cors["AllowHeaders"])
    if "MaxAge" in cors:
        found["Access-Control-Max-Age"] = str(cors["MaxAge"])
    return found


def _shared(cors: Mapping[str, Any], origin: str | None) -> dict[str, str]:
    """The headers that let pages of an origin read an answer."""
    allowed = cors.get("AllowOrigins", ())
    if origin is None or not ("*" in allowed or origin in allowed):
        return {"Vary": "Origin"}
    found = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    if cors.get("AllowCredentials"):
        found["Access-Control-Allow-Credentials"] = "true"
    if cors.get("ExposeHeaders"):
        found["Access-Control-Expose-Headers"] = ",".join(cors["ExposeHeaders"])
    return found


def _said(error: Exception) -> Answer:
    """A refusal as function URLs word it."""
    if isinstance(error, ServiceError):
        return _refusal(error.status or 403, error.message)
    if isinstance(error, Throttled):
        return _refusal(429, "Rate Exceeded.")
    if isinstance(error, TooLarge):
        return _refusal(413, "Request Too Long")
    if isinstance(error, Crowded):
        return _refusal(503, "There is no room for this body beside those of others.")
    return _refusal(503 if isinstance(error, Conflict | StateUnavailable) else 404, str(error))


def _refusal(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"Message": message}).encode())
