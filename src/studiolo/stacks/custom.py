"""Custom resources: what their functions are asked, and what they answer, at an address of ours that is theirs alone.

Wait conditions are waited for by the same rows: a handle is an address that anybody may write to, once for each UniqueId.

A request is written down before its function is invoked, and its id comes of what it asks: repeated after a crash it is the
same request. The function's event is kept by Lambda until it has been handled, the answer by us from the moment that it
arrives.
"""

import hashlib
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from studiolo.calling import Refused
from studiolo.domain import Clock, Invalid, NotFound
from studiolo.stacks import tables
from studiolo.stacks.types.base import At, Properties
from studiolo.state import State

LARGEST_ANSWER = 4096
"""Bytes of what a function may answer."""
TIMEOUT, LONGEST = 3600, 3600
"""Seconds that a function has to answer, where nothing is said, and at most."""
CUSTOM = "CustomResource"
"""The code of what a custom resource refuses: its words are told as they are."""
DELETE = "Delete"
HANDLE, SIGNAL = "Handle", "Signal"
MOST_SIGNALS = 1000
"""Signals that one handle takes."""


@dataclass(frozen=True)
class Request:
    """One question to a function. physical: the id it was asked about, or is provisionally known by."""

    id: str
    kind: str
    physical: str
    deadline: datetime
    answer: Mapping[str, Any] | None

    @property
    def answered_physical(self) -> str:
        """The id that the resource has since the answer."""
        found = (self.answer or {}).get("PhysicalResourceId")
        return str(found) if found else self.physical


class CustomRequests:
    """The requests of every stack. place: the address under which a token is answered; wake: told of a stack."""

    def __init__(self, state: State, place: str, wake: Callable[[str], None], clock: Clock) -> None:
        self._state = state
        self._place = place
        self._wake = wake
        self._clock = clock

    def ask(self, at: At, kind: str, physical: str, properties: Properties, before: Properties | None = None) -> None:
        """Ask the function, once for one step. Raises Refused."""
        identifier = _identifier(at, kind, physical, properties)
        row = self._row(tables.custom_requests.c.id == identifier)
        if row is None:
            row = self._add(at, identifier, kind, physical, "new", _seconds(properties))
        if row.state == "new":
            self._send(at, row, properties, before)
            with self._state.transaction() as tx:
                change = tables.custom_requests.update().where(tables.custom_requests.c.id == identifier)
                tx.execute(change.values(state="sent"))

    def note(self, at: At, kind: str, physical: str, seconds: int = LONGEST) -> Request:
        """Write down, once for one step, what a resource is about to do, or waits for."""
        identifier = _identifier(at, kind, physical, {})
        row = self._row(tables.custom_requests.c.id == identifier)
        return _request(row or self._add(at, identifier, kind, physical, "sent", seconds))

    def complete(self, request: Request, answer: Mapping[str, Any]) -> None:
        """Write down what has come of what was noted."""
        self._answered(tables.custom_requests.c.id == request.id, answer)

    def handle(self, at: At) -> str:
        """The address that signals of a handle are written to."""
        row = self._row(tables.custom_requests.c.id == self.note(at, HANDLE, at.name()).id)
        assert row is not None
        return f"{self._place}{row.token}"

    def signals(self, address: str) -> list[Mapping[str, Any]] | None:
        """What has been written to the address of a handle, in that order; None where it is none's."""
        columns, token = tables.custom_requests.c, address.rpartition("/")[2]
        if self._row((columns.token == token) & (columns.kind == HANDLE)) is None:
            return None
        query = tables.custom_requests.select().where((columns.physical == token) & (columns.kind == SIGNAL))
        with self._state.reading() as connection:
            return [row.answer for row in connection.execute(query.order_by(columns.asked)).all()]

    def last(self, at: At, *kinds: str, operation: bool = True) -> Request | None:
        """The youngest request about a resource, of these kinds, that has been sent. operation: within this one only."""
        columns = tables.custom_requests.c
        where = columns.kind.in_(kinds) & (columns.state != "new")
        for name, value in _place(at).items():
            where &= columns[name] == value
        if operation:
            where &= columns.operation == at.operation
        row = self._row(where)
        if row is None:
            return None
        return _request(row)

    def arrived(self, request: Request) -> bool:
        """Whether the function has done what it was asked. Raises Refused where it has not, or never answers."""
        if request.answer is None:
            if self._clock() < request.deadline:
                return False
            raise Refused(
                CUSTOM,
                "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
                f"[{request.id}]. If you are using the Python cfn-response module, you may need to update your Lambda "
                "function code so that CloudFormation can attach the updated version.",
            )
        if "problem" in request.answer:
            raise Refused(CUSTOM, f"{request.answer['problem']} (RequestId: {request.id})")
        if request.answer["Status"] == "FAILED":
            reason = request.answer.get("Reason") or "None"
            raise Refused(
                CUSTOM,
                f"Received response status [FAILED] from custom resource. Message returned: {reason} "
                f"(RequestId: {request.id})",
            )
        return True

    def answer(self, token: str, body: bytes) -> None:
        """What a function has answered; the first answer counts. Or a signal of a handle.

        Raises NotFound for a token that is nobody's, Invalid for what is no signal.
        """
        columns = tables.custom_requests.c
        row = self._row(columns.token == token)
        if row is None:
            raise NotFound("Nothing waits for an answer here.")
        if row.kind == HANDLE:
            self._signal(row, read_signal(body))
        else:
            this = (columns.token == token) & (columns.state != "answered")
            self._answered(this, read_answer(body, row.stack, row.id, row.logical, row.kind))
        self._wake(row.stack)

    def hidden(self, stack: str) -> list[str]:
        """What functions have answered that is not to be shown."""
        columns = tables.custom_requests.c
        with self._state.reading() as connection:
            rows = connection.execute(tables.custom_requests.select().where(columns.stack == stack)).all()
        found = [row.answer.get("Data") or {} for row in rows if row.answer and row.answer.get("NoEcho")]
        return [str(value) for data in found for value in data.values() if str(value)]

    def forget(self, stack: str) -> None:
        """The stack is no more."""
        with self._state.transaction() as tx:
            tx.execute(tables.custom_requests.delete().where(tables.custom_requests.c.stack == stack))

    def _add(self, at: At, identifier: str, kind: str, physical: str, state: str, seconds: int) -> Row[Any]:
        present = self._clock()
        values = {
            "id": identifier,
            "token": secrets.token_urlsafe(32),
            **_place(at),
            "operation": at.operation,
            "kind": kind,
            "physical": physical,
            "state": state,
            "asked": present,
            "deadline": present + timedelta(seconds=seconds),
        }
        with self._state.transaction() as tx:
            tx.execute(tables.custom_requests.insert().values(values))
        row = self._row(tables.custom_requests.c.id == identifier)
        assert row is not None
        return row

    def _answered(self, where: Any, answer: Mapping[str, Any]) -> None:
        with self._state.transaction() as tx:
            change = tables.custom_requests.update().where(where)
            tx.execute(change.values(answer=dict(answer), state="answered"))

    def _signal(self, handle: Row[Any], signal: Mapping[str, Any]) -> None:
        """Keep a signal; of one that is sent again nothing is kept."""
        table = tables.custom_requests
        identifier = f"{handle.id}/{signal['UniqueId']}"
        with self._state.transaction() as tx:
            here = (table.c.kind == SIGNAL) & (table.c.physical == handle.token)
            kept = {row.id for row in tx.execute(select(table.c.id).where(here))}
            if identifier in kept:
                return
            if len(kept) >= MOST_SIGNALS:
                raise Invalid(f"A handle takes {MOST_SIGNALS} signals.")
            values = {
                name: getattr(handle, name) for name in ("stack", "logical", "generation", "operation", "deadline")
            }
            values |= {"id": identifier, "token": secrets.token_urlsafe(32), "kind": SIGNAL, "physical": handle.token}
            values |= {"state": "answered", "asked": self._clock(), "answer": dict(signal)}
            tx.execute(table.insert().values(values))

    def _send(self, at: At, row: Row[Any], properties: Properties, before: Properties | None) -> None:
        event: dict[str, Any] = {
            "RequestType": row.kind,
            "ServiceToken": properties["ServiceToken"],
            "ResponseURL": f"{self._place}{row.token}",
            "StackId": at.stack_id,
            "RequestId": row.id,
            "LogicalResourceId": at.logical,
            "ResourceType": at.type,
            "ResourceProperties": as_texts(properties),
        }
        if row.kind != "Create":
            event["PhysicalResourceId"] = row.physical
        if before is not None:
            event["OldResourceProperties"] = as_texts(before)
        payload = json.dumps(event).encode()
        at.call("lambda", "Invoke", FunctionName=properties["ServiceToken"], InvocationType="Event", Payload=payload)

    def _row(self, where: Any) -> Row[Any] | None:
        query = tables.custom_requests.select().where(where).order_by(tables.custom_requests.c.asked.desc())
        with self._state.reading() as connection:
            return connection.execute(query).first()


def read_answer(body: bytes, stack: str, request: str, logical: str, kind: str) -> dict[str, Any]:
    """An answer as it is kept, or what is wrong with it, as `problem`."""
    if len(body) > LARGEST_ANSWER:
        return {"problem": "Response object is too long."}
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"problem": "Invalid response object: it is no JSON object."}
    if found.get("Status") not in ("SUCCESS", "FAILED"):
        return {"problem": "Invalid response object: Status must be SUCCESS or FAILED."}
    for name, wanted in (("StackId", stack), ("RequestId", request), ("LogicalResourceId", logical)):
        if found.get(name) != wanted:
            return {"problem": f"Invalid response object: Value of property {name} must be that of the request."}
    physical = found.get("PhysicalResourceId")
    if (
        found["Status"] == "SUCCESS"
        and kind != DELETE
        and not (isinstance(physical, str) and 0 < len(physical) <= 1024)
    ):
        return {"problem": "Invalid PhysicalResourceId: it must be a text of 1 to 1024 bytes."}
    if not isinstance(found.get("Data") or {}, dict):
        return {"problem": "Invalid response object: Data must be an object."}
    names = ("Status", "Reason", "PhysicalResourceId", "NoEcho", "Data")
    return {name: found[name] for name in names if name in found}


def read_signal(body: bytes) -> dict[str, Any]:
    """A signal to a handle. Raises Invalid."""
    try:
        found = json.loads(body) if len(body) <= LARGEST_ANSWER else None
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("Status") not in ("SUCCESS", "FAILURE"):
        raise Invalid(
            f"A signal is a JSON object of {LARGEST_ANSWER} bytes at most, with a Status, SUCCESS or FAILURE, a UniqueId, "
            "a Reason and Data."
        )
    if not isinstance(found.get("UniqueId"), str) or not found["UniqueId"]:
        raise Invalid("A signal needs a UniqueId.")
    return {name: str(found.get(name, "")) for name in ("Status", "UniqueId", "Reason", "Data")}


def as_texts(value: Any) -> Any:
    """Properties as functions get them: every scalar is a text."""
    if isinstance(value, Mapping):
        return {key: as_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or isinstance(value, str) else str(value)


def _request(row: Row[Any]) -> Request:
    return Request(row.id, row.kind, row.physical, row.deadline, row.answer)


def _seconds(properties: Properties) -> int:
    """Raises Refused."""
    try:
        found = int(properties.get("ServiceTimeout", TIMEOUT))
    except (TypeError, ValueError):
        found = 0
    if not 1 <= found <= LONGEST:
        raise Refused(CUSTOM, f"ServiceTimeout must be 1 to {LONGEST} seconds.")
    return found


def _place(at: At) -> dict[str, Any]:
    return {"stack": at.stack_id, "logical": at.logical, "generation": at.generation}


def _identifier(at: At, kind: str, physical: str, properties: Properties) -> str:
    asked = [_place(at), at.operation, kind, physical, dict(properties)]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
