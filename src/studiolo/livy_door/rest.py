"""Livy's REST API: requests to its domain, answers as JSON.

After docs/rest-api.html of Apache Livy 0.8, and what its servlets do where that is silent.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.domain import AlreadyExists, Conflict, Denied, DomainError, Invalid, LimitExceeded, NotFound
from studiolo.engine import UNFINISHED, Key
from studiolo.livy import VERSION, BatchRequest, Livy, Place, SessionRequest, request_of
from studiolo.livy_door.answers import as_batch, as_session, as_statement
from studiolo.patience import OnItsWay, is_patient
from studiolo.state import Changes, StateUnavailable

log = logging.getLogger(__name__)

MOST_BODY = 4 * 1024 * 1024
"""Bytes of a request."""

LOG_LINES = 100
"""Lines of a log that are answered where a request says nothing."""

STATUSES: Mapping[type[DomainError], int] = {
    NotFound: 404,
    Denied: 403,
    Invalid: 400,
    Conflict: 400,
    AlreadyExists: 400,
    LimitExceeded: 400,
    DomainError: 400,
}

JAVA_CLIENT = (
    r"(submit-job|run-job|jobs/\d+(/cancel)?|upload-jar|upload-pyfile|upload-file|add-jar|add-pyfile|add-file)"
)

HELD = 1.0
"""Seconds that the answer to a read of a statement that runs, or a session that starts, is held at most."""


@dataclass(frozen=True)
class Caller:
    """Who asks, as far as that is known, and the role that what they start acts as, if it is not the server's.

    may_pass: whether they could start something as a role; None where whoever asks may use all that there is.
    """

    name: str | None = None
    role: str | None = None
    may_pass: Callable[[str], bool] | None = None

    def may_use(self, owner: str | None, role: str | None) -> bool:
        """Whether they may use what `owner` has started as that role: as that role is what they do with it."""
        return self.may_pass is None or role is None or owner == self.name or self.may_pass(role)


@dataclass(frozen=True)
class Asked:
    """A request on its way; `parts` are those of its path."""

    livy: Livy
    place: Place
    request: HttpRequest
    caller: Caller
    parts: tuple[str, ...]

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """The JSON object of the body. Raises Invalid."""
        body = self.request.body
        assert isinstance(body, bytes)
        try:
            found = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            raise Invalid("The body is no JSON.") from None
        if not isinstance(found, dict):
            raise Invalid("The body must be a JSON object.")
        return found

    @cached_property
    def _query(self) -> Mapping[str, list[str]]:
        return parse_qs(self.request.query)

    def number(self, name: str, default: int) -> int:
        """A parameter of the query. Raises Invalid."""
        text = self._query.get(name, [str(default)])[0]
        if re.fullmatch(r"-?\d{1,9}", text) is None:
            raise Invalid(f"{name} must be a number, and is {text!r}.")
        return int(text)

    def is_descending(self) -> bool:
        return self._query.get("order", [""])[0].lower() == "desc"


Answer = tuple[int, Mapping[str, Any], Mapping[str, str]]


def _ok(answer: Mapping[str, Any], status: int = 200, **headers: str) -> Answer:
    return status, answer, headers


def _text(asked: Asked, name: str) -> str:
    value = asked.body.get(name)
    if not isinstance(value, str):
        raise Invalid(f"The field {name!r} must be a text.")
    return value


def list_sessions(asked: Asked) -> Answer:
    found = asked.livy.sessions(asked.place)
    mine = [as_session(each) for each in found if asked.caller.may_use(each.owner, each.role)]
    return _ok(_part(asked, "sessions", mine))


def create_session(asked: Asked) -> Answer:
    wanted = request_of(SessionRequest, asked.body)
    made = asked.livy.create(asked.place, wanted, asked.caller.name, asked.caller.role)
    return _ok(as_session(made), 201, Location=f"/sessions/{made.id}")


def get_session(asked: Asked) -> Answer:
    return _ok(as_session(asked.livy.session(asked.place, asked.parts[0])))


def get_state(asked: Asked) -> Answer:
    session = asked.livy.session(asked.place, asked.parts[0])
    return _ok({"id": session.id, "state": session.state})


def get_log(asked: Asked) -> Answer:
    session = asked.livy.session(asked.place, asked.parts[0])
    return _ok({"id": session.id, **_lines(asked, session.log)})


def delete_session(asked: Asked) -> Answer:
    asked.livy.delete(asked.place, asked.parts[0])
    return _ok({"msg": "deleted"})


def stop_session(asked: Asked) -> Answer:
    asked.livy.delete(asked.place, asked.parts[0])
    return _ok({}, 204)


def connect_session(asked: Asked) -> Answer:
    return _ok(as_session(asked.livy.connect(asked.place, asked.parts[0])))


def interrupt_session(asked: Asked) -> Answer:
    asked.livy.interrupt(asked.place, asked.parts[0])
    return _ok({"msg": "interrupted"})


def complete(asked: Asked) -> Answer:
    code, cursor = _text(asked, "code"), asked.body.get("cursor")
    if cursor is not None and not str(cursor).isdecimal():
        raise Invalid("The field 'cursor' must be a number.")
    at = len(code) if cursor is None else min(int(cursor), len(code))
    kind = None if asked.body.get("kind") is None else _text(asked, "kind")
    return _ok({"candidates": list(asked.livy.complete(asked.place, asked.parts[0], code, at, kind))})


def list_statements(asked: Asked) -> Answer:
    name = asked.parts[0]
    statements, after = list[dict[str, Any]](), None
    while True:
        page = asked.livy.statements(asked.place, name, after, 100)
        statements += [as_statement(each) for each in page.items]
        after = page.next
        if after is None:
            break
    if asked.is_descending():
        statements.reverse()
    return _ok({"total_statements": len(statements), "statements": _slice(asked, statements, len(statements))})


def run_statement(asked: Asked) -> Answer:
    if unknown := sorted(set(asked.body) - {"code", "kind"}):
        raise Invalid(f"Unrecognized field {unknown[0]!r}: known are code, kind.")
    name = asked.parts[0]
    kind = None if asked.body.get("kind") is None else _text(asked, "kind")
    made = asked.livy.run(asked.place, name, _text(asked, "code"), kind)
    return _ok(as_statement(made), 201, Location=f"/sessions/{name}/statements/{made.id}")


def get_statement(asked: Asked) -> Answer:
    return _ok(as_statement(asked.livy.statement(asked.place, asked.parts[0], int(asked.parts[1]))))


def cancel_statement(asked: Asked) -> Answer:
    asked.livy.cancel(asked.place, asked.parts[0], int(asked.parts[1]))
    return _ok({"msg": "canceled"})


def list_batches(asked: Asked) -> Answer:
    found = asked.livy.batches.all(asked.place)
    mine = [as_batch(each) for each in found if asked.caller.may_use(each.owner, each.role)]
    return _ok(_part(asked, "sessions", mine))


def create_batch(asked: Asked) -> Answer:
    wanted = request_of(BatchRequest, asked.body)
    made = asked.livy.batches.create(asked.place, wanted, asked.caller.name, asked.caller.role)
    return _ok(as_batch(made), 201, Location=f"/batches/{made.id}")


def get_batch(asked: Asked) -> Answer:
    return _ok(as_batch(asked.livy.batches.get(asked.place, asked.parts[0])))


def get_batch_state(asked: Asked) -> Answer:
    batch = asked.livy.batches.get(asked.place, asked.parts[0])
    return _ok({"id": batch.id, "state": batch.state})


def get_batch_log(asked: Asked) -> Answer:
    batch = asked.livy.batches.get(asked.place, asked.parts[0])
    return _ok({"id": batch.id, **_lines(asked, batch.log)})


def delete_batch(asked: Asked) -> Answer:
    asked.livy.batches.delete(asked.place, asked.parts[0])
    return _ok({"msg": "deleted"})


def version(_asked: Asked) -> Answer:
    return _ok({"version": VERSION, "url": "", "branch": "", "revision": "", "user": "", "date": ""})


def not_here(asked: Asked) -> Answer:
    return _ok({"msg": f"{asked.request.method} {asked.request.path} is not implemented."}, 501)


NAME = r"([^/]+)"
SESSION = f"/sessions/{NAME}"
BATCH = f"/batches/{NAME}"
STATEMENT = rf"{SESSION}/statements/(\d{{1,9}})"
ROUTES: tuple[tuple[str, re.Pattern[str], Callable[[Asked], Answer]], ...] = tuple(
    (method, re.compile(path), function)
    for method, path, function in (
        ("GET", "/sessions", list_sessions),
        ("POST", "/sessions", create_session),
        ("GET", SESSION, get_session),
        ("DELETE", SESSION, delete_session),
        ("GET", f"{SESSION}/state", get_state),
        ("GET", f"{SESSION}/log", get_log),
        ("POST", f"{SESSION}/stop", stop_session),
        ("POST", f"{SESSION}/connect", connect_session),
        ("POST", f"{SESSION}/interrupt", interrupt_session),
        ("POST", f"{SESSION}/completion", complete),
        ("GET", f"{SESSION}/statements", list_statements),
        ("POST", f"{SESSION}/statements", run_statement),
        ("GET", STATEMENT, get_statement),
        ("POST", f"{STATEMENT}/cancel", cancel_statement),
        ("GET", "/batches", list_batches),
        ("POST", "/batches", create_batch),
        ("GET", BATCH, get_batch),
        ("DELETE", BATCH, delete_batch),
        ("GET", f"{BATCH}/state", get_batch_state),
        ("GET", f"{BATCH}/log", get_batch_log),
        ("GET", "/version", version),
        ("GET", f"{SESSION}/{JAVA_CLIENT}", not_here),
        ("POST", f"{SESSION}/{JAVA_CLIENT}", not_here),
        ("GET", "/(ui|static|metrics)(/.*)?", not_here),
    )
)


def is_start(request: HttpRequest) -> bool:
    """Whether a request starts a session or a batch."""
    return request.method == "POST" and request.path.rstrip("/") in ("/sessions", "/batches")


class Rest:
    """Answers the requests to any Livy server."""

    def __init__(self, livy: Livy, changes: Changes) -> None:
        self._livy = livy
        self._changes = changes

    def answer(self, place: Place, request: HttpRequest, caller: Caller) -> HttpResponse | OnItsWay:
        """The answer, or that a session or statement is on its way. request: its path is Livy's own."""
        path = request.path.rstrip("/")
        known = [(method, match, function) for method, way, function in ROUTES if (match := way.fullmatch(path))]
        found = next(((match, function) for method, match, function in known if method == request.method), None)
        if found is None:
            return _response(405 if known else 404, {"msg": f"There is no {request.method} {request.path} here."})
        match, function = found
        asked = Asked(self._livy, place, request, caller, tuple(unquote(part or "") for part in match.groups()))
        try:
            _require_use(asked)
        except DomainError as error:
            return refused(error)
        if function in (get_session, get_statement) and is_patient(request.headers):
            return self._patiently(asked, function)
        return _carried_out(asked, function)

    def _patiently(self, asked: Asked, function: Callable[[Asked], Answer]) -> HttpResponse | OnItsWay:
        try:
            key: Key = self._livy.key(asked.place, asked.parts[0])
        except DomainError as error:
            return refused(error)
        listener = self._changes.listen(key.thing)
        try:
            answer = _carried_out(asked, function)
            if not _on_its_way(answer):
                listener.close()
                return answer
        except BaseException:
            listener.close()
            raise
        return OnItsWay(answer, listener, HELD)


def _require_use(asked: Asked) -> None:
    """Raise Denied where what a request names acts as a role that the caller could start nothing as; NotFound."""
    of, _, name = asked.request.path.strip("/").partition("/")
    if asked.caller.may_pass is None or not name or of not in ("sessions", "batches"):
        return
    started = asked.livy if of == "sessions" else asked.livy.batches
    if not asked.caller.may_use(*started.begun(asked.place, asked.parts[0])):
        raise Denied(f"It acts as a role that you may not pass: {asked.parts[0]} is for who may, and who started it.")


PASSING = frozenset({"starting", "shutting_down", *(state.lower() for state in UNFINISHED)})


def _on_its_way(answer: HttpResponse) -> bool:
    assert isinstance(answer.body, bytes)
    return answer.status_code == 200 and json.loads(answer.body)["state"] in PASSING


def _carried_out(asked: Asked, function: Callable[[Asked], Answer]) -> HttpResponse:
    try:
        status, answer, headers = function(asked)
    except DomainError as error:
        return refused(error)
    except StateUnavailable as error:
        log.error("%s", error)
        return _response(503, {"msg": str(error)})
    except Exception:
        log.exception("%s %s of Livy", asked.request.method, asked.request.path)
        return _response(500, {"msg": "Studiolo failed in this request; its log says more."})
    return _response(status, answer, **headers)


def refused(error: DomainError) -> HttpResponse:
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    said = f"Rejected, Reason: {error}" if isinstance(error, LimitExceeded) else str(error)
    return _response(status, {"msg": said})


def _response(status: int, answer: Mapping[str, Any], **headers: str) -> HttpResponse:
    body = b"" if status == 204 else json.dumps(answer).encode()
    return HttpResponse(status, {"Content-Type": "application/json", **headers}, body)


def _part(asked: Asked, name: str, everything: list[dict[str, Any]]) -> dict[str, Any]:
    return {"from": asked.number("from", 0), "total": len(everything), name: _slice(asked, everything, LOG_LINES)}


def _slice(asked: Asked, everything: list[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """From `from` on as many as `size` says; what lies before the first counts, and is not there."""
    start = asked.number("from", 0)
    return everything[max(0, start) : max(0, start + asked.number("size", size))]


def _lines(asked: Asked, lines: tuple[str, ...]) -> dict[str, Any]:
    """The part of a log that is asked for: the last lines unless a beginning is named."""
    size = asked.number("size", LOG_LINES)
    size = len(lines) if size < 0 else size
    start = asked.number("from", -1)
    start = max(0, len(lines) - size) if start < 0 else start
    return {"from": start, "total": len(lines), "log": list(lines[start : start + size])}
