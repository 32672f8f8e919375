"""SQL in a Spark session: asked as a statement of Glue's, answered as rows."""

import ast
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.console.roles import roles_for
from studiolo.console.rows import Rows
from studiolo.console.visit import Refused, Visit

MOST = 500
"""Rows that a query's answer has at most."""

START_SECONDS = 45.0
"""How long a new session is waited for before its first statement."""

MARK = "studiolo-rows:"

CODE = """\
import json as _json
_found = spark.sql({sql!r})
_rows = _found.limit({most} + 1).collect()
print({mark!r} + _json.dumps({{"columns": _found.columns, "rows": [list(r) for r in _rows[:{most}]],
    "more": len(_rows) > {most}}}, default=str))
"""


@dataclass(frozen=True)
class Answer:
    """A query on its way, or what came of it. seconds: that it took so far."""

    session: str
    sql: str
    state: str
    rows: Rows | None
    more: bool
    error: str | None
    seconds: float | None

    @property
    def under_way(self) -> bool:
        return self.state in ("WAITING", "RUNNING")


def sessions_for_queries(visit: Visit) -> dict[str, Sequence[str]]:
    """The sessions that can be asked at once, and the roles that a new one could have."""
    found = visit.client("glue").list_sessions(MaxResults=100)["Sessions"]
    ready = [each["Id"] for each in found if each["Status"] == "READY" and each["Command"]["Name"] != "glueray"]
    roles = visit.attempt(roles_for, visit, "glue.amazonaws.com")
    return {"ready": ready, "roles": [] if isinstance(roles, Refused) else roles.arns}


def ask(visit: Visit, session: str, sql: str) -> tuple[str, int]:
    """Have a session run a query, `role:ARN` a new session of that role; its statement."""
    glue = visit.client("glue")
    if session.startswith("role:"):
        made = glue.create_session(
            Id=f"console-{uuid.uuid4().hex[:8]}",
            Role=session.removeprefix("role:"),
            Command={"Name": "glueetl", "PythonVersion": "3"},
            IdleTimeout=30,
            Description="Queries of the console",
        )
        session = made["Session"]["Id"]
        _wait(glue, session)
    code = CODE.format(sql=sql.strip().rstrip(";"), most=MOST, mark=MARK)
    return session, glue.run_statement(SessionId=session, Code=code)["Id"]


def answered(visit: Visit, session: str, statement: int) -> Answer:
    """How a query goes."""
    found = visit.client("glue").get_statement(SessionId=session, Id=statement)["Statement"]
    output, state = found.get("Output", {}), found["State"]
    rows, more, error = None, False, None
    if state == "ERROR" or output.get("Status") == "error":
        state, error = "ERROR", output.get("ErrorValue") or "The statement failed."
    elif state == "AVAILABLE":
        text = output.get("Data", {}).get("TextPlain", "")
        line = next((line for line in text.splitlines() if line.startswith(MARK)), None)
        if line is None:
            error = text or "The session answered nothing."
        else:
            said = json.loads(line.removeprefix(MARK))
            rows, more = Rows(said["columns"], [tuple(row) for row in said["rows"]]), said["more"]
    return Answer(session, _sql_of(found.get("Code", "")), state, rows, more, error, _seconds(found))


def _wait(glue: Any, session: str) -> None:
    """Until a new session takes statements, which it queues from PROVISIONING on where it is warm."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if glue.get_session(Id=session)["Session"]["Status"] != "PROVISIONING":
            return
        time.sleep(0.1)


def _seconds(found: dict[str, Any]) -> float | None:
    began, ended = found.get("StartedOn"), found.get("CompletedOn")
    return (ended - began) / 1000 if began and ended else None


def _sql_of(code: str) -> str:
    """The query that a statement was made of."""
    try:
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "sql" and node.args:
                return str(ast.literal_eval(node.args[0]))
    except (SyntaxError, ValueError):
        pass
    return code
