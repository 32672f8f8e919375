"""Amazon SageMaker: model cards."""

from typing import TYPE_CHECKING, Any

from studiolo.ml.names import arn
from studiolo.ml.registry.cards import CARD
from studiolo.ml.registry.records import Record
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import kept, listing, next_token, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateModelCardRequestTypeDef,
        CreateModelCardResponseTypeDef,
        DeleteModelCardRequestTypeDef,
        DescribeModelCardRequestTypeDef,
        DescribeModelCardResponseTypeDef,
        ListModelCardsRequestTypeDef,
        ListModelCardsResponseTypeDef,
        ListModelCardVersionsRequestTypeDef,
        ListModelCardVersionsResponseTypeDef,
        UpdateModelCardRequestTypeDef,
        UpdateModelCardResponseTypeDef,
    )


@sagemaker.operation
def create_model_card(call: Call, request: "CreateModelCardRequestTypeDef") -> "CreateModelCardResponseTypeDef":
    card = call.studio.ml.registry.cards.create(
        call.scope,
        call.principal,
        request["ModelCardName"],
        request["Content"],
        request["ModelCardStatus"],
        kept(request, ["SecurityConfig"]),
        tags(call, request),
    )
    return {"ModelCardArn": arn(card.scope, CARD, card.name)}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_model_card(call: Call, request: "DeleteModelCardRequestTypeDef") -> dict[str, object]:
    call.studio.ml.registry.cards.delete(call.scope, request["ModelCardName"])
    return {}


@sagemaker.operation
def describe_model_card(call: Call, request: "DescribeModelCardRequestTypeDef") -> "DescribeModelCardResponseTypeDef":
    card = call.studio.ml.registry.cards.get(call.scope, request["ModelCardName"], request.get("ModelCardVersion"))
    answer: Any = as_model_card(card)
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_model_cards(call: Call, request: "ListModelCardsRequestTypeDef") -> "ListModelCardsResponseTypeDef":
    asked = {**request, "StatusEquals": request.get("ModelCardStatus")}
    page = call.studio.ml.registry.cards.page(call.scope, listing(asked, descending=True))
    return {"ModelCardSummaries": [as_model_card(each) for each in page.items], **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def list_model_card_versions(
    call: Call, request: "ListModelCardVersionsRequestTypeDef"
) -> "ListModelCardVersionsResponseTypeDef":
    # Version is all that there is to sort by.
    asked = {**request, "StatusEquals": request.get("ModelCardStatus"), "SortBy": "Name"}
    page = call.studio.ml.registry.cards.versions(call.scope, request["ModelCardName"], listing(asked, descending=True))
    return {"ModelCardVersionSummaryList": [as_model_card(each) for each in page.items], **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def update_model_card(call: Call, request: "UpdateModelCardRequestTypeDef") -> "UpdateModelCardResponseTypeDef":
    card = call.studio.ml.registry.cards.update(
        call.scope, call.principal, request["ModelCardName"], request.get("Content"), request.get("ModelCardStatus")
    )
    return {"ModelCardArn": arn(card.scope, CARD, card.name)}  # type: ignore[typeddict-item]


def as_model_card(card: Record) -> dict[str, Any]:
    return {
        "ModelCardArn": arn(card.scope, CARD, card.name),
        "ModelCardName": card.name,
        "ModelCardStatus": card.status,
        "CreationTime": card.created,
        "LastModifiedTime": card.changed,
        **card.document,
    }
