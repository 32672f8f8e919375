"""Amazon SageMaker: projects, and the portfolio of Service Catalog that SageMaker shares."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.products import Project
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import INVALID, refuse, sagemaker, tags

Request = Mapping[str, Any]


@sagemaker.operation
def create_project(call: Call, request: Request) -> dict[str, Any]:
    refuse(request, ["TemplateProviders"], "CreateProject")
    details = request.get("ServiceCatalogProvisioningDetails")
    if details is None:
        raise ServiceError(INVALID, "ServiceCatalogProvisioningDetails must be given.")
    made = call.studio.products.projects.create(
        call.scope,
        call.principal,
        request["ProjectName"],
        request.get("ProjectDescription"),
        {
            "product": details["ProductId"],
            "artifact": details.get("ProvisioningArtifactId"),
            "path": details.get("PathId"),
            "parameters": _parameters(details),
        },
        tags(call, request),
    )
    return {"ProjectArn": made.arn, "ProjectId": made.id}


@sagemaker.operation
def delete_project(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.projects.delete(call.scope, call.principal, request["ProjectName"])
    return {}


@sagemaker.operation
def describe_project(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.projects.get(call.scope, request["ProjectName"])
    launched = {
        "ProvisionedProductId": found["provisioned"],
        "ProvisionedProductStatusMessage": found.message,
    }
    asked = {
        "ProductId": found["product"],
        "ProvisioningArtifactId": found["artifact"],
        "PathId": found["path"],
        "ProvisioningParameters": [{"Key": key, "Value": value} for key, value in found["parameters"].items()],
    }
    shown = {
        **as_summary(found),
        "ServiceCatalogProvisioningDetails": _there(asked),
        "ServiceCatalogProvisionedProductDetails": _there(launched),
        "CreatedBy": {"IamIdentity": found["by"]},
        "LastModifiedTime": found.updated,
    }
    return {**shown, **({"LastModifiedBy": {"IamIdentity": found["changed_by"]}} if found["changed_by"] else {})}


@sagemaker.operation
def disable_sagemaker_servicecatalog_portfolio(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.disable_sagemaker(call.scope)
    return {}


@sagemaker.operation
def enable_sagemaker_servicecatalog_portfolio(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.enable_sagemaker(call.scope)
    return {}


@sagemaker.operation
def get_sagemaker_servicecatalog_portfolio_status(call: Call, request: Request) -> dict[str, Any]:
    return {"Status": "Enabled" if call.studio.products.portfolios.sagemaker_enabled(call.scope) else "Disabled"}


@sagemaker.operation
def list_projects(call: Call, request: Request) -> dict[str, Any]:
    """By their names, unless the request says otherwise."""
    after, before = request.get("CreationTimeAfter"), request.get("CreationTimeBefore")
    found = [
        each
        for each in call.studio.products.projects.all(call.scope)
        if request.get("NameContains", "").lower() in each.name.lower()
        and (after is None or each.created > after)
        and (before is None or each.created < before)
    ]
    by_time = request.get("SortBy", "CreationTime") == "CreationTime"
    found.sort(
        key=lambda each: (each.created, each.id) if by_time else (each.name, each.id),
        reverse=request.get("SortOrder") == "Descending",
    )
    start = decode_place(request.get("NextToken"), INVALID)
    end = start + request.get("MaxResults", 10)
    more = {"NextToken": encode_token(str(end))} if len(found) > end else {}
    return {"ProjectSummaryList": [as_summary(each) for each in found[start:end]], **more}


@sagemaker.operation
def update_project(call: Call, request: Request) -> dict[str, Any]:
    refuse(request, ["TemplateProvidersToUpdate"], "UpdateProject")
    details = request.get("ServiceCatalogProvisioningUpdateDetails")
    changes = (
        None
        if details is None
        else {"artifact": details.get("ProvisioningArtifactId"), "parameters": _parameters(details)}
    )
    changed = call.studio.products.projects.update(
        call.scope, call.principal, request["ProjectName"], request.get("ProjectDescription"), changes
    )
    if request.get("Tags"):
        call.studio.ml.tag(call.scope, changed.arn, tags(call, request))
    return {"ProjectArn": changed.arn}


def as_summary(project: Project) -> dict[str, Any]:
    shown = {
        "ProjectName": project.name,
        "ProjectDescription": project["description"],
        "ProjectArn": project.arn,
        "ProjectId": project.id,
        "CreationTime": project.created,
        "ProjectStatus": project.status,
    }
    return _there(shown)


def _parameters(details: Mapping[str, Any]) -> dict[str, str]:
    given = details.get("ProvisioningParameters", [])
    if any(not {"Key", "Value"} <= set(each) for each in given):
        raise ServiceError(INVALID, "A provisioning parameter needs a Key, and a Value.")
    return {each["Key"]: each["Value"] for each in given}


def _there(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
