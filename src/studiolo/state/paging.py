"""Lists by key: a page is found by where the last one ended, so its cost does not grow with the list."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select

from studiolo.domain import Page


def page(
    connection: Connection,
    query: Select[Any],
    key: ColumnElement[str],
    after: str | None,
    limit: int,
    *,
    descending: bool = False,
) -> Page[Row[Any]]:
    """At most `limit` rows of `query` after `after`, in the order of `key` (text, unique within the query)."""
    if after is not None:
        query = query.where(key < after if descending else key > after)
    query = query.order_by(None).order_by(key.desc() if descending else key).limit(limit + 1)
    rows = connection.execute(query.add_columns(key.label("page_key"))).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, next=str(rows[-1].page_key) if more else None)
