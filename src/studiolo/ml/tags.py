"""Tags of machine-learning resources, by ARN."""

from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection

from studiolo.domain import Invalid, NotFound, Scope
from studiolo.ml.tables import (
    compilation_jobs,
    endpoint_configs,
    endpoints,
    models,
    processing_jobs,
    records,
    tags,
    training_jobs,
    transform_jobs,
    tuning_jobs,
)
from studiolo.state import State

MOST_TAGS = 50
TABLES = {
    "training-job": training_jobs,
    "processing-job": processing_jobs,
    "hyper-parameter-tuning-job": tuning_jobs,
    "transform-job": transform_jobs,
    "compilation-job": compilation_jobs,
    "model": models,
    "endpoint-config": endpoint_configs,
    "endpoint": endpoints,
}
RECORDED = ("model-package-group", "model-package", "model-card", "artifact", "action", "context")
"""The kinds of resources that are records."""

Exists = Callable[[Connection, Scope, str], bool]


class Tags:
    """The tags of jobs, models, endpoint configurations and endpoints."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._others: dict[str, Exists] = {}

    def know(self, kind: str, exists: Exists) -> None:
        """From now on tag resources of a further kind, which another domain keeps."""
        self._others[kind] = exists

    def of(self, scope: Scope, arn: str) -> dict[str, str]:
        """The tags of a resource. Raises NotFound."""
        with self._state.reading() as connection:
            self._require(connection, scope, arn)
            return _tags(connection, arn)

    def add(self, scope: Scope, arn: str, added: Mapping[str, str]) -> dict[str, str]:
        """Add tags, or give them new values; all tags after that. Raises NotFound and Invalid."""
        with self._state.transaction() as tx:
            self._require(tx, scope, arn)
            set_tags(tx, arn, added)
            return _tags(tx, arn)

    def remove(self, scope: Scope, arn: str, keys: Iterable[str]) -> None:
        """Remove the tags of those keys; a key that is not there is fine. Raises NotFound."""
        with self._state.transaction() as tx:
            self._require(tx, scope, arn)
            tx.execute(tags.delete().where(tags.c.arn == arn, tags.c.key.in_(list(keys))))

    def _require(self, connection: Connection, scope: Scope, arn: str) -> None:
        """Raise NotFound unless the scope has the resource of that ARN."""
        prefix = f"arn:{scope.partition}:sagemaker:{scope.region}:{scope.account}:"
        kind, _, name = arn.removeprefix(prefix).partition("/")
        if arn.startswith(prefix):
            if kind in self._others and self._others[kind](connection, scope, name):
                return
            table = TABLES.get(kind, records if kind in RECORDED else None)
            if table is not None:
                mine = (table.c.account == scope.account) & (table.c.region == scope.region) & (table.c.name == name)
                if table is records:
                    mine &= table.c.kind == kind
                if connection.execute(table.select().where(mine)).first() is not None:
                    return
        known = ", ".join([*TABLES, *RECORDED, *self._others])
        raise NotFound(f"The resource {arn} cannot be found: Studiolo tags {known} resources.")


def set_tags(tx: Connection, arn: str, added: Mapping[str, str]) -> None:
    """Write tags of a resource, as part of a larger change. Raises Invalid past 50 tags."""
    if not added:
        return
    if len(_tags(tx, arn).keys() | added.keys()) > MOST_TAGS:
        raise Invalid(f"A resource can have {MOST_TAGS} tags at most.")
    tx.execute(tags.delete().where(tags.c.arn == arn, tags.c.key.in_(list(added))))
    tx.execute(tags.insert(), [{"arn": arn, "key": key, "value": value} for key, value in added.items()])


def drop_tags(tx: Connection, arn: str) -> None:
    """Forget the tags of a resource that is deleted, as part of that change."""
    tx.execute(tags.delete().where(tags.c.arn == arn))


def _tags(connection: Connection, arn: str) -> dict[str, str]:
    rows = connection.execute(tags.select().where(tags.c.arn == arn).order_by(tags.c.key))
    return {row.key: row.value for row in rows}
