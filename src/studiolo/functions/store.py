"""The rows of functions, as values."""

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row, Table, select

from studiolo.domain import AlreadyExists, Clock, Page, Scope
from studiolo.functions.errors import FunctionMissing
from studiolo.functions.model import LATEST, Alias, Code, EventConfig, Function, Layer, Settings, Standing, function_arn
from studiolo.functions.tables import aliases, event_configs, events, functions, layers, urls, versions
from studiolo.state import State, Thing
from studiolo.state.paging import page

THING = "function"
"""The kind of thing that transactions tell of."""


class Store:
    """The functions of every scope."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self.clock = clock

    def latest(self, scope: Scope, name: str) -> Function:
        """Raises FunctionMissing."""
        with self._state.reading() as connection:
            row = connection.execute(functions.select().where(of(functions, scope, name=name))).first()
        if row is None:
            raise FunctionMissing(function_arn(scope, name))
        return _as_function(row)

    def function(self, scope: Scope, name: str, qualifier: str | None) -> Function:
        """The version that a number, or LATEST, names. Raises FunctionMissing."""
        latest = self.latest(scope, name)
        if qualifier in (None, LATEST):
            return latest
        with self._state.reading() as connection:
            where = of(versions, scope, name=name, number=_number(qualifier))
            row = connection.execute(versions.select().where(where)).first()
        if row is None:
            raise FunctionMissing(f"{latest.arn}:{qualifier}")
        return _as_version(row, latest)

    def all(self, scope: Scope, after: str | None, limit: int) -> Page[Function]:
        with self._state.reading() as connection:
            query = functions.select().where(of(functions, scope))
            found = page(connection, query, functions.c.name, after, limit)
        return Page([_as_function(row) for row in found.items], found.next)

    def everywhere(self) -> list[Function]:
        """The functions of all scopes."""
        with self._state.reading() as connection:
            return [_as_function(row) for row in connection.execute(functions.select())]

    def versions(self, scope: Scope, name: str) -> list[Function]:
        """LATEST, then the published ones as they came."""
        latest = self.latest(scope, name)
        with self._state.reading() as connection:
            query = versions.select().where(of(versions, scope, name=name)).order_by(versions.c.number)
            return [latest, *(_as_version(row, latest) for row in connection.execute(query))]

    def add(self, function: Function) -> None:
        """Raises AlreadyExists."""
        with self._writing(function) as tx:
            if tx.execute(select(functions.c.name).where(of(functions, function.scope, name=function.name))).first():
                raise AlreadyExists(f"Function already exist: {function.name}")
            tx.execute(functions.insert().values(_row(function)))

    def put(self, function: Function) -> Function:
        """Write what LATEST is now."""
        with self._writing(function) as tx:
            where = of(functions, function.scope, name=function.name)
            tx.execute(functions.update().where(where).values(_row(function)))
        return function

    def publish(self, version: Function) -> None:
        """Add a version of that number."""
        with self._writing(version) as tx:
            row = {name: value for name, value in _row(version).items() if name in versions.c}
            tx.execute(versions.insert().values(**row, number=int(version.version)))
            where = of(functions, version.scope, name=version.name)
            tx.execute(functions.update().where(where).values(published=int(version.version)))

    def remove(self, function: Function) -> None:
        """A function with all its versions, aliases and settings; or one version of it."""
        with self._writing(function) as tx:
            if function.version != LATEST:
                where = of(versions, function.scope, name=function.name, number=int(function.version))
                tx.execute(versions.delete().where(where))
                return
            for table in (functions, versions, aliases, event_configs, events, urls):
                tx.execute(table.delete().where(of(table, function.scope, name=function.name)))

    def alias(self, scope: Scope, name: str, alias: str) -> Alias:
        """Raises FunctionMissing."""
        with self._state.reading() as connection:
            row = connection.execute(aliases.select().where(of(aliases, scope, name=name, alias=alias))).first()
        if row is None:
            raise FunctionMissing(function_arn(scope, name, alias))
        return _as_alias(row)

    def aliases(self, scope: Scope, name: str) -> list[Alias]:
        with self._state.reading() as connection:
            query = aliases.select().where(of(aliases, scope, name=name)).order_by(aliases.c.alias)
            return [_as_alias(row) for row in connection.execute(query)]

    def put_alias(self, alias: Alias, *, new: bool) -> None:
        """Raises AlreadyExists for a new one that is there."""
        where = of(aliases, alias.scope, name=alias.function, alias=alias.name)
        with self._state.transaction() as tx:
            there = tx.execute(select(aliases.c.alias).where(where)).first()
            if there and new:
                raise AlreadyExists(f"Alias already exists: {alias.arn}")
            tx.execute(aliases.delete().where(where))
            row = {name: getattr(alias, name) for name in ("version", "description", "weights", "revision")}
            bound = {**_scope(alias.scope), "name": alias.function, "alias": alias.name}
            tx.execute(aliases.insert().values(**bound, **row))

    def remove_alias(self, scope: Scope, name: str, alias: str) -> None:
        with self._state.transaction() as tx:
            tx.execute(aliases.delete().where(of(aliases, scope, name=name, alias=alias)))
            tx.execute(urls.delete().where(of(urls, scope, name=name, qualifier=alias)))

    def event_config(self, scope: Scope, name: str, qualifier: str) -> EventConfig | None:
        return next((each for each in self.event_configs(scope, name) if each.qualifier == qualifier), None)

    def event_configs(self, scope: Scope, name: str) -> list[EventConfig]:
        with self._state.reading() as connection:
            query = (
                event_configs.select().where(of(event_configs, scope, name=name)).order_by(event_configs.c.qualifier)
            )
            rows = connection.execute(query).all()
        names = ("qualifier", "retries", "age", "on_success", "on_failure", "modified")
        return [EventConfig(scope, name, **{each: getattr(row, each) for each in names}) for row in rows]

    def put_event_config(self, config: EventConfig) -> None:
        self.remove_event_config(config.scope, config.function, config.qualifier)
        names = ("qualifier", "retries", "age", "on_success", "on_failure", "modified")
        row = {each: getattr(config, each) for each in names}
        with self._state.transaction() as tx:
            tx.execute(event_configs.insert().values(**_scope(config.scope), name=config.function, **row))

    def remove_event_config(self, scope: Scope, name: str, qualifier: str) -> None:
        with self._state.transaction() as tx:
            tx.execute(event_configs.delete().where(of(event_configs, scope, name=name, qualifier=qualifier)))

    def layers(self, scope: Scope, name: str | None = None, *, deleted: bool = False) -> list[Layer]:
        """Versions of layers, by name and number. deleted: also those that are only kept for who uses them."""
        query = layers.select().where(of(layers, scope)).order_by(layers.c.name, layers.c.number)
        if name is not None:
            query = query.where(layers.c.name == name)
        if not deleted:
            query = query.where(layers.c.deleted == 0)
        with self._state.reading() as connection:
            return [_as_layer(row) for row in connection.execute(query)]

    def add_layer(self, scope: Scope, name: str, make: Callable[[int], Layer]) -> Layer:
        """A further version of a layer."""
        with self._state.transaction() as tx:
            mine = select(layers.c.number).where(of(layers, scope, name=name))
            layer = make(max(tx.execute(mine).scalars(), default=0) + 1)
            tx.execute(
                layers.insert().values(
                    **_scope(scope),
                    name=name,
                    number=layer.number,
                    code=vars(layer.code),
                    description=layer.description,
                    told=dict(layer.told),
                    created=layer.created,
                    deleted=0,
                )
            )
        return layer

    def remove_layer(self, scope: Scope, name: str, number: int) -> None:
        with self._state.transaction() as tx:
            tx.execute(layers.update().where(of(layers, scope, name=name, number=number)).values(deleted=1))

    def digests(self) -> set[str]:
        """The code that anything uses."""
        with self._state.reading() as connection:
            found = [connection.execute(select(table.c.code)).scalars() for table in (functions, versions, layers)]
            return {code["sha256"] for each in found for code in each}

    def empty(self) -> None:
        with self._state.transaction() as tx:
            for table in (functions, versions, aliases, event_configs, layers, events, urls):
                tx.execute(table.delete())

    def _writing(self, function: Function) -> Any:
        scope = function.scope
        return self._state.transaction(Thing(THING, scope.account, scope.region, function.name))


def of(table: Table, scope: Scope, **values: Any) -> Any:
    """The rows of a scope with those values."""
    found = (table.c.account == scope.account) & (table.c.region == scope.region)
    for name, value in values.items():
        found &= table.c[name] == value
    return found


def new_revision() -> str:
    return str(uuid.uuid4())


def paged(items: Sequence[Any], after: str | None, limit: int) -> Page[Any]:
    """A page of a short list."""
    start = int(after) if after else 0
    end = start + limit
    return Page(items[start:end], str(end) if end < len(items) else None)


def _number(qualifier: str | None) -> int:
    return int(qualifier) if qualifier and re.fullmatch(r"\d{1,9}", qualifier) else -1


def _scope(scope: Scope) -> dict[str, str]:
    return {"account": scope.account, "region": scope.region}


def _row(function: Function) -> dict[str, Any]:
    return {
        **_scope(function.scope),
        "name": function.name,
        "settings": function.settings.as_json(),
        "code": vars(function.code),
        "state": vars(function.standing),
        "modified": function.modified,
        "revision": function.revision,
        "published": function.published,
        "reserved": function.reserved,
        "tags": dict(function.tags),
    }


def _as_function(row: Row[Any]) -> Function:
    return Function(
        Scope(row.account, row.region),
        row.name,
        LATEST,
        Settings.from_json(row.settings),
        Code(**row.code),
        Standing(**row.state),
        row.modified,
        row.revision,
        row.published,
        row.reserved,
        row.tags,
    )


def _as_version(row: Row[Any], latest: Function) -> Function:
    return latest.with_(
        version=str(row.number),
        settings=Settings.from_json(row.settings),
        code=Code(**row.code),
        standing=Standing(),
        modified=row.modified,
        revision=row.revision,
    )


def _as_alias(row: Row[Any]) -> Alias:
    scope = Scope(row.account, row.region)
    return Alias(scope, row.name, row.alias, row.version, row.description, row.weights, row.revision)


def _as_layer(row: Row[Any]) -> Layer:
    scope = Scope(row.account, row.region)
    return Layer(scope, row.name, row.number, Code(**row.code), row.description, row.told, row.created)
