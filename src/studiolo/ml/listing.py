"""Lists of machine-learning resources: filtered, in an order that the caller chooses, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Table, Text, cast, type_coerce

from studiolo.domain import Page, Scope
from studiolo.state import page

SortBy = Literal["Name", "CreationTime", "Status"]


@dataclass(frozen=True)
class Listing:
    """Which resources, and in which order. `after` is the key that the page before ended with."""

    name_contains: str | None = None
    status: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    changed_after: datetime | None = None
    changed_before: datetime | None = None
    sort_by: SortBy = "CreationTime"
    descending: bool = True
    after: str | None = None
    limit: int = 10


def select_page(
    connection: Connection, table: Table, scope: Scope, listing: Listing, *further: ColumnElement[bool]
) -> Page[Row[Any]]:
    """The page of the scope's rows of `table` that `listing` asks for, and `further` conditions."""
    columns = table.c
    query = table.select().where(columns.account == scope.account, columns.region == scope.region, *further)
    if listing.name_contains:
        query = query.where(columns.name.contains(listing.name_contains, autoescape=True))
    if listing.status:
        query = query.where(columns.status == listing.status)
    for column, after, before in (
        ("created", listing.created_after, listing.created_before),
        ("changed", listing.changed_after, listing.changed_before),
    ):
        if after is not None:
            query = query.where(columns[column] > after)
        if before is not None:
            query = query.where(columns[column] < before)
    key = _key(table, listing.sort_by)
    return page(connection, query, key, listing.after, listing.limit, descending=listing.descending)


def _key(table: Table, sort_by: SortBy) -> ColumnElement[str]:
    """Text that sorts as asked, and is unique in the scope."""
    if sort_by == "Name":
        return table.c.name
    if sort_by == "Status":
        return table.c.status + "/" + table.c.name
    # Microseconds since 1970 have 16 digits from 2001 to 2286, so that their text sorts as they do.
    return cast(type_coerce(table.c.created, BigInteger), Text) + "/" + table.c.name
