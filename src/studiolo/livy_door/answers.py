"""What Livy says of sessions and statements, as JSON."""

from datetime import datetime
from typing import Any

from studiolo.engine import Output, Statement
from studiolo.livy import Batch, Session

LAST_LINES = 10
"""Lines of its log that a session is shown with."""

STATES = {"ERROR": "available"}
"""Of statements, where they are not the engine's in lower case: one that failed is told by its output."""


def as_session(session: Session) -> dict[str, Any]:
    asked = session.asked
    return {
        "id": session.id,
        "name": asked.name,
        "appId": session.app_id,
        "owner": session.owner,
        "proxyUser": asked.proxyUser,
        "state": session.state,
        "kind": asked.kind,
        "appInfo": {"driverLogUrl": None, "sparkUiUrl": session.ui},
        "log": list(session.log[-LAST_LINES:]),
        "ttl": asked.ttl,
        "idleTimeout": asked.idleTimeout,
        "driverMemory": asked.driverMemory,
        "driverCores": asked.driverCores or 0,
        "executorMemory": asked.executorMemory,
        "executorCores": asked.executorCores or 0,
        "conf": dict(asked.conf),
        "archives": list(asked.archives),
        "files": list(asked.files),
        "heartbeatTimeoutInSecond": asked.heartbeatTimeoutInSecond,
        "jars": list(asked.jars),
        "numExecutors": asked.numExecutors or 0,
        "pyFiles": list(asked.pyFiles),
        "queue": asked.queue,
    }


def as_batch(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "name": batch.asked.name,
        "owner": batch.owner,
        "proxyUser": batch.asked.proxyUser,
        "state": batch.state,
        "appId": batch.app_id,
        "appInfo": {"driverLogUrl": None, "sparkUiUrl": batch.ui},
        "log": list(batch.log[-LAST_LINES:]),
    }


def as_statement(statement: Statement) -> dict[str, Any]:
    """Its moments are milliseconds since 1970, 0 for those that have not come."""
    return {
        "id": statement.id,
        "code": statement.code,
        "state": STATES.get(statement.state, statement.state.lower()),
        "output": None if statement.output.status is None else _as_output(statement),
        "progress": statement.progress,
        "started": _milliseconds(statement.started),
        "completed": _milliseconds(statement.completed),
    }


def _as_output(statement: Statement) -> dict[str, Any]:
    output = statement.output
    if output.status == "error":
        return {
            "status": "error",
            "execution_count": statement.id,
            "ename": output.error_name or "Error",
            "evalue": output.error_value or "",
            "traceback": [*_printed(output), *(f"{line}\n" for line in output.traceback)],
        }
    return {"status": "ok", "execution_count": statement.id, "data": as_data(output)}


def _printed(output: Output) -> list[str]:
    """What a statement had printed before it failed: clients show the traceback alone."""
    return [f"{text}\n" for text in (output.text, output.stderr) if text]


def as_data(output: Output) -> dict[str, Any]:
    """All it printed as text, and of each richer form the last that it showed."""
    data: dict[str, Any] = {}
    for display in output.displays:
        data.update({form: value for form, value in display.items() if form != "text/plain"})
    text = "\n".join(filter(None, (output.text, output.stderr)))
    if "application/json" not in data:
        data["text/plain"] = text
    return data


def _milliseconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp() * 1000)
