"""What a principal may see of a table, decided from its grants: a value, with why. Nothing here knows the state or HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from studiolo.catalog import Column, Table
from studiolo.governance.expressions import Filter, Truth, columns_of, either, parse
from studiolo.governance.model import (
    ALL,
    DESCRIBE,
    IAM_ALLOWED,
    OF_TABLE,
    SELECT,
    CellsFilter,
    Expression,
    Grant,
    Kind,
)


@dataclass(frozen=True, slots=True)
class Cells:
    """Some rows of some columns. rows: a filter's text, None for all; included: None for all columns but `excluded`."""

    rows: str | None = None
    included: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()

    def has(self, column: str) -> bool:
        """Whether a column, in lower case, is one of them."""
        return column not in self.excluded and (self.included is None or column in self.included)

    @property
    def whole(self) -> bool:
        """Whether these are all cells of the table."""
        return self.rows is None and self.included is None and not self.excluded

    @property
    def filter(self) -> Filter:
        """The rows as a filter."""
        return Truth(True) if self.rows is None else parse(self.rows)


@dataclass(frozen=True, slots=True)
class Sight:
    """What of a table somebody may see, and do with it.

    permissions: on the table as a whole, without SELECT; cells: what SELECT is on; by_iam: whether Lake Formation has
    no say; why: the grants that decided, in words.
    """

    permissions: frozenset[str] = frozenset()
    cells: tuple[Cells, ...] = ()
    by_iam: bool = False
    why: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether the table is there at all for who asks."""
        return self.by_iam or bool(self.permissions or self.cells)

    @property
    def full(self) -> bool:
        """Whether all rows and columns may be read."""
        return self.by_iam or any(each.whole for each in self.cells)

    @property
    def partial(self) -> bool:
        """Whether some rows or columns may be read, and not all."""
        return bool(self.cells) and not self.full

    def may(self, permission: str) -> bool:
        """Whether that may be done with the whole table."""
        if permission == SELECT:
            return self.full
        return self.by_iam or permission in self.permissions or (permission == DESCRIBE and self.any)

    def shows(self, column: str) -> bool:
        """Whether a column may be seen; who may read nothing, but may describe the table, sees of which there are."""
        name = column.lower()
        return self.full or (not self.cells and bool(self.permissions)) or any(each.has(name) for each in self.cells)

    def shown(self, columns: Iterable[Column]) -> tuple[Column, ...]:
        """Those of the columns that may be seen, in their order."""
        return tuple(column for column in columns if self.shows(column.name))

    @property
    def rows(self) -> Filter:
        """The rows of which anything may be seen."""
        return either([each.filter for each in self.cells])

    @property
    def asked(self) -> frozenset[str]:
        """The columns that decide which rows are seen."""
        return frozenset(name for each in self.cells for name in columns_of(each.filter))


BY_IAM = Sight(by_iam=True, why=(f"{IAM_ALLOWED} has ALL on the table: IAM alone decides.",))
OF_ROOT = Sight(by_iam=True, why=("The root user needs no permission.",))
NOTHING = Sight(why=("No permission of Lake Formation on the table.",))


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a table beside its grants: its data cells filters by name, and its LF-tags and its columns'."""

    filters: Mapping[str, CellsFilter] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    column_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def decide(table: Table, grants: Sequence[Grant], told: Told, *, admin: bool = False, reads_all: bool = False) -> Sight:
    """What somebody may see of a table who has those grants (and others, which are on something else).

    admin: a data lake administrator, who may do everything with the table but with its data; reads_all: a read-only one.
    """
    permissions: set[str] = set()
    cells: dict[Cells, None] = {}
    why: list[str] = []
    if admin:
        permissions |= {"ALTER", DESCRIBE, "DROP"}
        why.append("A data lake administrator.")
    elif reads_all:
        permissions.add(DESCRIBE)
        why.append("A read-only administrator.")
    for grant in grants:
        given, seen = _of_grant(table, grant, told)
        if given or seen is not None:
            permissions |= given
            why.append(_said(grant))
        if seen is not None:
            cells[seen] = None
    return Sight(frozenset(permissions), tuple(cells), why=tuple(why)) if why else NOTHING


def _of_grant(table: Table, grant: Grant, told: Told) -> tuple[frozenset[str], Cells | None]:
    """The permissions that a grant gives on the whole table, and the cells that it lets be read."""
    resource, selects = grant.resource, SELECT in grant.permissions
    if resource.kind is Kind.POLICY and resource.type == "TABLE":
        return _of_policy(table, grant, told)
    if resource.database != table.database or resource.table not in ("", table.name):
        return frozenset(), None
    if resource.kind is Kind.TABLE:
        return grant.permissions, None
    if resource.kind is Kind.COLUMNS and selects:
        return frozenset(), _cells(None, resource.columns, resource.excluded)
    found = told.filters.get(resource.name) if resource.kind is Kind.FILTER and selects else None
    return frozenset(), None if found is None else _cells(found.rows, found.columns, found.excluded)


def _of_policy(table: Table, grant: Grant, told: Told) -> tuple[frozenset[str], Cells | None]:
    """What a grant on LF-tags gives: a table's tags are its own and its database's, a column's its own and its table's."""
    given = frozenset(OF_TABLE if ALL in grant.permissions else ()) | (grant.permissions - {SELECT, ALL})
    selects = SELECT in grant.permissions or ALL in grant.permissions
    expression = grant.resource.expression
    if holds(expression, told.tags):
        away = frozenset(name for name, own in told.column_tags.items() if not holds(expression, {**told.tags, **own}))
        return given, Cells(excluded=away) if selects else None
    named = frozenset(name for name, own in told.column_tags.items() if holds(expression, {**told.tags, **own}))
    return frozenset(), Cells(included=named) if selects and named else None


def holds(expression: Expression, tags: Mapping[str, str]) -> bool:
    """Whether something with those LF-tags is one that an expression stands for."""
    return bool(expression) and all(tags.get(key) in values for key, values in expression)


def _cells(rows: str | None, included: Sequence[str], excluded: Sequence[str] | None) -> Cells:
    if excluded is not None:
        return Cells(rows, None, frozenset(excluded))
    return Cells(rows, frozenset(included))


def _said(grant: Grant) -> str:
    resource = grant.resource
    what = {
        Kind.FILTER: f"the data cells filter {resource.name} of {resource.database}.{resource.table}",
        Kind.POLICY: "what has the LF-tags "
        + ", ".join(f"{key}={'|'.join(each)}" for key, each in resource.expression),
        Kind.COLUMNS: f"columns of {resource.database}.{resource.table or '*'}",
    }.get(resource.kind, f"{resource.database}.{resource.table or '*'}")
    return f"{', '.join(sorted(grant.permissions))} on {what}, granted to {grant.principal}"
