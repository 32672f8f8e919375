"""AWS Service Catalog: products and their provisioning artifacts."""

from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.products import PRODUCT, Record, arn, found_in
from studiolo.products.items import own_id
from studiolo.services.call import Call
from studiolo.services.servicecatalog.service import as_tags, cut, in_order, kept, servicecatalog, tags
from studiolo.services.servicecatalog.tag_options import as_tag_option
from studiolo.services.servicecatalog.templates import as_parameters

Request = Mapping[str, Any]
TOLD = ("Name", "Owner", "Description", "Distributor", "SupportDescription", "SupportEmail", "SupportUrl")
ARTIFACT = ("Name", "Description", "Type", "Active", "Guidance")


@servicecatalog.operation
def create_product(call: Call, request: Request) -> dict[str, Any]:
    product, artifact = call.studio.products.offers.create(
        call.scope,
        call.principal,
        kept(request, (*TOLD, "ProductType")),
        request.get("ProvisioningArtifactParameters"),
        tags(request),
        request["IdempotencyToken"],
    )
    return {
        "ProductViewDetail": as_detail(call, product),
        "ProvisioningArtifactDetail": as_artifact(artifact),
        "Tags": as_tags(product.tags),
    }


@servicecatalog.operation
def create_provisioning_artifact(call: Call, request: Request) -> dict[str, Any]:
    made = call.studio.products.offers.add_artifact(
        call.scope, call.principal, request["ProductId"], request["Parameters"], request["IdempotencyToken"]
    )
    return as_answer(made)


@servicecatalog.operation
def delete_product(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.offers.delete(call.scope, request["Id"])
    return {}


@servicecatalog.operation
def delete_provisioning_artifact(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.offers.delete_artifact(call.scope, request["ProductId"], request["ProvisioningArtifactId"])
    return {}


@servicecatalog.operation
def describe_product_as_admin(call: Call, request: Request) -> dict[str, Any]:
    products = call.studio.products
    found = products.offers.get(call.scope, request.get("Id"), request.get("Name"))
    return {
        "ProductViewDetail": as_detail(call, found),
        "ProvisioningArtifactSummaries": [
            {
                **kept(as_artifact(each), ("Id", "Name", "Description", "CreatedTime")),
                "ProvisioningArtifactMetadata": each["Info"],
            }
            for each in products.offers.artifacts(call.scope, found.id)
        ],
        "Tags": as_tags(found.tags),
        "TagOptions": [as_tag_option(call, each) for each in products.portfolios.tag_options(call.scope, found.id)],
        "Budgets": [],
    }


@servicecatalog.operation
def describe_provisioning_artifact(call: Call, request: Request) -> dict[str, Any]:
    offers = call.studio.products.offers
    product = offers.get(call.scope, request.get("ProductId"), request.get("ProductName"))
    found = offers.artifact(
        call.scope, product.id, request.get("ProvisioningArtifactId"), request.get("ProvisioningArtifactName")
    )
    answer = as_answer(found)
    if request.get("IncludeProvisioningArtifactParameters"):
        answer["ProvisioningArtifactParameters"] = as_parameters(offers.template(call.scope, found))
    return answer


@servicecatalog.operation
def list_provisioning_artifacts(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.offers.artifacts(call.scope, request["ProductId"])
    return {"ProvisioningArtifactDetails": [as_artifact(each) for each in found]}


@servicecatalog.operation
def search_products_as_admin(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.offers.all(call.scope, request.get("PortfolioId"))
    page, more = cut(searched(call, found, request), request)
    return {"ProductViewDetails": [as_detail(call, each) for each in page], **more}


@servicecatalog.operation
def update_product(call: Call, request: Request) -> dict[str, Any]:
    changed = call.studio.products.offers.update(
        call.scope, request["Id"], kept(request, TOLD), tags(request, "AddTags"), request.get("RemoveTags", [])
    )
    return {"ProductViewDetail": as_detail(call, changed), "Tags": as_tags(changed.tags)}


@servicecatalog.operation
def update_provisioning_artifact(call: Call, request: Request) -> dict[str, Any]:
    changed = call.studio.products.offers.set_artifact(
        call.scope,
        request["ProductId"],
        request["ProvisioningArtifactId"],
        kept(request, ("Name", "Description", "Active", "Guidance")),
    )
    return as_answer(changed)


def searched(call: Call, products: Sequence[Record], request: Request) -> list[Record]:
    """The products that pass the request's filters, in its order."""
    offers = call.studio.products.offers
    keys = {
        "Title": lambda each: (each["Name"].lower(), each.id),
        "CreationDate": lambda each: (each.created, each.id),
        "VersionCount": lambda each: (len(offers.artifacts(call.scope, each.id)), each.id),
    }
    return in_order(found_in(products, request.get("Filters", {})), request, keys)


def as_summary(found: Record, has_path: bool = True) -> dict[str, Any]:
    shown = {
        "Id": own_id("prodview", found.id),
        "ProductId": found.id,
        "Type": found["ProductType"],
        "HasDefaultPath": has_path,
        **kept(found.attributes, [name for name in TOLD if name != "Description"]),
    }
    return {**shown, **({"ShortDescription": found["Description"]} if found.get("Description") else {})}


def as_detail(call: Call, found: Record) -> dict[str, Any]:
    return {
        "ProductViewSummary": as_summary(found, False),
        "Status": "AVAILABLE",
        "ProductARN": arn(call.scope, PRODUCT, found.id),
        "CreatedTime": found.created,
    }


def as_artifact(found: Record) -> dict[str, Any]:
    return {"Id": found.id, "CreatedTime": found.created, **kept(found.attributes, ARTIFACT)}


def as_answer(found: Record) -> dict[str, Any]:
    return {"ProvisioningArtifactDetail": as_artifact(found), "Info": found["Info"], "Status": "AVAILABLE"}
