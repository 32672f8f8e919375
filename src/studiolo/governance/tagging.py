"""LF-tags: their keys and values, what has which, and named expressions of them.

What a database has, its tables have too, and what a table has, its columns have, unless they have another value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic import TypeAdapter
from sqlalchemy import select

from studiolo.domain import AlreadyExists, Conflict, Invalid, LimitExceeded, NotFound, Scope
from studiolo.governance.model import Expression, Resource
from studiolo.governance.sights import holds
from studiolo.governance.subject import Shelf, Subject, of, put
from studiolo.governance.tables import expressions, grants, tagged, tags

MOST_VALUES = 1000
MOST_TAGS = 50
"""So many LF-tags can one thing have."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A key, and the values that it may have."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedExpression:
    name: str
    expression: Expression
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Tagged:
    """A database, a table of it, or a column of that; the others are empty."""

    database: str
    table: str = ""
    column: str = ""


TAG = TypeAdapter(Tag)
EXPRESSION = TypeAdapter(NamedExpression)


class Tagging(Subject):
    """LF-tags of one catalog. Keys and values are kept in lower case, as Lake Formation does."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__(shelf)
        self._all_tagged = lru_cache(maxsize=16)(self._read_tagged)

    def create_tag(self, scope: Scope, key: str, values: Sequence[str]) -> None:
        """Raises AlreadyExists, Invalid, LimitExceeded."""
        made = _checked(Tag(key.lower(), _lower(values)))
        if any(each.key == made.key for each in self.tags(scope)):
            raise AlreadyExists(f"Tag key already exists: {made.key}")
        with self._shelf.changing() as tx:
            put(tx, tags, scope, TAG, made, key=made.key)

    def update_tag(self, scope: Scope, key: str, add: Sequence[str], delete: Sequence[str]) -> None:
        """Add and take away values. Raises NotFound, Conflict where one is in use, Invalid, LimitExceeded."""
        before = self.tag(scope, key)
        gone = set(_lower(delete))
        if missing := gone - set(before.values):
            raise NotFound(f"Tag values not found: {', '.join(sorted(missing))}")
        with self._shelf.state.reading() as connection:
            query = select(tagged.c.value).where(of(tagged, scope, key=before.key), tagged.c.value.in_(gone))
            if used := connection.execute(query.limit(1)).scalar():
                raise Conflict(f"The value {used} of the tag {before.key} is in use.")
        values = [each for each in before.values if each not in gone]
        made = _checked(Tag(before.key, tuple(dict.fromkeys([*values, *_lower(add)]))))
        with self._shelf.changing() as tx:
            put(tx, tags, scope, TAG, made, key=made.key)

    def delete_tag(self, scope: Scope, key: str) -> None:
        """Delete a tag, and take it away from all that has it. Raises NotFound."""
        before = self.tag(scope, key)
        with self._shelf.changing() as tx:
            tx.execute(tagged.delete().where(of(tagged, scope, key=before.key)))
            tx.execute(tags.delete().where(of(tags, scope, key=before.key)))
        self._shelf.tell(scope)

    def tag(self, scope: Scope, key: str) -> Tag:
        """Raises NotFound."""
        for each in self.tags(scope):
            if each.key == key.lower():
                return each
        raise NotFound(f"Tag key does not exist: {key}")

    def tags(self, scope: Scope) -> tuple[Tag, ...]:
        """In the order of their keys."""
        return self._shelf.documents(tags, TAG, scope)

    def set_tags(self, scope: Scope, thing: Tagged, wanted: Mapping[str, str]) -> None:
        """Give a thing tags. Raises NotFound for a tag, LimitExceeded. Nothing is changed then."""
        chosen = {key.lower(): value.lower() for key, value in wanted.items()}
        for key, value in chosen.items():
            if value not in self.tag(scope, key).values:
                raise NotFound(f"Tag value does not exist: {key}={value}")
        if len({**self.own_tags(scope, thing), **chosen}) > MOST_TAGS:
            raise LimitExceeded(f"A resource can have at most {MOST_TAGS} LF-tags.")
        with self._shelf.changing() as tx:
            for key, value in chosen.items():
                mine = {"database": thing.database, "table": thing.table, "column": thing.column, "key": key}
                tx.execute(tagged.delete().where(of(tagged, scope, **mine)))
                tx.execute(tagged.insert().values(catalog=scope.account, region=scope.region, **mine, value=value))
        self._shelf.tell(scope, thing.database, thing.table)

    def take_tags(self, scope: Scope, thing: Tagged, keys: Sequence[str]) -> list[str]:
        """Take tags away from a thing; those of the keys that it did not have."""
        there = self.own_tags(scope, thing)
        with self._shelf.changing() as tx:
            for key in keys:
                mine = {"database": thing.database, "table": thing.table, "column": thing.column, "key": key.lower()}
                tx.execute(tagged.delete().where(of(tagged, scope, **mine)))
        self._shelf.tell(scope, thing.database, thing.table)
        return [key for key in keys if key.lower() not in there]

    def own_tags(self, scope: Scope, thing: Tagged) -> dict[str, str]:
        """The tags that a thing itself has."""
        return dict(self._tagged(scope).get(thing, {}))

    def tags_of_database(self, scope: Scope, database: str) -> dict[str, str]:
        return self.own_tags(scope, Tagged(database))

    def tags_of_table(self, scope: Scope, database: str, table: str) -> dict[str, str]:
        """A table's tags, with those that its database gives it."""
        known = self._tagged(scope)
        return {**known.get(Tagged(database), {}), **known.get(Tagged(database, table), {})}

    def tags_of_columns(self, scope: Scope, database: str, table: str) -> dict[str, Mapping[str, str]]:
        """The tags that columns of a table have themselves, by column."""
        return {
            thing.column: own
            for thing, own in self._tagged(scope).items()
            if thing.column and (thing.database, thing.table) == (database, table)
        }

    def has_tagged(self, scope: Scope, database: str, resource: Resource) -> bool:
        """Whether a table of a database is one that an expression of tags stands for."""
        return any(found == database for found, _ in self.tagged_with(scope, resource.expression))

    def tagged_with(self, scope: Scope, expression: Expression) -> list[tuple[str, str]]:
        """The tables that an expression stands for, by database and name; the name is empty for all of a database."""
        known = self._tagged(scope)
        found: dict[tuple[str, str], None] = {}
        for thing in known:
            of_database = known.get(Tagged(thing.database), {})
            of_table = known.get(Tagged(thing.database, thing.table), {}) if thing.table else {}
            if holds(expression, {**of_database, **of_table, **(known[thing] if thing.column else {})}):
                found[thing.database, thing.table] = None
        return list(found)

    def _tagged(self, scope: Scope) -> Mapping[Tagged, dict[str, str]]:
        """What has which tags."""
        return self._all_tagged(scope, self._shelf.revision)

    def _read_tagged(self, scope: Scope, _revision: int) -> Mapping[Tagged, dict[str, str]]:
        found: dict[Tagged, dict[str, str]] = {}
        with self._shelf.state.reading() as connection:
            for row in connection.execute(tagged.select().where(of(tagged, scope))):
                found.setdefault(Tagged(row.database, row.table, row.column), {})[row.key] = row.value
        return found

    def put_expression(self, scope: Scope, wanted: NamedExpression, *, new: bool) -> None:
        """Make or change a named expression. Raises AlreadyExists, NotFound, Invalid."""
        there = {each.name for each in self.expressions(scope)}
        if new and wanted.name in there:
            raise AlreadyExists(f"LF-Tag expression {wanted.name} already exists.")
        if not new and wanted.name not in there:
            raise NotFound(f"LF-Tag expression {wanted.name} not found.")
        self.check_expression(scope, wanted.expression)
        with self._shelf.changing() as tx:
            put(tx, expressions, scope, EXPRESSION, wanted, name=wanted.name)

    def expression(self, scope: Scope, name: str) -> NamedExpression:
        """Raises NotFound."""
        for each in self.expressions(scope):
            if each.name == name:
                return each
        raise NotFound(f"LF-Tag expression {name} not found.")

    def expressions(self, scope: Scope) -> tuple[NamedExpression, ...]:
        """In the order of their names."""
        return self._shelf.documents(expressions, EXPRESSION, scope)

    def delete_expression(self, scope: Scope, name: str) -> None:
        """Raises NotFound, and Conflict while something is granted by it."""
        self.expression(scope, name)
        with self._shelf.changing() as tx:
            query = (
                select(grants.c.resource).where(of(grants, scope)).where(grants.c.resource.like('["LF_TAG_POLICY"%'))
            )
            if any(f'"{name}"' in each for each in tx.execute(query).scalars()):
                raise Conflict(f"LF-Tag expression {name} is in use by a grant.")
            tx.execute(expressions.delete().where(of(expressions, scope, name=name)))

    def check_expression(self, scope: Scope, expression: Expression) -> None:
        """Raise Invalid for an expression that says nothing, NotFound for a tag or value that is not there."""
        if not expression:
            raise Invalid("An LF-Tag expression needs at least one LF-Tag.")
        for key, values in expression:
            there = self.tag(scope, key).values
            if missing := set(values) - set(there):
                raise NotFound(f"Tag values not found: {key}={', '.join(sorted(missing))}")


def _checked(tag: Tag) -> Tag:
    if not tag.values:
        raise Invalid("A tag needs at least one value.")
    if len(tag.values) > MOST_VALUES:
        raise LimitExceeded(f"A tag can have at most {MOST_VALUES} values.")
    return tag


def _lower(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.lower() for value in values))
