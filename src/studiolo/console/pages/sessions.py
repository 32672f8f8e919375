"""Sessions: Spark sessions of Glue, their statements with what came of them, their logs."""

from typing import Any

from starlette.responses import JSONResponse, Response

from studiolo.console.pages.logs import last_events
from studiolo.console.pages.page import Page
from studiolo.console.roles import roles_for
from studiolo.console.visit import PAGE, Visit

LIVING = ("READY", "PROVISIONING", "STOPPING")
VERSIONS = ("", "5.1", "5.0", "4.0", "6.0")


def sessions(visit: Visit) -> Response:
    after = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    if visit.query.get("find"):
        found = {"Sessions": visit.found("glue", "list_sessions", "Sessions", "Id")}
    else:
        found = visit.client("glue").list_sessions(MaxResults=PAGE, **after)
    return visit.page(
        "sessions.html",
        sessions=found["Sessions"],
        more=found.get("NextToken"),
        passing=any(each["Status"] in ("PROVISIONING", "STOPPING") for each in found["Sessions"]),
        roles=visit.attempt(roles_for, visit, "glue.amazonaws.com"),
        versions=VERSIONS,
    )


def create(visit: Visit) -> Response:
    form = visit.form
    version = {"GlueVersion": form["version"]} if form.get("version") else {}
    made = visit.client("glue").create_session(
        Id=form.get("id", ""),
        Role=form.get("role", ""),
        Command={"Name": "glueetl", "PythonVersion": "3"},
        WorkerType="G.1X",
        NumberOfWorkers=int(form["workers"]) if form.get("workers", "").isdecimal() else 2,
        IdleTimeout=int(form["idle"]) if form.get("idle", "").isdecimal() else 60,
        **version,
    )
    return visit.go(f"/sessions/{made['Session']['Id']}")


def session(visit: Visit) -> Response:
    identifier, glue = visit.path["session"], visit.client("glue")
    described = glue.get_session(Id=identifier)["Session"]
    tab = visit.query.get("tab", "statements")
    shown: dict[str, Any] = {}
    if tab == "log":
        shown = {"log": last_events(visit, "/aws-glue/sessions", identifier)}
    else:
        shown = {"statements": _statements(visit, identifier)}
    return visit.page("session.html", session=described, tab=tab, living=described["Status"] in LIVING, **shown)


def running(visit: Visit) -> Response:
    """What sessions are at, for who shows it beside its code: `[{"session", "code", "progress": 0 to 1}]`."""
    listed = visit.client("glue").list_sessions(MaxResults=PAGE)["Sessions"]
    sessions = [each["Id"] for each in listed if each["Status"] == "READY"]
    return JSONResponse(
        [
            {"session": session, "code": each["Code"], "progress": each.get("Progress", 0.0)}
            for session in sessions
            for each in _statements(visit, session)
            if each["State"] == "RUNNING"
        ]
    )


def spark(visit: Visit) -> Response:
    """Off to its Spark UI."""
    asked = {"ResourceId": visit.path["session"], "ResourceType": "SESSION"}
    return visit.leave(visit.client("glue").get_dashboard_url(**asked)["Url"])


def run(visit: Visit) -> Response:
    identifier = visit.path["session"]
    visit.client("glue").run_statement(SessionId=identifier, Code=visit.form.get("code", "").replace("\r\n", "\n"))
    return visit.go(f"/sessions/{identifier}")


def cancel(visit: Visit) -> Response:
    identifier = visit.path["session"]
    visit.client("glue").cancel_statement(SessionId=identifier, Id=int(visit.path["statement"]))
    return visit.go(f"/sessions/{identifier}")


def stop(visit: Visit) -> Response:
    visit.client("glue").stop_session(Id=visit.path["session"])
    return visit.go(f"/sessions/{visit.path['session']}")


def delete(visit: Visit) -> Response:
    visit.client("glue").delete_session(Id=visit.path["session"])
    return visit.go("/sessions")


def _statements(visit: Visit, identifier: str) -> list[dict[str, Any]]:
    """The last statements, the latest first."""
    glue, found = visit.client("glue"), []
    answer = glue.list_statements(SessionId=identifier)
    found = answer["Statements"]
    while "NextToken" in answer:
        answer = glue.list_statements(SessionId=identifier, NextToken=answer["NextToken"])
        found = (found + answer["Statements"])[-PAGE:]
    return list(reversed(found))


PAGES = (
    Page("GET", "/running", running),
    Page("GET", "/sessions", sessions),
    Page("POST", "/sessions", create),
    Page("GET", "/sessions/{session}", session),
    Page("GET", "/sessions/{session}/spark", spark),
    Page("POST", "/sessions/{session}/statements", run),
    Page("POST", "/sessions/{session}/statements/{statement:int}/cancel", cancel),
    Page("POST", "/sessions/{session}/stop", stop),
    Page("POST", "/sessions/{session}/delete", delete),
)
