"""AWS Lambda: layers."""

from typing import Any

from studiolo.functions import Layer, paged
from studiolo.services.call import Call
from studiolo.services.lambda_.functions import code_of
from studiolo.services.lambda_.service import Request, as_page, lambda_, moment

TOLD = ("CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo")


@lambda_.operation
def delete_layer_version(call: Call, request: Request) -> dict[str, Any]:
    call.studio.functions.layers.delete(call.scope, _name(request), request["VersionNumber"])
    return {}


@lambda_.operation
def get_layer_version(call: Call, request: Request) -> dict[str, Any]:
    return as_version(call.studio.functions.layers.get(call.scope, _name(request), request["VersionNumber"]))


@lambda_.operation
def get_layer_version_by_arn(call: Call, request: Request) -> dict[str, Any]:
    return as_version(call.studio.functions.layers.by_arn(request["Arn"]))


@lambda_.operation
def list_layer_versions(call: Call, request: Request) -> Any:
    found = _fitting(call.studio.functions.layers.versions(call.scope, _name(request)), request)
    return as_page(request, "LayerVersions", lambda after, limit: paged(found, after, limit), as_listed)


@lambda_.operation
def list_layers(call: Call, request: Request) -> Any:
    found = _fitting(call.studio.functions.layers.latest(call.scope), request)

    def shown(layer: Layer) -> dict[str, Any]:
        return {"LayerName": layer.name, "LayerArn": layer.arn, "LatestMatchingVersion": as_listed(layer)}

    return as_page(request, "Layers", lambda after, limit: paged(found, after, limit), shown)


@lambda_.operation
def publish_layer_version(call: Call, request: Request) -> dict[str, Any]:
    data = code_of(call, request["Content"])
    told = {name: request[name] for name in TOLD if name in request}
    description = request.get("Description", "")
    return as_version(call.studio.functions.layers.publish(call.scope, _name(request), data, description, told))


def as_listed(layer: Layer) -> dict[str, Any]:
    return {
        "LayerVersionArn": layer.version_arn,
        "Version": layer.number,
        "Description": layer.description,
        "CreatedDate": moment(layer.created),
        **layer.told,
    }


def as_version(layer: Layer) -> dict[str, Any]:
    content = {"CodeSha256": layer.code.digest, "CodeSize": layer.code.size}
    return {**as_listed(layer), "LayerArn": layer.arn, "Content": content}


def _name(request: Request) -> str:
    return str(request["LayerName"].rpartition(":")[2])


def _fitting(layers: list[Layer], request: Request) -> list[Layer]:
    wanted = request.get("CompatibleRuntime")
    return [each for each in layers if wanted is None or wanted in each.told.get("CompatibleRuntimes", [wanted])]
