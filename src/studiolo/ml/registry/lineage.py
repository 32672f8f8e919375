"""Lineage: what came from what. Artifacts, actions and contexts, the associations between them, and walks along these."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Row
from sqlalchemy.dialects import postgresql, sqlite

from studiolo.domain import AlreadyExists, Conflict, Invalid, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.errors import RecordMissing
from studiolo.ml.listing import Listing
from studiolo.ml.names import arn
from studiolo.ml.registry.records import Book, Record, Records, Which, by
from studiolo.ml.tables import associations
from studiolo.ml.tags import drop_tags, set_tags

ARTIFACT: Final = "artifact"
ACTION: Final = "action"
CONTEXT: Final = "context"
Kind = Literal["artifact", "action", "context"]
LINEAGE_TYPES = {
    ARTIFACT: "Artifact",
    ACTION: "Action",
    CONTEXT: "Context",
    "experiment-trial-component": "TrialComponent",
}
WORDS = {ARTIFACT: "Artifact", ACTION: "Action", CONTEXT: "Context"}
JOBS = {"aws-training-job": "SageMakerTrainingJob"}
"""The types of trial components, by how their names end."""
MOST_DEPTH = 10


@dataclass(frozen=True)
class Vertex:
    arn: str
    name: str
    type: str
    created: datetime
    changed: datetime
    properties: Mapping[str, str]

    @property
    def lineage_type(self) -> str:
        return LINEAGE_TYPES[_kind(self.arn)]


@dataclass(frozen=True)
class Edge:
    source: str
    destination: str
    type: str
    created: datetime

    @property
    def key(self) -> str:
        return f"{self.source} {self.destination}"


@dataclass(frozen=True)
class Asked:
    """What a walk is to show; of an empty one everything."""

    types: Sequence[str] = ()
    lineage_types: Sequence[str] = ()
    created_before: datetime | None = None
    created_after: datetime | None = None
    changed_before: datetime | None = None
    changed_after: datetime | None = None
    properties: Mapping[str, str] | None = None

    def takes(self, vertex: Vertex) -> bool:
        moments = (
            (vertex.created, self.created_after, self.created_before),
            (vertex.changed, self.changed_after, self.changed_before),
        )
        return (
            (not self.types or vertex.type in self.types)
            and (not self.lineage_types or vertex.lineage_type in self.lineage_types)
            and all((a is None or at > a) and (b is None or at < b) for at, a, b in moments)
            and all(vertex.properties.get(key) == value for key, value in (self.properties or {}).items())
        )


class Lineage:
    """The entities and associations of every scope."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(
        self,
        scope: Scope,
        principal: Principal,
        kind: Kind,
        name: str | None,
        type: str,  # noqa: A002 - the field's word
        document: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> str:
        """The ARN of a new entity; an artifact's is made, and its name only shown. Raises AlreadyExists."""
        identifier = uuid.uuid4().hex if kind == ARTIFACT else str(name)
        told = {**document, "CreatedBy": by(principal), **({"ArtifactName": name} if kind == ARTIFACT else {})}
        resource = arn(scope, kind, identifier)
        with self._records.writing(scope) as book:
            if book.find(kind, identifier) is not None:
                raise AlreadyExists(f"{WORDS[kind]} with name {identifier} already exists")
            set_tags(book.connection, resource, tags)
            book.add(kind, identifier, told, parent=document["Source"]["SourceUri"], type=type)
        return resource

    def get(self, scope: Scope, kind: Kind, name: str) -> Record:
        """By name or ARN. Raises RecordMissing."""
        with self._records.reading(scope) as book:
            return _entity(book, kind, name)

    def page(self, scope: Scope, kind: Kind, listing: Listing, source: str | None, of_type: str | None) -> Page[Record]:
        with self._records.reading(scope) as book:
            return book.page(kind, listing, Which(parent=source, type=of_type))

    def update(
        self,
        scope: Scope,
        principal: Principal,
        kind: Kind,
        name: str,
        changes: Mapping[str, Any],
        removed: Sequence[str],
    ) -> str:
        """The ARN of the entity, with its properties merged. Raises RecordMissing."""
        with self._records.writing(scope) as book:
            entity = _entity(book, kind, name)
            merged = {**entity.get("Properties", {}), **changes.get("Properties", {})}
            properties = {key: value for key, value in merged.items() if key not in removed} or None
            book.put(entity.telling(**{**changes, "Properties": properties, "LastModifiedBy": by(principal)}))
            return arn(scope, kind, entity.name)

    def delete(self, scope: Scope, kind: Kind, name: str | None, source: str | None = None) -> str:
        """By name or ARN, or an artifact by its source. Raises RecordMissing, Conflict for one with associations."""
        with self._records.writing(scope) as book:
            if name is None:
                found = next(book.all(kind, source), None)
                if found is None:
                    raise RecordMissing(f"{WORDS[kind]} with the source '{source}' does not exist")
                name = found.name
            entity = _entity(book, kind, name)
            resource = arn(scope, kind, entity.name)
            if _edges(book, (associations.c.source == resource) | (associations.c.destination == resource)):
                raise Conflict(f"{resource} has associations: delete these first.")
            book.drop(entity)
            drop_tags(book.connection, resource)
            return resource

    def associate(self, scope: Scope, source: str, destination: str, kind: str) -> None:
        """Raises RecordMissing, AlreadyExists and Invalid."""
        if source == destination:
            raise Invalid("The source and the destination of an association must differ.")
        with self._records.writing(scope) as book:
            for end in (source, destination):
                _vertex(book, end)
            if not link(book, source, destination, kind):
                raise AlreadyExists(f"An association from {source} to {destination} already exists")

    def dissociate(self, scope: Scope, source: str, destination: str) -> None:
        """Raises RecordMissing."""
        columns = associations.c
        with self._records.writing(scope) as book:
            mine = _mine(scope) & (columns.source == source) & (columns.destination == destination)
            if not book.connection.execute(associations.delete().where(mine)).rowcount:
                raise RecordMissing(f"An association from {source} to {destination} does not exist")

    def associations(
        self, scope: Scope, source: str | None, destination: str | None, kind: str | None
    ) -> list[tuple[Edge, Vertex, Vertex]]:
        """Those of these ends and that kind, with what is at their ends."""
        columns = associations.c
        wanted: ColumnElement[bool] = _mine(scope)
        for column, value in ((columns.source, source), (columns.destination, destination), (columns.type, kind)):
            if value is not None:
                wanted &= column == value
        with self._records.reading(scope) as book:
            return [
                (edge, _vertex(book, edge.source), _vertex(book, edge.destination)) for edge in _edges(book, wanted)
            ]

    def walk(
        self, scope: Scope, starts: Sequence[str], direction: str, depth: int, asked: Asked
    ) -> tuple[list[Vertex], list[Edge]]:
        """What is reached from the starts in so many steps, nearest first, and the edges between. Raises RecordMissing."""
        columns = associations.c
        with self._records.reading(scope) as book:
            reached = {start: _vertex(book, start) for start in starts}
            edges: dict[str, Edge] = {}
            near = list(reached)
            for _ in range(min(depth, MOST_DEPTH)):
                found: list[Edge] = []
                if direction in ("Both", "Descendants") and near:
                    found += _edges(book, _mine(scope) & columns.source.in_(near))
                if direction in ("Both", "Ascendants") and near:
                    found += _edges(book, _mine(scope) & columns.destination.in_(near))
                edges.update((edge.key, edge) for edge in found)
                ends = {end: None for edge in found for end in (edge.source, edge.destination)}
                near = [end for end in ends if end not in reached]
                reached.update((end, _vertex(book, end)) for end in near)
        shown = [vertex for vertex in reached.values() if asked.takes(vertex)]
        names = {vertex.arn for vertex in shown}
        return shown, [edge for edge in edges.values() if {edge.source, edge.destination} <= names]


def ensure(book: Book, kind: Kind, name: str, type: str, document: Mapping[str, Any]) -> str:  # noqa: A002
    """The ARN of an entity that is made where it is not there, as part of a larger change; otherwise brought up to date."""
    found = book.find(kind, name)
    if found is None:
        book.add(kind, name, document, parent=document["Source"]["SourceUri"], type=type)
    else:
        book.put(replace(found.telling(**document), type=type))
    return arn(book.scope, kind, name)


def ensure_artifact(book: Book, uri: str, type: str, principal: Mapping[str, Any] | None = None) -> str:  # noqa: A002
    """The ARN of the artifact that stands for the URI, which is made where there is none of that type."""
    found = next((each for each in book.all(ARTIFACT, uri) if each.type == type), None)
    if found is None:
        document = {"Source": {"SourceUri": uri, "SourceTypes": []}, "CreatedBy": principal}
        found = book.add(ARTIFACT, uuid.uuid4().hex, document, parent=uri, type=type)
    return arn(book.scope, ARTIFACT, found.name)


def link(book: Book, source: str, destination: str, kind: str) -> bool:
    """Associate two entities, as part of a larger change; whether they were not yet."""
    insert = (postgresql if book.connection.dialect.name == "postgresql" else sqlite).insert
    values = {"account": book.scope.account, "region": book.scope.region, "source": source, "destination": destination}
    statement = insert(associations).values(**values, type=kind, created=book.now).on_conflict_do_nothing()
    return book.connection.execute(statement).rowcount > 0


def _entity(book: Book, kind: Kind, name: str) -> Record:
    name = name.rpartition("/")[2] if name.startswith("arn:") else name
    found = book.find(kind, name)
    if found is None:
        raise RecordMissing(f"{WORDS[kind]} '{arn(book.scope, kind, name)}' does not exist.")
    return found


def _vertex(book: Book, resource: str) -> Vertex:
    """What an ARN names. Trial components of jobs are known by their names alone. Raises RecordMissing."""
    kind, name = _kind(resource), resource.rpartition("/")[2]
    found = book.find(kind, name) if kind in WORDS else None
    if found is not None:
        shown = found.get("ArtifactName", "") if kind == ARTIFACT else found.name
        return Vertex(resource, shown, found.type or "", found.created, found.changed, found.get("Properties", {}))
    if kind in WORDS or kind not in LINEAGE_TYPES:
        raise RecordMissing(f"'{resource}' is no entity of lineage of this account and region.")
    type_ = next((each for end, each in JOBS.items() if name.endswith(end)), "TrialComponent")
    return Vertex(resource, name, type_, book.now, book.now, {})


def _kind(resource: str) -> str:
    return resource.rpartition(":")[2].partition("/")[0]


def _edges(book: Book, where: ColumnElement[bool]) -> list[Edge]:
    query = associations.select().where(where).order_by(associations.c.created, associations.c.source)
    return [_as_edge(row) for row in book.connection.execute(query)]


def _mine(scope: Scope) -> ColumnElement[bool]:
    return (associations.c.account == scope.account) & (associations.c.region == scope.region)


def _as_edge(row: Row[Any]) -> Edge:
    return Edge(row.source, row.destination, row.type, row.created)
