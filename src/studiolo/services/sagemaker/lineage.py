"""Amazon SageMaker: lineage."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.paging import decode_place, encode_token
from studiolo.ml.names import arn
from studiolo.ml.registry.lineage import ACTION, ARTIFACT, CONTEXT, Asked, Edge, Kind, Vertex
from studiolo.ml.registry.records import Record
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import INVALID, kept, listing, next_token, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        ListAssociationsRequestTypeDef,
        ListAssociationsResponseTypeDef,
        QueryLineageRequestTypeDef,
        QueryLineageResponseTypeDef,
    )

SPELLED: "dict[Kind, str]" = {ARTIFACT: "Artifact", ACTION: "Action", CONTEXT: "Context"}
RECORDED = ("Source", "Description", "Status", "Properties", "MetadataProperties")
CHANGED = ("ArtifactName", "Description", "Status", "Properties")


def _entities(kind: Kind) -> None:
    """Register the operations of one kind of entity, which are alike."""
    spelled = SPELLED[kind]
    by_arn = kind == ARTIFACT
    named = f"{spelled}Arn" if by_arn else f"{spelled}Name"

    def create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        made = call.studio.ml.registry.lineage.create(
            call.scope,
            call.principal,
            kind,
            request.get(f"{spelled}Name"),
            request[f"{spelled}Type"],
            kept(request, RECORDED),
            tags(call, request),
        )
        return {f"{spelled}Arn": made}

    def describe(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        entity = call.studio.ml.registry.lineage.get(call.scope, kind, request[named])
        return {
            **_as_summary(kind, entity),
            **kept(entity.document, (*RECORDED, "CreatedBy", "LastModifiedBy")),
        }

    def update(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        changed = call.studio.ml.registry.lineage.update(
            call.scope,
            call.principal,
            kind,
            request[named],
            kept(request, CHANGED),
            request.get("PropertiesToRemove", []),
        )
        return {f"{spelled}Arn": changed}

    def delete(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        source = request.get("Source", {}).get("SourceUri")
        return {f"{spelled}Arn": call.studio.ml.registry.lineage.delete(call.scope, kind, request.get(named), source)}

    def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        page = call.studio.ml.registry.lineage.page(
            call.scope,
            kind,
            listing(_created(request), descending=True),
            request.get("SourceUri"),
            request.get(f"{spelled}Type"),
        )
        return {f"{spelled}Summaries": [_as_summary(kind, each) for each in page.items], **next_token(page)}

    lower = spelled.lower()
    for name, handler in (
        (f"create_{lower}", create),
        (f"describe_{lower}", describe),
        (f"update_{lower}", update),
        (f"delete_{lower}", delete),
        (f"list_{lower}s", list_),
    ):
        sagemaker.register(name, handler)


for _kind in SPELLED:
    _entities(_kind)


@sagemaker.operation
def add_association(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    source, destination = request["SourceArn"], request["DestinationArn"]
    kind = request.get("AssociationType", "AssociatedWith")
    call.studio.ml.registry.lineage.associate(call.scope, source, destination, kind)
    return {"SourceArn": source, "DestinationArn": destination}


@sagemaker.operation
def delete_association(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    source, destination = request["SourceArn"], request["DestinationArn"]
    call.studio.ml.registry.lineage.dissociate(call.scope, source, destination)
    return {"SourceArn": source, "DestinationArn": destination}


@sagemaker.operation
def list_associations(call: Call, request: "ListAssociationsRequestTypeDef") -> "ListAssociationsResponseTypeDef":
    asked: Any = request
    found = call.studio.ml.registry.lineage.associations(
        call.scope, asked.get("SourceArn"), asked.get("DestinationArn"), asked.get("AssociationType")
    )
    shown = [
        _as_association(edge, source, destination)
        for edge, source, destination in found
        if asked.get("SourceType") in (None, source.type)
        and asked.get("DestinationType") in (None, destination.type)
        and (asked.get("CreatedAfter") is None or edge.created > asked["CreatedAfter"])
        and (asked.get("CreatedBefore") is None or edge.created < asked["CreatedBefore"])
    ]
    order, descending = asked.get("SortBy", "CreationTime"), asked.get("SortOrder", "Descending") == "Descending"
    shown.sort(key=lambda each: (each[order], each["SourceArn"], each["DestinationArn"]), reverse=descending)
    answer: Any = _cut("AssociationSummaries", shown, asked, 10)
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def query_lineage(call: Call, request: "QueryLineageRequestTypeDef") -> "QueryLineageResponseTypeDef":
    asked: Any = request
    filters = asked.get("Filters", {})
    vertices, edges = call.studio.ml.registry.lineage.walk(
        call.scope,
        asked.get("StartArns", []),
        asked.get("Direction", "Both"),
        asked.get("MaxDepth", 10),
        Asked(
            types=filters.get("Types", ()),
            lineage_types=filters.get("LineageTypes", ()),
            created_before=filters.get("CreatedBefore"),
            created_after=filters.get("CreatedAfter"),
            changed_before=filters.get("ModifiedBefore"),
            changed_after=filters.get("ModifiedAfter"),
            properties=filters.get("Properties"),
        ),
    )
    shown = [{"Arn": each.arn, "Type": each.type, "LineageType": each.lineage_type} for each in vertices]
    answer: Any = _cut("Vertices", shown, asked, 50)
    # SDKs read them also where they asked for none.
    answer["Edges"] = []
    if asked.get("IncludeEdges", True):
        page = {vertex["Arn"] for vertex in answer["Vertices"]}
        answer["Edges"] = [
            {"SourceArn": each.source, "DestinationArn": each.destination, "AssociationType": each.type}
            for each in edges
            if page & {each.source, each.destination}
        ]
    return answer  # type: ignore[no-any-return]


def _created(request: dict[str, Any]) -> dict[str, Any]:
    """The request of a list in the words that other lists have."""
    names = {"CreatedAfter": "CreationTimeAfter", "CreatedBefore": "CreationTimeBefore"}
    return {names.get(name, name): value for name, value in request.items()}


def _cut(member: str, items: list[dict[str, Any]], request: Any, most: int) -> dict[str, Any]:
    """A page of items that were all found."""
    start = _offset(request)
    end = start + request.get("MaxResults", most)
    return {member: items[start:end], **({"NextToken": encode_token(str(end))} if end < len(items) else {})}


def _offset(request: Any) -> int:
    token = request.get("NextToken")
    return decode_place(token, INVALID)


def _as_summary(kind: Kind, entity: Record) -> dict[str, Any]:
    spelled = SPELLED[kind]
    name = entity.get("ArtifactName") if kind == ARTIFACT else entity.name
    return {
        f"{spelled}Arn": arn(entity.scope, kind, entity.name),
        **({} if name is None else {f"{spelled}Name": name}),
        f"{spelled}Type": entity.type,
        "Source": entity["Source"],
        "CreationTime": entity.created,
        "LastModifiedTime": entity.changed,
        **({"Status": entity["Status"]} if "Status" in entity.document else {}),
    }


def _as_association(edge: Edge, source: Vertex, destination: Vertex) -> dict[str, Any]:
    return {
        "SourceArn": edge.source,
        "DestinationArn": edge.destination,
        "SourceType": source.type,
        "DestinationType": destination.type,
        "SourceName": source.name,
        "DestinationName": destination.name,
        "AssociationType": edge.type,
        "CreationTime": edge.created,
    }
