"""AWS Glue: classifiers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.catalog import Classifier
from studiolo.domain import Invalid
from studiolo.services.call import Call
from studiolo.services.glue.common import after, given, next_token
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100
MEMBERS: Mapping[str, str] = {
    "GrokClassifier": "grok",
    "XMLClassifier": "xml",
    "JsonClassifier": "json",
    "CsvClassifier": "csv",
}


@glue.operation
def create_classifier(call: Call, request: "shapes.CreateClassifierRequestTypeDef") -> dict[str, Any]:
    call.catalog.create_classifier(call.scope, to_classifier(request))
    return {}


@glue.operation
def delete_classifier(call: Call, request: "shapes.DeleteClassifierRequestTypeDef") -> dict[str, Any]:
    call.catalog.delete_classifier(call.scope, request["Name"])
    return {}


@glue.operation
def get_classifier(call: Call, request: "shapes.GetClassifierRequestTypeDef") -> dict[str, Any]:
    return {"Classifier": as_classifier(call.catalog.classifier(call.scope, request["Name"]))}


@glue.operation
def get_classifiers(call: Call, request: "shapes.GetClassifiersRequestTypeDef") -> dict[str, Any]:
    page = call.catalog.classifiers(call.scope, after(request), request.get("MaxResults", DEFAULT_PAGE))
    return {"Classifiers": [as_classifier(each) for each in page.items], **next_token(page.next)}


@glue.operation
def update_classifier(call: Call, request: "shapes.UpdateClassifierRequestTypeDef") -> dict[str, Any]:
    call.catalog.update_classifier(call.scope, to_classifier(request))
    return {}


def to_classifier(request: Mapping[str, Any]) -> Classifier:
    """Raises Invalid unless exactly one kind is given."""
    there = [member for member in MEMBERS if request.get(member) is not None]
    if len(there) != 1:
        raise Invalid(f"Give exactly one of {', '.join(MEMBERS)}.")
    properties = {name: value for name, value in request[there[0]].items() if name != "Name"}
    return Classifier(request[there[0]]["Name"], MEMBERS[there[0]], properties)


def as_classifier(classifier: Classifier) -> dict[str, Any]:
    member = next(name for name, kind in MEMBERS.items() if kind == classifier.kind)
    shown = {
        "Name": classifier.name,
        "CreationTime": classifier.created,
        "LastUpdated": classifier.updated,
        "Version": classifier.version,
        **classifier.properties,
    }
    return {member: given(shown)}
