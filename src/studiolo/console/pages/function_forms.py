"""Forms for functions: a new one of a zip in S3, other code, other settings."""

from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.roles import roles_for
from studiolo.console.visit import Refused, Visit

RUNTIMES = ("python3.12", "python3.11", "python3.10", "nodejs22.x", "nodejs20.x", "provided.al2023")
"""That are offered; others can be typed."""


class Unread(Exception):
    """A field that does not say what it is to say."""


def choices(visit: Visit) -> dict[str, Any]:
    """What a new function can be made of. Raises ClientError."""
    return {"runtimes": RUNTIMES, "roles": roles_for(visit, "lambda.amazonaws.com")}


def create(visit: Visit) -> Response:
    form, name = visit.form, visit.form.get("name", "").strip()
    try:
        code, settings = _code(form.get("code", "")), _settings(visit)
    except Unread as error:
        return _unread(visit, error)
    visit.client("lambda").create_function(
        FunctionName=name, Runtime=form.get("runtime", ""), Role=form.get("role", ""), Code=code, **settings
    )
    return visit.go(f"/functions/{name}")


def change_code(visit: Visit) -> Response:
    name = visit.path["function"]
    try:
        code = _code(visit.form.get("code", ""))
    except Unread as error:
        return _unread(visit, error)
    visit.client("lambda").update_function_code(FunctionName=name, **code, Publish=bool(visit.form.get("publish")))
    return visit.go(f"/functions/{name}?tab=settings")


def change_settings(visit: Visit) -> Response:
    name = visit.path["function"]
    try:
        settings = _settings(visit)
        variables = dict(_variable(line) for line in visit.form.get("variables", "").splitlines() if line.strip())
    except Unread as error:
        return _unread(visit, error)
    visit.client("lambda").update_function_configuration(
        FunctionName=name, **settings, Environment={"Variables": variables}
    )
    return visit.go(f"/functions/{name}?tab=settings")


def _code(place: str) -> dict[str, str]:
    scheme, _, rest = place.strip().partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not key:
        raise Unread(f"The code is a zip in S3, as s3://BUCKET/function.zip, and not: {place}")
    return {"S3Bucket": bucket, "S3Key": key}


def _settings(visit: Visit) -> dict[str, Any]:
    form = visit.form
    numbers = {"Timeout": form.get("timeout", ""), "MemorySize": form.get("memory", "")}
    wrong = [name for name, value in numbers.items() if value and not value.isdecimal()]
    if wrong:
        raise Unread(f"{' and '.join(wrong)} must be whole numbers.")
    return {"Handler": form.get("handler", ""), **{name: int(value) for name, value in numbers.items() if value}}


def _variable(line: str) -> tuple[str, str]:
    name, equals, value = line.strip().partition("=")
    if not equals:
        raise Unread(f"A variable is a name, = and a value, and not: {line}")
    return name.strip(), value.strip()


def _unread(visit: Visit, error: Unread) -> Response:
    return visit.page("refused.html", 400, said=Refused("InvalidParameterValueException", str(error), 400))


PAGES = (
    Page("POST", "/functions", create),
    Page("POST", "/functions/{function}/code", change_code),
    Page("POST", "/functions/{function}/settings", change_settings),
)
