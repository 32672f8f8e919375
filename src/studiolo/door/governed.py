"""Governed views at the door: who sees a part of a table reads it there, and nobody writes it."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from studiolo.asgi import Message, Send
from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import DECLARATION
from studiolo.domain import Conflict, Denied, DomainError
from studiolo.door.admission import Caller
from studiolo.door.names import Named
from studiolo.door.operations import Operation
from studiolo.governance import VIEWS, Lake, View, Views, is_for_views
from studiolo.governance.auditing import Audit
from studiolo.governance.view_files import ViewFiles
from studiolo.identity import Answer, Question

PATIENCE = 1.5
"""Seconds that an answer waits for files to be made: C++ clients (PyArrow) give up where for three nothing comes.

Of a list they are then given a blank each second until it is there, of an object they are told to come again.
"""

BLANK_SECONDS = 1.0

WAITING = 16
"""So many requests can be looked at, or wait for files, at a time."""

_LISTS = frozenset({"ListObjects", "ListObjectsV2"})
_READS = frozenset({"GetObject", "HeadObject"})
_OF_BUCKET = frozenset({"GetBucketLocation", "HeadBucket"})
_FILE = re.compile(r"(?:.*/)?[0-9a-f]{24}(?:\.[a-z0-9.]+)?")
"""What the files of views are called: other keys, which engines look for too, are none."""


_DECLARED = re.compile(rb"\A<\?xml[^>]*\?>")


class BrokenOff(Exception):
    """Why an answer that has begun cannot be finished: its connection is to end, so that the client notices."""


class GovernedViews:
    """Lets those read who may, and has made what they ask for."""

    def __init__(self, lake: Lake, views: Views, files: ViewFiles, audit: Audit) -> None:
        self._lake = lake
        self._audit = audit
        lake.note_by(audit.note)
        audit.start()
        self._views = views
        self._files = files
        # Of its own: who waits for files must not keep others from being answered.
        self._waiting = ThreadPoolExecutor(WAITING, thread_name_prefix="governed")

    def close(self) -> None:
        self._files.close()
        self._audit.close()
        self._waiting.shutdown(cancel_futures=True)

    async def admit(self, named: Named, operation: Operation, caller: Caller, send: Send) -> Send | None:
        """Where a request is for a governed view, and may go on, by what it is to be answered; else None.

        What it asks for is there then. Raises ServiceError: AccessDenied for who may not, SlowDown while an object is
        still being made; and BrokenOff.
        """
        if named.source is not None and is_for_views(named.source.bucket):
            raise _denied("Access Denied: governed views are not copied from.")
        if not is_for_views(named.bucket):
            return None
        if caller.principal is None or caller.verified is None:
            raise _denied("Access Denied")
        if operation.name in _OF_BUCKET:
            return send
        if (operation.name not in _LISTS | _READS) or "versionId" in named.parameters:
            raise _denied("Access Denied: governed views are read alone.")
        path = named.key if operation.name in _READS else named.parameters.get("prefix", "")
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(self._waiting, self._prepare, named, operation, caller, path)
        try:
            await asyncio.wait_for(asyncio.shield(making), PATIENCE)
        except asyncio.TimeoutError:
            if operation.name in _LISTS:
                return await _kept_waiting(making, send)
            making.add_done_callback(lambda done: done.exception())
            raise ServiceError("SlowDown", "The files of the governed view are being made.", 503) from None
        except Conflict as error:
            raise ServiceError("ServiceUnavailable", str(error), 503) from error
        except DomainError as error:
            raise _denied(str(error)) from error
        return send

    def _prepare(self, named: Named, operation: Operation, caller: Caller, path: str) -> None:
        """Raises Denied and Conflict."""
        identifier, slash, rest = path.partition("/")
        if any(part in ("", ".", "..") for part in rest.split("/")[:-1]):
            raise Denied("Access Denied: governed views have no such folders.")
        view = self._opened(named, operation, caller, identifier)
        if operation.name in _LISTS or (slash and _FILE.fullmatch(rest) and not self._files.has(view, rest)):
            self._files.make(view, rest)

    def _opened(self, named: Named, operation: Operation, caller: Caller, identifier: str) -> View:
        principal, identity = caller.principal, caller.identity
        assert principal is not None
        if not self._lake.has_data_access(principal):
            raise Denied("Access Denied: lakeformation:GetDataAccess is needed to read governed views.")
        resource = identity.s3_arn(f"{named.bucket}/{named.key or named.parameters.get('prefix', '')}")
        for action in ("s3:GetObject", "s3:ListBucket"):
            if identity.decide(principal, Question(action, resource), caller.told).answer is Answer.DENIED:
                raise Denied("Access Denied: a policy explicitly denies it.")
        _, _, region = named.bucket.removeprefix(VIEWS).partition("-")
        done = "s3:ListBucket" if operation.name in _LISTS else "s3:GetObject"
        path = f"s3://{named.bucket}/{named.key or named.parameters.get('prefix', '')}"
        return self._views.opened(principal, region, identifier, done, path)


async def _kept_waiting(making: "asyncio.Future[None]", send: Send) -> Send:
    """Begin the answer of a list, and keep its client waiting by blanks; what sends the rest. Raises BrokenOff."""
    headers = [(b"content-type", b"application/xml")]
    await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
    await send({"type": "http.response.body", "body": DECLARATION.encode(), "more_body": True})
    while not (await asyncio.wait({making}, timeout=BLANK_SECONDS))[0]:
        await send({"type": "http.response.body", "body": b"\n", "more_body": True})
    try:
        making.result()
    except DomainError as error:
        # It cannot be said any more. Who asks again is told at once: what could be made is there.
        raise BrokenOff(str(error)) from error

    async def rest(message: Message) -> None:
        if message["type"] != "http.response.start":
            await send({**message, "body": _DECLARED.sub(b"", message.get("body", b""), count=1)})
        elif message["status"] != HTTPStatus.OK:
            raise BrokenOff(f"The store answered {message['status']}.")

    return rest


def _denied(message: str) -> ServiceError:
    return ServiceError("AccessDenied", message, 403)
