"""AWS Service Catalog: what was launched, and the records of what was done to it."""

from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.products import Done, Missing, Provisioned
from studiolo.services.call import Call
from studiolo.services.servicecatalog.service import INVALID, as_tags, cut, in_order, servicecatalog

Request = Mapping[str, Any]
KIND = "CFN_STACK"
SEARCHED = (
    "Id", "Name", "Arn", "Type", "Status", "StatusMessage", "IdempotencyToken", "LastRecordId", "LastProvisioningRecordId",
    "LastSuccessfulProvisioningRecordId", "PhysicalId", "ProductId", "ProductName", "ProvisioningArtifactId",
    "ProvisioningArtifactName", "UserArn", "UserArnSession",
)  # fmt: skip


@servicecatalog.operation
def describe_provisioned_product(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.provisioning.provisioned(call.scope, request.get("Id"), request.get("Name"))
    return {"ProvisionedProductDetail": as_detail(found), "CloudWatchDashboards": []}


@servicecatalog.operation
def describe_record(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.provisioning.record(call.scope, request["Id"])
    page, more = cut(found["outputs"], request)
    return {"RecordDetail": as_record(found), "RecordOutputs": list(page), **more}


@servicecatalog.operation
def get_provisioned_product_outputs(call: Call, request: Request) -> dict[str, Any]:
    provisioning = call.studio.products.provisioning
    which = provisioning.provisioned(
        call.scope, request.get("ProvisionedProductId"), request.get("ProvisionedProductName")
    )
    found = provisioning.outputs(which)
    if "OutputKeys" in request:
        by_key = {each["OutputKey"]: each for each in found}
        if missing := [key for key in request["OutputKeys"] if key not in by_key]:
            raise Missing(f"Output keys not found: [{', '.join(missing)}].")
        found = [by_key[key] for key in request["OutputKeys"]]
    page, more = cut(found, request)
    return {"Outputs": list(page), **more}


@servicecatalog.operation
def list_record_history(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.provisioning.records(call.scope, call.principal, _level(request))
    search = request.get("SearchFilter", {})
    names = {"product": lambda each: each["product"], "provisionedproduct": lambda each: each.provisioned}
    if search:
        key = search.get("Key")
        if key not in names:
            raise ServiceError(INVALID, "The key of SearchFilter is product or provisionedproduct.")
        found = [each for each in found if names[key](each) == search.get("Value")]
    page, more = cut(found, request)
    return {"RecordDetails": [as_record(each) for each in page], **more}


@servicecatalog.operation
def scan_provisioned_products(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.provisioning.all(call.scope, call.principal, _level(request))
    page, more = cut(found, request)
    return {"ProvisionedProducts": [as_detail(each) for each in page], **more}


@servicecatalog.operation
def search_provisioned_products(call: Call, request: Request) -> dict[str, Any]:
    found = [
        as_found(each) for each in call.studio.products.provisioning.all(call.scope, call.principal, _level(request))
    ]
    passing = [each for each in found if all(_passes(each, query) for query in _queries(request))]
    keys = {
        "createdTime": lambda each: (each["CreatedTime"], each["Id"]),
        "arn": lambda each: each["Arn"],
        "id": lambda each: each["Id"],
        "name": lambda each: each["Name"],
        "lastRecordId": lambda each: each["LastRecordId"],
    }
    page, more = cut(in_order(passing, request, keys), request)
    return {"ProvisionedProducts": list(page), "TotalResultsCount": len(passing), **more}


@servicecatalog.operation
def terminate_provisioned_product(call: Call, request: Request) -> dict[str, Any]:
    provisioning = call.studio.products.provisioning
    which = provisioning.provisioned(
        call.scope, request.get("ProvisionedProductId"), request.get("ProvisionedProductName")
    )
    record = provisioning.terminate(
        call.scope,
        call.principal,
        which,
        request["TerminateToken"],
        ignore=request.get("IgnoreErrors", False),
        retain=request.get("RetainPhysicalResources", False),
    )
    return {"RecordDetail": as_record(record)}


def as_record(record: Done) -> dict[str, Any]:
    shown = {
        "RecordId": record.id,
        "ProvisionedProductName": record["name"],
        "Status": record.status,
        "CreatedTime": record.created,
        "UpdatedTime": record.updated,
        "ProvisionedProductType": KIND,
        "RecordType": record.kind,
        "ProvisionedProductId": record.provisioned,
        "ProductId": record["product"],
        "ProvisioningArtifactId": record["artifact"],
        "PathId": record["path"],
        "RecordErrors": record["errors"],
        "RecordTags": as_tags(record["tags"]),
    }
    return {**shown, **({"LaunchRoleArn": record["role"]} if record["role"] is not None else {})}


def as_detail(which: Provisioned) -> dict[str, Any]:
    shown = {
        "Name": which.name,
        "Arn": which.arn,
        "Type": KIND,
        "Id": which.id,
        "Status": which.status,
        "StatusMessage": which.reason,
        "CreatedTime": which.created,
        "IdempotencyToken": which["token"],
        "LastRecordId": which["last"],
        "LastProvisioningRecordId": which["last_provisioning"],
        "LastSuccessfulProvisioningRecordId": which["last_successful"],
        "ProductId": which["product"],
        "ProvisioningArtifactId": which["artifact"],
        "LaunchRoleArn": which["role"],
    }
    return {name: value for name, value in shown.items() if value is not None}


def as_found(which: Provisioned) -> dict[str, Any]:
    more = {
        "Tags": as_tags(which["tags"]),
        "PhysicalId": which["stack"],
        "ProductName": which["product_name"],
        "ProvisioningArtifactName": which["artifact_name"],
        "UserArn": which["user"],
        "UserArnSession": which["session"],
    }
    shown = {name: value for name, value in as_detail(which).items() if name != "LaunchRoleArn"}
    return {**shown, **{name: value for name, value in more.items() if value is not None}}


def _level(request: Request) -> str:
    asked = request.get("AccessLevelFilter", {"Key": "User", "Value": "self"})
    if asked.get("Value", "self") != "self":
        raise ServiceError(INVALID, "The value of AccessLevelFilter is self.")
    return str(asked.get("Key", "User"))


def _queries(request: Request) -> Sequence[str]:
    filters = request.get("Filters", {})
    if set(filters) - {"SearchQuery"}:
        raise ServiceError(INVALID, "The only filter of provisioned products is SearchQuery.")
    found: Sequence[str] = filters.get("SearchQuery", [])
    return found


def _passes(found: Mapping[str, Any], query: str) -> bool:
    """A query: `field:value`, the value with `*`, or a text that any field holds."""
    name, colon, value = query.partition(":")
    names = {each.lower(): each for each in SEARCHED}
    tags = {tag["Key"].lower(): tag["Value"].lower() for tag in found["Tags"]}
    if colon and name.lower() in names:
        return _matches(str(found.get(names[name.lower()], "")), value)
    if colon and name.lower() in ("tag", "tags"):
        key, _, text = value.partition("=")
        return any(_matches(known, key) and (not text or _matches(told, text)) for known, told in tags.items())
    texts = [str(found.get(each, "")).lower() for each in SEARCHED]
    return any(query.lower() in text for text in (*texts, *tags, *tags.values()))


def _matches(text: str, pattern: str) -> bool:
    pieces = [piece.lower() for piece in pattern.strip('"').split("*")]
    if len(pieces) == 1:
        return text.lower() == pieces[0]
    return (
        text.lower().startswith(pieces[0])
        and text.lower().endswith(pieces[-1])
        and all(p in text.lower() for p in pieces)
    )
