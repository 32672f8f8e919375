"""AWS Service Catalog: tag options, the tags that what is launched may have."""

from collections.abc import Mapping
from typing import Any

from studiolo.products import PORTFOLIO, Record, arn
from studiolo.services.call import Call
from studiolo.services.servicecatalog.service import cut, servicecatalog

Request = Mapping[str, Any]


@servicecatalog.operation
def associate_tag_option_with_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.tag(call.scope, request["ResourceId"], request["TagOptionId"])
    return {}


@servicecatalog.operation
def create_tag_option(call: Call, request: Request) -> dict[str, Any]:
    made = call.studio.products.portfolios.add_tag_option(call.scope, request["Key"], request["Value"])
    return {"TagOptionDetail": as_tag_option(call, made)}


@servicecatalog.operation
def delete_tag_option(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.delete_tag_option(call.scope, request["Id"])
    return {}


@servicecatalog.operation
def describe_tag_option(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.portfolios.tag_option(call.scope, request["Id"])
    return {"TagOptionDetail": as_tag_option(call, found)}


@servicecatalog.operation
def disassociate_tag_option_from_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.untag(call.scope, request["ResourceId"], request["TagOptionId"])
    return {}


@servicecatalog.operation
def list_resources_for_tag_option(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.portfolios.tagged(call.scope, request["TagOptionId"], request.get("ResourceType"))
    page, more = cut(found, request, member="PageToken")
    return {"ResourceDetails": [as_resource(call, each) for each in page], **more}


@servicecatalog.operation
def list_tag_options(call: Call, request: Request) -> dict[str, Any]:
    asked = request.get("Filters", {})
    found = [
        each
        for each in call.studio.products.portfolios.tag_options(call.scope)
        if asked.items() <= each.attributes.items()
    ]
    page, more = cut(found, request, member="PageToken")
    return {"TagOptionDetails": [as_tag_option(call, each) for each in page], **more}


@servicecatalog.operation
def update_tag_option(call: Call, request: Request) -> dict[str, Any]:
    changed = call.studio.products.portfolios.set_tag_option(
        call.scope, request["Id"], request.get("Value"), request.get("Active")
    )
    return {"TagOptionDetail": as_tag_option(call, changed)}


def as_tag_option(call: Call, found: Record) -> dict[str, Any]:
    return {**found.attributes, "Id": found.id, "Owner": call.scope.account}


def as_resource(call: Call, found: Record) -> dict[str, Any]:
    name = found["DisplayName"] if found.kind == PORTFOLIO else found["Name"]
    told = {"Id": found.id, "ARN": arn(call.scope, found.kind, found.id), "Name": name, "CreatedTime": found.created}
    return {**told, **({"Description": found["Description"]} if found.get("Description") else {})}
