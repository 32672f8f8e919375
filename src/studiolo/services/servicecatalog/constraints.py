"""AWS Service Catalog: constraints on the launches of a portfolio's products."""

from collections.abc import Mapping
from typing import Any

from studiolo.products import Record
from studiolo.services.call import Call
from studiolo.services.servicecatalog.service import cut, kept, servicecatalog

Request = Mapping[str, Any]
TOLD = ("Type", "Description", "ProductId", "PortfolioId")


@servicecatalog.operation
def create_constraint(call: Call, request: Request) -> dict[str, Any]:
    made = call.studio.products.portfolios.constrain(
        call.scope, call.principal, kept(request, TOLD), request["Parameters"], request["IdempotencyToken"]
    )
    return as_answer(call, made)


@servicecatalog.operation
def delete_constraint(call: Call, request: Request) -> dict[str, Any]:
    call.studio.products.portfolios.unconstrain(call.scope, request["Id"])
    return {}


@servicecatalog.operation
def describe_constraint(call: Call, request: Request) -> dict[str, Any]:
    return as_answer(call, call.studio.products.portfolios.constraint(call.scope, request["Id"]))


@servicecatalog.operation
def list_constraints_for_portfolio(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.products.portfolios.constraints(call.scope, request["PortfolioId"], request.get("ProductId"))
    page, more = cut(found, request)
    return {"ConstraintDetails": [as_constraint(call, each) for each in page], **more}


@servicecatalog.operation
def update_constraint(call: Call, request: Request) -> dict[str, Any]:
    changed = call.studio.products.portfolios.reconstrain(
        call.scope, call.principal, request["Id"], request.get("Description"), request.get("Parameters")
    )
    return as_answer(call, changed)


def as_constraint(call: Call, found: Record) -> dict[str, Any]:
    return {"ConstraintId": found.id, "Owner": call.scope.account, **kept(found.attributes, TOLD)}


def as_answer(call: Call, found: Record) -> dict[str, Any]:
    parameters = found["Parameters"]
    return {"ConstraintDetail": as_constraint(call, found), "ConstraintParameters": parameters, "Status": "AVAILABLE"}
