"""Amazon CloudWatch Logs: subscription filters, which hand log events to Lambda functions."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import DomainError
from studiolo.functions import is_function
from studiolo.logs.subscription_filters import SubscriptionFilter
from studiolo.services.call import Call
from studiolo.services.logs.service import INVALID, as_milliseconds, logs, next_token, paging

Request = Mapping[str, Any]
SERVICE = "logs.amazonaws.com"
ASKED = ("applyOnTransformedLogs", "emitSystemFields", "fieldSelectionCriteria", "roleArn")


@logs.operation
def put_subscription_filter(call: Call, request: Request) -> dict[str, Any]:
    destination, group = request["destinationArn"], request["logGroupName"]
    if not is_function(destination):
        raise ServiceError(
            INVALID,
            f"The destination {destination} is not supported by Studiolo: subscription filters are for functions.",
        )
    if asked := [name for name in ASKED if request.get(name)]:
        raise ServiceError(INVALID, f"{', '.join(asked)} in PutSubscriptionFilter is not supported by Studiolo.")
    place = f"arn:{call.scope.partition}:logs:{call.scope.region}:{call.scope.account}"
    try:
        call.studio.events.trusting.check(SERVICE, f"{place}:log-group:{group}:*", destination)
    except DomainError as error:
        raise ServiceError(
            INVALID,
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
            f"function. ({error})",
        ) from error
    call.studio.logs.subscription_filters.put(
        call.scope,
        group,
        request["filterName"],
        request["filterPattern"],
        destination,
        request.get("distribution", "ByLogStream"),
    )
    return {}


@logs.operation
def describe_subscription_filters(call: Call, request: Request) -> dict[str, Any]:
    page = call.studio.logs.subscription_filters.list(
        call.scope, request["logGroupName"], prefix=request.get("filterNamePrefix", ""), **paging(request)
    )
    return {"subscriptionFilters": [_told(each) for each in page.items], **next_token(page)}


@logs.operation
def delete_subscription_filter(call: Call, request: Request) -> dict[str, Any]:
    call.studio.logs.subscription_filters.delete(call.scope, request["logGroupName"], request["filterName"])
    return {}


def _told(found: SubscriptionFilter) -> dict[str, Any]:
    return {
        "filterName": found.name,
        "logGroupName": found.group,
        "filterPattern": found.pattern,
        "destinationArn": found.destination,
        "distribution": found.distribution,
        "creationTime": as_milliseconds(found.created),
    }
