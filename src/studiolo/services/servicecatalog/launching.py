"""AWS Service Catalog: what a person may launch, and launching it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.products import Path, Record, Wanted
from studiolo.products.errors import Missing
from studiolo.products.items import own_id
from studiolo.services.call import Call
from studiolo.services.servicecatalog.products import as_artifact, as_summary, searched
from studiolo.services.servicecatalog.provisioned import as_record
from studiolo.services.servicecatalog.service import INVALID, as_tags, cut, kept, servicecatalog, tags
from studiolo.services.servicecatalog.templates import as_outputs, as_parameters

Request = Mapping[str, Any]


@servicecatalog.operation
def describe_product(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.offers.get(call.scope, request.get("Id"), request.get("Name"))
    paths = call.studio.products.paths.of(call.scope, call.principal, found.id)
    return {
        "ProductViewSummary": as_summary(found, len(paths) == 1),
        "ProvisioningArtifacts": as_artifacts(call, found),
        "Budgets": [],
        "LaunchPaths": [{"Id": path.id, "Name": path.name} for path in paths],
    }


@servicecatalog.operation
def describe_product_view(call: Call, request: Request) -> dict[str, Any]:
    for found in call.studio.products.paths.products(call.scope, call.principal):
        if own_id("prodview", found.id) == request["Id"]:
            return {"ProductViewSummary": as_summary(found), "ProvisioningArtifacts": as_artifacts(call, found)}
    raise Missing(f"ProductView {request['Id']} not found.")


@servicecatalog.operation
def describe_provisioning_parameters(call: Call, request: Request) -> dict[str, Any]:
    products = call.studio.products
    product = products.offers.get(call.scope, request.get("ProductId"), request.get("ProductName"))
    path = products.paths.one(call.scope, call.principal, product.id, request.get("PathId"), request.get("PathName"))
    artifact = products.offers.artifact(
        call.scope, product.id, request.get("ProvisioningArtifactId"), request.get("ProvisioningArtifactName")
    )
    text = products.offers.template(call.scope, artifact)
    return {
        "ProvisioningArtifactParameters": as_parameters(text),
        "ConstraintSummaries": as_constraints(path),
        "UsageInstructions": [],
        "TagOptions": [{"Key": key, "Values": list(values)} for key, values in path.options.items()],
        "ProvisioningArtifactOutputs": as_outputs(text),
        "ProvisioningArtifactOutputKeys": as_outputs(text),
    }


@servicecatalog.operation
def list_launch_paths(call: Call, request: Request) -> dict[str, Any]:
    paths = call.studio.products.paths.of(call.scope, call.principal, request["ProductId"])
    page, more = cut(paths, request)
    summaries = [
        {
            "Id": path.id,
            "Name": path.name,
            "ConstraintSummaries": as_constraints(path),
            "Tags": as_tags(path.tags),
        }
        for path in page
    ]
    return {"LaunchPathSummaries": summaries, **more}


@servicecatalog.operation
def provision_product(call: Call, request: Request) -> dict[str, Any]:
    _refuse_stack_sets(request)
    record = call.studio.products.provisioning.provision(
        call.scope, call.principal, request["ProvisionedProductName"], wanted(request, request["ProvisionToken"])
    )
    return {"RecordDetail": as_record(record)}


@servicecatalog.operation
def search_products(call: Call, request: Request) -> dict[str, Any]:
    """What the caller may launch. ProductViewAggregations count all that was found."""
    found = searched(call, call.studio.products.paths.products(call.scope, call.principal), request)
    page, more = cut(found, request)
    counted = {
        name: [{"Value": value, "ApproximateCount": count} for value, count in sorted(counts.items())]
        for name, counts in (
            ("Owner", Counter(each["Owner"] for each in found)),
            ("ProductType", Counter(each["ProductType"] for each in found)),
        )
    }
    return {"ProductViewSummaries": [as_summary(each) for each in page], "ProductViewAggregations": counted, **more}


@servicecatalog.operation
def update_provisioned_product(call: Call, request: Request) -> dict[str, Any]:
    _refuse_stack_sets(request)
    provisioning = call.studio.products.provisioning
    which = provisioning.provisioned(
        call.scope, request.get("ProvisionedProductId"), request.get("ProvisionedProductName")
    )
    record = provisioning.update(call.scope, call.principal, which, wanted(request, request["UpdateToken"]))
    return {"RecordDetail": as_record(record)}


def wanted(request: Request, token: str) -> Wanted:
    """What a request wants launched."""
    parameters: dict[str, str | None] = {}
    for given in request.get("ProvisioningParameters", []):
        if "Key" not in given or not ("Value" in given or given.get("UsePreviousValue")):
            raise ServiceError(INVALID, "A provisioning parameter needs a Key, and a Value.")
        parameters[given["Key"]] = None if given.get("UsePreviousValue") else given["Value"]
    return Wanted(
        token,
        product=request.get("ProductId"),
        product_name=request.get("ProductName"),
        artifact=request.get("ProvisioningArtifactId"),
        artifact_name=request.get("ProvisioningArtifactName"),
        path=request.get("PathId"),
        path_name=request.get("PathName"),
        parameters=parameters,
        tags=tags(request),
        notifications=tuple(request.get("NotificationArns", ())),
    )


def as_artifacts(call: Call, product: Record) -> list[dict[str, Any]]:
    """The artifacts that may be launched."""
    names = ("Id", "Name", "Description", "CreatedTime", "Guidance")
    found = call.studio.products.offers.artifacts(call.scope, product.id)
    return [kept(as_artifact(each), names) for each in found if each["Active"]]


def as_constraints(path: Path) -> list[dict[str, Any]]:
    return [kept(each.attributes, ("Type", "Description")) for each in path.constraints]


def _refuse_stack_sets(request: Request) -> None:
    if request.get("ProvisioningPreferences"):
        raise ServiceError(INVALID, "ProvisioningPreferences are of stack sets, which Studiolo does not have.")
