"""Endpoints: trying them, what was measured of them, their variants, their log."""

import json
from typing import Any

from botocore.exceptions import ClientError
from starlette.responses import Response

from studiolo.console.pages.endpoint_variants import measured, variants
from studiolo.console.pages.logs import last_events
from studiolo.console.pages.metrics import SPANS
from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Refused, Visit, refused

MOST_SHOWN = 64 * 1024
TYPES = ("text/csv", "application/json", "application/jsonlines", "text/libsvm")


def endpoints(visit: Visit) -> Response:
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_endpoints(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    passing = any(each["EndpointStatus"] not in ("InService", "Failed") for each in found["Endpoints"])
    return visit.page("endpoints.html", endpoints=found["Endpoints"], more=found.get("NextToken"), passing=passing)


def endpoint(visit: Visit) -> Response:
    return _endpoint(visit, None, {"body": "", "type": TYPES[0], "accept": ""})


def attempt(visit: Visit) -> Response:
    """Send what was typed, and show what came back beside it."""
    form = visit.form
    given = {"Accept": form["accept"]} if form.get("accept") else {}
    asked = {"body": form.get("body", ""), "type": form.get("type", TYPES[0]), "accept": form.get("accept", "")}
    try:
        answer = visit.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=visit.path["endpoint"],
            ContentType=asked["type"],
            Body=asked["body"].replace("\r\n", "\n").encode(),
            **given,
        )
    except ClientError as error:
        return _endpoint(visit, refused(error), asked)
    body = answer["Body"].read(MOST_SHOWN)
    tried = {
        "text": _text(body),
        "type": answer.get("ContentType", ""),
        "variant": answer.get("InvokedProductionVariant", ""),
    }
    return _endpoint(visit, tried, asked)


def delete(visit: Visit) -> Response:
    visit.client("sagemaker").delete_endpoint(EndpointName=visit.path["endpoint"])
    return visit.go("/endpoints")


def _endpoint(visit: Visit, tried: dict[str, str] | Refused | None, asked: dict[str, str]) -> Response:
    name = visit.path["endpoint"]
    described = visit.client("sagemaker").describe_endpoint(EndpointName=name)
    tab = visit.query.get("tab", "try")
    shown: dict[str, Any] = {}
    if tab == "log":
        shown = {"log": last_events(visit, f"/aws/sagemaker/Endpoints/{name}", "")}
    elif tab == "variants":
        shown = {"variants": visit.attempt(variants, visit, described)}
    elif tab == "metrics":
        span = visit.query.get("span", "1h")
        shown = {"charts": visit.attempt(measured, visit, described, span), "span": span, "spans": SPANS}
    passing = described["EndpointStatus"] not in ("InService", "Failed", "OutOfService")
    return visit.page(
        "endpoint.html", endpoint=described, tab=tab, passing=passing, tried=tried, asked=asked, types=TYPES, **shown
    )


def _text(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


PAGES = (
    Page("GET", "/endpoints", endpoints),
    Page("GET", "/endpoints/{endpoint}", endpoint),
    Page("POST", "/endpoints/{endpoint}", attempt),
    Page("POST", "/endpoints/{endpoint}/delete", delete),
)
