"""AWS Lambda: versions and aliases."""

from typing import Any

from studiolo.functions import Alias, paged
from studiolo.services.call import Call
from studiolo.services.lambda_.service import Request, as_configuration, as_page, lambda_, named


@lambda_.operation
def create_alias(call: Call, request: Request) -> dict[str, Any]:
    name = named(call, request)[0]
    alias = Alias(
        call.scope,
        name,
        request["Name"],
        request["FunctionVersion"],
        request.get("Description", ""),
        request.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}),
        "",
    )
    return as_alias(call.studio.functions.put_alias(alias, new=True))


@lambda_.operation
def delete_alias(call: Call, request: Request) -> dict[str, Any]:
    call.studio.functions.delete_alias(call.scope, named(call, request)[0], request["Name"])
    return {}


@lambda_.operation
def get_alias(call: Call, request: Request) -> dict[str, Any]:
    return as_alias(call.studio.functions.alias(call.scope, named(call, request)[0], request["Name"]))


@lambda_.operation
def list_aliases(call: Call, request: Request) -> Any:
    found = call.studio.functions.aliases(call.scope, named(call, request)[0])
    version = request.get("FunctionVersion")
    found = [each for each in found if version is None or version in (each.version, *each.weights)]
    return as_page(request, "Aliases", lambda after, limit: paged(found, after, limit), as_alias)


@lambda_.operation
def list_versions_by_function(call: Call, request: Request) -> Any:
    name = named(call, request)[0]
    return as_page(
        request,
        "Versions",
        lambda after, limit: call.studio.functions.versions(call.scope, name, after, limit),
        lambda each: as_configuration(call, each, qualified=True),
    )


@lambda_.operation
def publish_version(call: Call, request: Request) -> dict[str, Any]:
    published = call.studio.functions.publish(
        call.scope,
        named(call, request)[0],
        request.get("Description"),
        request.get("CodeSha256") or None,
        request.get("RevisionId"),
    )
    return as_configuration(call, published)


@lambda_.operation
def update_alias(call: Call, request: Request) -> dict[str, Any]:
    functions = call.studio.functions
    before = functions.alias(call.scope, named(call, request)[0], request["Name"])
    weights = before.weights
    if "RoutingConfig" in request:
        weights = request["RoutingConfig"].get("AdditionalVersionWeights", {})
    alias = Alias(
        before.scope,
        before.function,
        before.name,
        request.get("FunctionVersion", before.version),
        request.get("Description", before.description),
        weights,
        "",
    )
    return as_alias(functions.put_alias(alias, new=False, revision=request.get("RevisionId")))


def as_alias(alias: Alias) -> dict[str, Any]:
    told: dict[str, Any] = {
        "AliasArn": alias.arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    }
    return {**told, "RoutingConfig": {"AdditionalVersionWeights": dict(alias.weights)}} if alias.weights else told
