"""What the handlers of the Data Catalog share."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.arns import arn
from studiolo.aws.paging import decode_token, encode_token
from studiolo.catalog import Segment
from studiolo.domain import Denied, DomainError, Invalid, NotFound, Scope
from studiolo.identity import Answer, Question
from studiolo.services.call import Call
from studiolo.services.glue.service import glue
from studiolo.services.rights.glue import RIGHTS

TOKEN_ERROR = "InvalidInputException"  # noqa: S105 (an error code)


def scope_of(call: Call, request: Mapping[str, Any]) -> Scope:
    """Whose catalog a request is about: an account's, or one within it. Raises NotFound and Denied.

    That another account's may be used so has been decided with its own policy.
    """
    catalog = request.get("CatalogId")
    if catalog is None or catalog == call.scope.account:
        return call.scope
    account, _, name = catalog.partition(":")
    try:
        call.studio.identity.of(account)
    except NotFound as error:
        raise Denied(
            f"User: {call.principal.arn} is not authorized to use the catalog {catalog}: "
            f"this account's catalog is {call.scope.account}, and those within it {call.scope.account}:name."
        ) from error
    scope = Scope(account, call.scope.region)
    return Scope(call.catalog.catalog(scope, name).id, scope.region) if name else scope


def account_of(scope: Scope) -> str:
    """The account whose a catalog is, its own or one within that."""
    return scope.account.partition(":")[0]


def denied(call: Call, scope: Scope, action: str, name: str) -> bool:
    """Whether a policy explicitly denies the caller an action on a resource, the last part of whose ARN that is."""
    account = account_of(scope)
    question = Question(f"glue:{action}", arn("glue", scope.region, account, name))
    policy = RIGHTS.policy(call, {"CatalogId": account})
    decision = call.studio.identity.decide(call.principal, question, policy=policy)
    return decision.answer is Answer.DENIED


def after(request: Mapping[str, Any]) -> str | None:
    """The place that a list goes on from."""
    token = request.get("NextToken")
    return decode_token(token, TOKEN_ERROR) if token else None


def number_after(request: Mapping[str, Any]) -> int | None:
    """The same where places are numbers."""
    place = after(request)
    if place is not None and not place.isdecimal():
        raise Invalid("The pagination token is not one of this list.")
    return None if place is None else int(place)


def next_token(place: str | None) -> dict[str, str]:
    return {} if place is None else {"NextToken": encode_token(place)}


def segment_of(request: Mapping[str, Any]) -> Segment | None:
    asked = request.get("Segment")
    return None if asked is None else Segment(asked["SegmentNumber"], asked["TotalSegments"])


def error_detail(error: DomainError) -> dict[str, Any]:
    """Why one entry of a batch failed."""
    said = glue.error(error)
    return {"ErrorCode": said.code, "ErrorMessage": said.message}


def given(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What is there of an answer."""
    return {name: value for name, value in shown.items() if value is not None}


def refuse_transactions(request: Mapping[str, Any]) -> None:
    """Raise Invalid for what belongs to governed tables, which AWS has ended."""
    for name in ("TransactionId", "QueryAsOfTime"):
        if request.get(name) is not None:
            raise Invalid(f"{name} is for governed tables, which there are none of.")
