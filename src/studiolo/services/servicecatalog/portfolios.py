"""AWS Service Catalog: portfolios, what is in them, who may use them."""

from collections.abc import Mapping
from typing import Any

from studiolo.products import PORTFOLIO, Record, arn
from studiolo.services.call import Call
from studiolo.services.servicecatalog.service import as_tags, cut, kept, servicecatalog, tags
from studiolo.services.servicecatalog.tag_options import as_tag_option

Request = Mapping[str, Any]
TOLD = ("DisplayName", "Description", "ProviderName")


@servicecatalog.operation
def associate_principal_with_portfolio(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.allow(
        call.scope, request["PortfolioId"], request["PrincipalARN"], request["PrincipalType"]
    )
    return {}


@servicecatalog.operation
def associate_product_with_portfolio(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.put_product(call.scope, request["PortfolioId"], request["ProductId"])
    return {}


@servicecatalog.operation
def create_portfolio(call: Call, request: Request) -> dict[str, Any]:
    made = call.studio.products.portfolios.create(
        call.scope, kept(request, TOLD), tags(request), request["IdempotencyToken"]
    )
    return {"PortfolioDetail": as_portfolio(call, made), "Tags": as_tags(made.tags)}


@servicecatalog.operation
def delete_portfolio(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.delete(call.scope, request["Id"])
    return {}


@servicecatalog.operation
def describe_portfolio(call: Call, request: Request) -> dict[str, Any]:
    portfolios = call.studio.products.portfolios
    found = portfolios.get(call.scope, request["Id"])
    options = [as_tag_option(call, each) for each in portfolios.tag_options(call.scope, found.id)]
    return {
        "PortfolioDetail": as_portfolio(call, found),
        "Tags": as_tags(found.tags),
        "TagOptions": options,
        "Budgets": [],
    }


@servicecatalog.operation
def disassociate_principal_from_portfolio(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.disallow(call.scope, request["PortfolioId"], request["PrincipalARN"])
    return {}


@servicecatalog.operation
def disassociate_product_from_portfolio(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.take_product(call.scope, request["PortfolioId"], request["ProductId"])
    return {}


@servicecatalog.operation
def list_accepted_portfolio_shares(call: Call, request: Request) -> dict[str, Any]:
    """Nobody shares here but SageMaker, once EnableSagemakerServicecatalogPortfolio was called."""
    kind = request.get("PortfolioShareType", "AWS_SERVICECATALOG")
    found = call.studio.products.portfolios.all(call.scope, shared=True) if kind == "AWS_SERVICECATALOG" else []
    page, more = cut(found, request)
    return {"PortfolioDetails": [as_portfolio(call, each) for each in page], **more}


@servicecatalog.operation
def list_portfolios(call: Call, request: Request) -> dict[str, Any]:
    page, more = cut(call.studio.products.portfolios.all(call.scope), request)
    return {"PortfolioDetails": [as_portfolio(call, each) for each in page], **more}


@servicecatalog.operation
def list_portfolios_for_product(call: Call, request: Request) -> dict[str, Any]:
    page, more = cut(call.studio.products.portfolios.of_product(call.scope, request["ProductId"]), request)
    return {"PortfolioDetails": [as_portfolio(call, each) for each in page], **more}


@servicecatalog.operation
def list_principals_for_portfolio(call: Call, request: Request) -> dict[str, Any]:
    page, more = cut(call.studio.products.portfolios.allowed(call.scope, request["PortfolioId"]), request)
    return {"Principals": [{"PrincipalARN": each["other"], "PrincipalType": each["kind"]} for each in page], **more}


@servicecatalog.operation
def update_portfolio(call: Call, request: Request) -> dict[str, Any]:
    changed = call.studio.products.portfolios.update(
        call.scope, request["Id"], kept(request, TOLD), tags(request, "AddTags"), request.get("RemoveTags", [])
    )
    return {"PortfolioDetail": as_portfolio(call, changed), "Tags": as_tags(changed.tags)}


def as_portfolio(call: Call, found: Record) -> dict[str, Any]:
    place = {"Id": found.id, "ARN": arn(call.scope, PORTFOLIO, found.id), "CreatedTime": found.created}
    return {**place, **kept(found.attributes, TOLD)}
