"""Amazon EMR Serverless: tags of applications and job runs."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from studiolo.domain import Invalid
from studiolo.services.call import Call
from studiolo.services.emr_serverless.service import emr_serverless

RESOURCE = re.compile(r"arn:[^:]+:emr-serverless:[^:]*:\d*:/applications/(?P<app>[^/]+)(/jobruns/(?P<run>[^/]+))?")


@emr_serverless.operation
def list_tags_for_resource(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    return {"tags": dict(tags_of(call, request["resourceArn"]))}


@emr_serverless.operation
def tag_resource(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    _change(call, request["resourceArn"], own_tags(call, request), ())
    return {}


@emr_serverless.operation
def untag_resource(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    _change(call, request["resourceArn"], {}, request["tagKeys"])
    return {}


def own_tags(call: Call, request: Mapping[str, Any]) -> Mapping[str, str]:
    """The request's tags. Raises Invalid for one that is AWS's."""
    found: Mapping[str, str] = request.get("tags", {})
    if (reserved := call.reserved_tag(found)) is not None:
        raise Invalid(reserved)
    return found


def tags_of(call: Call, arn: str) -> Mapping[str, str]:
    """Raises NotFound, Invalid."""
    app, run = _named(arn)
    serverless = call.studio.serverless
    if run is None:
        return serverless.application(call.scope, app).tags
    return serverless.job_run(call.scope, app, run).tags


def _change(call: Call, arn: str, add: Mapping[str, str], remove: Collection[str]) -> None:
    app, run = _named(arn)
    if run is None:
        call.studio.serverless.set_application_tags(call.scope, app, add, remove)
    else:
        call.studio.serverless.set_run_tags(call.scope, app, run, add, remove)


def _named(arn: str) -> tuple[str, str | None]:
    found = RESOURCE.fullmatch(arn)
    if found is None:
        raise Invalid(f"{arn} is no application and no job run.")
    return found["app"], found["run"]
