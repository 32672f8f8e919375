"""Functions: Lambda's, with their versions, aliases and addresses, their logs, and trying them."""

import base64
import json
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from starlette.responses import Response

from studiolo.console.pages.function_forms import choices
from studiolo.console.pages.logs import last_events
from studiolo.console.pages.page import Page
from studiolo.console.people import READ_SECONDS
from studiolo.console.visit import PAGE, Refused, Visit, refused

MOST_SHOWN = 64 * 1024
"""Bytes of an answer."""
MOST_VERSIONS = 200
LATE = Refused(
    "ReadTimeout",
    f"The function has not answered in {READ_SECONDS} s, for which the console waits. Its log tells how it goes on.",
    504,
)


def functions(visit: Visit) -> Response:
    given = {"Marker": visit.query["after"]} if visit.query.get("after") else {}
    if visit.query.get("find"):
        found = {"Functions": visit.found("lambda", "list_functions", "Functions", "FunctionName")}
    else:
        found = visit.client("lambda").list_functions(MaxItems=PAGE, **given)
    rows = [(each, _moment(each["LastModified"])) for each in found["Functions"]]
    return visit.page(
        "functions.html", functions=rows, more=found.get("NextMarker"), choices=visit.attempt(choices, visit)
    )


def function(visit: Visit) -> Response:
    return _function(visit, None, {"payload": "{}", "qualifier": "", "event": ""})


def attempt(visit: Visit) -> Response:
    """Send what was typed, and show what came back beside it."""
    form = visit.form
    asked = {name: form.get(name, "") for name in ("payload", "qualifier", "event")}
    given = {"Qualifier": asked["qualifier"]} if asked["qualifier"] else {}
    given |= {"InvocationType": "Event"} if asked["event"] else {"LogType": "Tail"}
    try:
        answer = visit.client("lambda").invoke(
            FunctionName=visit.path["function"], Payload=asked["payload"].encode(), **given
        )
    except ReadTimeoutError:
        return _function(visit, LATE, asked)
    except ClientError as error:
        return _function(visit, refused(error), asked)
    tried = {
        "text": answer["Payload"].read(MOST_SHOWN).decode("utf-8", "replace"),
        "error": answer.get("FunctionError"),
        "version": answer.get("ExecutedVersion"),
        "log": base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace"),
    }
    return _function(visit, tried, asked)


def delete(visit: Visit) -> Response:
    visit.client("lambda").delete_function(FunctionName=visit.path["function"])
    return visit.go("/functions")


def _function(visit: Visit, tried: dict[str, Any] | Refused | None, asked: dict[str, str]) -> Response:
    name, client = visit.path["function"], visit.client("lambda")
    described = client.get_function(FunctionName=name)
    configuration = described["Configuration"]
    tab = visit.query.get("tab", "try")
    shown: dict[str, Any] = {}
    if tab == "log":
        group = configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
        shown = {"log": last_events(visit, group, "")}
    elif tab == "settings":
        shown = {"urls": visit.attempt(_urls, visit, name), "policy": visit.attempt(_policy, visit, name)}
    else:
        versions = visit.attempt(_versions, visit, name)
        shown = {"versions": versions, "aliases": visit.attempt(_aliases, visit, name)}
    return visit.page(
        "function.html",
        function=configuration,
        changed=_moment(configuration["LastModified"]),
        tags=described.get("Tags", {}),
        concurrency=described.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        tab=tab,
        passing=configuration["State"] == "Pending" or configuration.get("LastUpdateStatus") == "InProgress",
        tried=tried,
        asked=asked,
        **shown,
    )


def _versions(visit: Visit, name: str) -> list[tuple[dict[str, Any], datetime | None]]:
    """The newest first, `$LATEST` at the head."""
    found = visit.every("lambda", "list_versions_by_function", "Versions", MOST_VERSIONS, FunctionName=name)
    latest, *numbered = sorted(found, key=lambda each: (each["Version"] != "$LATEST", each["Version"]))
    numbered.sort(key=lambda each: int(each["Version"]), reverse=True)
    return [(each, _moment(each["LastModified"])) for each in (latest, *numbered)]


def _aliases(visit: Visit, name: str) -> list[dict[str, Any]]:
    return list(visit.every("lambda", "list_aliases", "Aliases", MOST_VERSIONS, FunctionName=name))


def _urls(visit: Visit, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = visit.client("lambda").list_function_url_configs(FunctionName=name)[
        "FunctionUrlConfigs"
    ]
    return found


def _policy(visit: Visit, name: str) -> list[dict[str, Any]]:
    """The statements that say who may invoke it, beside callers' own policies."""
    client = visit.client("lambda")
    try:
        statements: list[dict[str, Any]] = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]
    except client.exceptions.ResourceNotFoundException:
        return []
    return statements


def _moment(text: str) -> datetime | None:
    """Lambda's times are texts, with an offset that Python 3.10 reads by a pattern alone."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None


PAGES = (
    Page("GET", "/functions", functions),
    Page("GET", "/functions/{function}", function),
    Page("POST", "/functions/{function}", attempt),
    Page("POST", "/functions/{function}/delete", delete),
)
