"""Asynchronous calls: kept until their answers lie in S3, over the death of the server; at least once, oldest first."""

import asyncio
import logging
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import Row, func, select

from studiolo.calling import Refused, Services
from studiolo.containers.objects import Address, refusal
from studiolo.domain import Clock, DomainError, Invalid, NotFound, Scope
from studiolo.identity import Identity
from studiolo.metrics import Metric, Metrics
from studiolo.ml.resources import Asynchronous
from studiolo.ml.serving.endpoint import DELETING, Endpoint
from studiolo.ml.serving.endpoints import Endpoints
from studiolo.ml.serving.invocation import Answer, Invocations, NotReady, Request, Unavailable
from studiolo.ml.serving.measures import CALLS
from studiolo.ml.serving.results import result_of, topic_of
from studiolo.ml.tables import async_invocations as calls
from studiolo.objects import Objects
from studiolo.processes import remove_left
from studiolo.state import State

log = logging.getLogger(__name__)

SESSION = "SageMaker"
LOOK_SECONDS = 1.0
TOLD_SECONDS = 10.0
"""How often the length of each queue is measured."""
MOST_QUEUED = 10_000
"""Calls that wait for one endpoint."""
LARGEST_INPUT = 1 << 30
"""Bytes, as SageMaker takes them."""


@dataclass(frozen=True)
class Call:
    """What is asked: the S3 URI of the input, or the body itself; where answer and failure go; what the model is told."""

    headers: Mapping[str, str]
    input: str | None = None
    body: bytes | None = None
    output: str = ""
    failure: str | None = None
    inference: str = ""
    keep_seconds: int = 6 * 60 * 60
    seconds: int = 15 * 60
    folder: str | None = None
    filename: str | None = None


class CallFailed(Exception):
    """It will have no answer, with the reason."""


class AsyncInvocations:
    """The asynchronous calls of every scope, done on an event loop of their own. folder: where inputs lie meanwhile."""

    def __init__(
        self,
        state: State,
        endpoints: Endpoints,
        invocations: Invocations,
        objects: Objects,
        identity: Identity,
        metrics: Metrics,
        folder: Path,
        clock: Clock,
    ) -> None:
        self._state = state
        self._endpoints = endpoints
        self._invocations = invocations
        self._objects = objects
        self._identity = identity
        self._services: Services | None = None
        self._metrics = metrics
        self._folder = folder
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._more: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self._told = 0.0

    def start(self) -> None:
        """Begin with what an earlier server left."""
        remove_left(self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=asyncio.run, args=(self._work(),), name="async-inference", daemon=True)
        self._thread.start()

    def serve(self, services: Services) -> None:
        """From now on topics are told."""
        self._services = services

    def close(self) -> None:
        """End; what is under way is done again by the next server."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop)
            self._thread.join(5.0)

    def submit(self, scope: Scope, name: str, call: Call) -> Call:
        """Keep a call to be done, with where its answer will be. Raises NotFound, Invalid and Unavailable."""
        asked = self._settings(scope, name)
        if (call.input is None) == (call.body is None):
            raise Invalid("An asynchronous call needs either an InputLocation or a Body.")
        if call.input is not None:
            Address.of(call.input)
        identifier = str(uuid.uuid4())
        path = [asked.output.rstrip("/"), call.folder and call.folder.strip("/"), call.filename or f"{identifier}.out"]
        failure = asked.failure and f"{asked.failure.rstrip('/')}/{identifier}-error.out"
        output = "/".join(part for part in path if part)
        kept = replace(call, output=output, failure=failure, inference=call.inference or identifier)
        present = self._clock()
        with self._state.transaction() as tx:
            waiting = tx.execute(select(func.count()).where(_is(scope, name))).scalar_one()
            if waiting >= MOST_QUEUED:
                raise Unavailable(f"{waiting} calls wait for endpoint {name}, as many as may. Try again later.")
            tx.execute(
                calls.insert().values(
                    id=identifier,
                    account=scope.account,
                    region=scope.region,
                    endpoint=name,
                    created=present,
                    expires=present + timedelta(seconds=call.keep_seconds),
                    call={key: value for key, value in vars(kept).items() if key != "body"},
                    body=call.body,
                )
            )
        if self._loop is not None and self._more is not None:
            self._loop.call_soon_threadsafe(self._more.set)
        return kept

    def _settings(self, scope: Scope, name: str) -> Asynchronous:
        try:
            deployed = self._endpoints.get(scope, name).deployed
        except NotFound:
            deployed = None
        if deployed is None:
            raise NotFound(f"Endpoint {name} of account {scope.account} not found.")
        if deployed.asynchronous is None:
            raise Invalid(f"Endpoint {name} has no AsyncInferenceConfig: call it by InvokeEndpoint.")
        return deployed.asynchronous

    def _stop(self) -> None:
        for task in asyncio.all_tasks():
            task.cancel()

    async def _work(self) -> None:
        self._loop, self._more = asyncio.get_running_loop(), asyncio.Event()
        try:
            while True:
                try:
                    await self._look()
                except Exception:
                    log.exception("asynchronous calls could not be looked at")
                try:
                    await asyncio.wait_for(self._more.wait(), LOOK_SECONDS)
                except asyncio.TimeoutError:
                    continue
                finally:
                    self._more.clear()
        except asyncio.CancelledError:
            await self._invocations.close()

    async def _look(self) -> None:
        """Begin what there is room for."""
        measured = time.monotonic() - self._told > TOLD_SECONDS
        for scope, name, waiting in await asyncio.to_thread(self._queues):
            endpoint = await asyncio.to_thread(self._endpoint, scope, name)
            if endpoint is None:
                await asyncio.to_thread(self._forget, scope, name)
                continue
            serving = sum(self._endpoints.serving(scope, endpoint).values())
            settings = endpoint.deployed and endpoint.deployed.asynchronous
            if measured:
                self._tell_queue(scope, name, waiting, serving)
            room = serving * settings.most if settings else 0
            for row in await asyncio.to_thread(self._oldest, scope, name, room):
                if row.number not in self._running:
                    task = asyncio.create_task(self._do(scope, endpoint, row))
                    self._running[row.number] = task
                    task.add_done_callback(partial(self._ended, row.number))
        if measured:
            self._told = time.monotonic()

    def _ended(self, number: int, _task: "asyncio.Task[None]") -> None:
        del self._running[number]
        if self._more is not None:
            self._more.set()

    def _queues(self) -> list[tuple[Scope, str, int]]:
        columns = calls.c
        owner = (columns.account, columns.region, columns.endpoint)
        with self._state.reading() as connection:
            rows = connection.execute(select(*owner, func.count()).group_by(*owner)).all()
        return [(Scope(account, region), name, count) for account, region, name, count in rows]

    def _endpoint(self, scope: Scope, name: str) -> Endpoint | None:
        try:
            found = self._endpoints.get(scope, name)
        except NotFound:
            return None
        return None if found.status == DELETING else found

    def _oldest(self, scope: Scope, name: str, limit: int) -> list[Row[Any]]:
        with self._state.reading() as connection:
            query = select(calls).where(_is(scope, name)).order_by(calls.c.number).limit(limit)
            return list(connection.execute(query).all())

    def _forget(self, scope: Scope, name: str, number: int | None = None) -> None:
        which = _is(scope, name) if number is None else calls.c.number == number
        with self._state.transaction() as tx:
            tx.execute(calls.delete().where(which))

    async def _do(self, scope: Scope, endpoint: Endpoint, row: Row[Any]) -> None:
        """Have a call answered, and its answer or failure put; where the model is away, it stays for later."""
        call = Call(**row.call, body=row.body)
        began, present = time.perf_counter(), self._clock()
        kind = reason = None
        try:
            if present > row.expires:
                self._tell(scope, endpoint.name, "ExpiredRequests", 1.0, "Count")
                raise CallFailed(f"The request has expired: it was in the queue for {call.keep_seconds} s.")
            answer = await self._answer(scope, endpoint, call, began)
            if answer.status != 200:
                raise CallFailed(_model_words(scope, endpoint, answer))
            kind = answer.headers.get("Content-Type", "application/octet-stream")
            await asyncio.to_thread(self._put, endpoint, call.output, answer.body, kind)
            outcome = "InvocationsProcessed"
        except (Unavailable, NotReady):
            await asyncio.sleep(LOOK_SECONDS)
            return
        except (CallFailed, DomainError) as error:
            outcome, reason = "InvocationFailures", str(error)
            await asyncio.to_thread(self._put_failure, endpoint, call, reason)
        except asyncio.CancelledError:
            return
        except Exception:
            log.exception("an asynchronous call failed; it is tried again")
            await asyncio.sleep(LOOK_SECONDS)
            return
        await asyncio.to_thread(self._publish, scope, endpoint, call, row.created, kind, reason)
        await asyncio.to_thread(self._forget, scope, endpoint.name, row.number)
        self._tell(scope, endpoint.name, outcome, 1.0, "Count")
        waited = (present - row.created).total_seconds() * 1000
        self._tell(scope, endpoint.name, "TimeInBacklog", max(waited, 0.0), "Milliseconds")
        spent = (time.perf_counter() - began) * 1000
        self._tell(scope, endpoint.name, "TotalProcessingTime", spent, "Milliseconds")

    async def _answer(self, scope: Scope, endpoint: Endpoint, call: Call, began: float) -> Answer:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            body: bytes | Path = call.body or b""
            headers = call.headers
            if call.input is not None:
                body = Path(folder) / "input"
                kind = await asyncio.to_thread(self._fetch, endpoint, call.input, body)
                headers = {"Content-Type": kind, **headers}
            request = Request(body, headers, seconds=call.seconds, asynchronous=True)
            return await self._invocations.call(scope, endpoint.name, request, began)

    def _fetch(self, endpoint: Endpoint, uri: str, file: Path) -> str:
        """Bring the input; its content type. Raises CallFailed."""
        address = Address.of(uri)
        try:
            client = self._client(endpoint)
            head = client.head_object(Bucket=address.bucket, Key=address.key)
            size: int = head["ContentLength"]
            if size > LARGEST_INPUT:
                raise CallFailed(f"The input {uri} has {size} bytes; at most {LARGEST_INPUT} are taken.")
            client.download_file(address.bucket, address.key, str(file))
            return str(head.get("ContentType", "application/octet-stream"))
        except ClientError as error:
            raise CallFailed(f"Unable to download the input {uri}: {refusal(error)}") from error
        except BotoCoreError as error:
            raise Unavailable(f"The object store does not answer: {error}") from error

    def _put(self, endpoint: Endpoint, uri: str, content: bytes, kind: str) -> None:
        """Raises CallFailed."""
        address = Address.of(uri)
        try:
            self._client(endpoint).put_object(Bucket=address.bucket, Key=address.key, Body=content, ContentType=kind)
        except ClientError as error:
            raise CallFailed(f"Unable to put the output to {uri}: {refusal(error)}") from error
        except BotoCoreError as error:
            raise Unavailable(f"The object store does not answer: {error}") from error

    def _put_failure(self, endpoint: Endpoint, call: Call, reason: str) -> None:
        if call.failure is None:
            log.warning("an asynchronous call of endpoint %s has failed: %s", endpoint.name, reason)
            return
        try:
            self._put(endpoint, call.failure, reason.encode(), "text/plain")
        except CallFailed as error:
            log.warning("a failure of endpoint %s could not be put: %s (%s)", endpoint.name, error, reason)

    def _publish(
        self, scope: Scope, endpoint: Endpoint, call: Call, received: datetime, kind: str | None, reason: str | None
    ) -> None:
        """Tell the topic that is named for that, as the model's role. kind: the answer's type; reason: of a failure."""
        deployed = endpoint.deployed
        settings = deployed and deployed.asynchronous
        topic = settings and topic_of(settings.recorded, failed=reason is not None)
        if deployed is None or topic is None or self._services is None:
            return
        asked = {"contentType": call.headers.get("Content-Type"), "inputLocation": call.input}
        location = call.output if reason is None else call.failure
        answered = {"contentType": kind, "outputLocation": location}
        present = self._clock()
        text = result_of(scope.region, endpoint.name, asked, call.inference, received, present, answered, reason)
        try:
            principal = self._identity.session_of(deployed.variants[0].model.role, SESSION)
            self._services(principal, scope.region, "sns", "Publish", {"TopicArn": topic, "Message": text})
        except (DomainError, Refused) as error:
            log.warning("the topic %s of endpoint %s was not told: %s", topic, endpoint.name, error)

    def _client(self, endpoint: Endpoint) -> Any:
        deployed = endpoint.deployed
        if deployed is None:
            raise Unavailable(f"Endpoint {endpoint.name} is not in service.")
        return self._objects.role_client(deployed.variants[0].model.role, SESSION)

    def _tell_queue(self, scope: Scope, name: str, waiting: int, serving: int) -> None:
        self._tell(scope, name, "ApproximateBacklogSize", float(waiting), "Count")
        self._tell(scope, name, "ApproximateBacklogSizePerInstance", waiting / max(serving, 1), "Count")
        self._tell(scope, name, "HasBacklogWithoutCapacity", float(waiting > 0 and not serving), "Count")

    def _tell(self, scope: Scope, name: str, metric: str, value: float, unit: str) -> None:
        self._metrics.add(scope, Metric.of(CALLS, metric, {"EndpointName": name}), value, unit)


def _model_words(scope: Scope, endpoint: Endpoint, answer: Answer) -> str:
    said = answer.body.decode(errors="replace")[:1024]
    kind = "client" if answer.status < 500 else "server"
    return (
        f'Received {kind} error ({answer.status}) from model with message "{said}". See the log group '
        f"/aws/sagemaker/Endpoints/{endpoint.name} in account {scope.account} for more information."
    )


def _is(scope: Scope, name: str) -> Any:
    columns = calls.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.endpoint == name)
