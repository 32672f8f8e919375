"""Writing to the offline stores, as each group's role: what was acknowledged stays in the database until it is there."""

import logging
import uuid
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import Connection, select, update

from studiolo.containers.objects import Address, is_missing, refusal
from studiolo.domain import Clock, DomainError, Invalid
from studiolo.features.files import Append, by_hour, file_name, folder, parquet, table
from studiolo.features.listed import (
    add_columns,
    add_partitions,
    columns,
    make_iceberg_table,
    make_table,
    managed_table,
    own_table,
)
from studiolo.features.model import FeatureGroup, Offline
from studiolo.features.tables import appends
from studiolo.governance import GovernedCatalog
from studiolo.iceberg import IcebergTables
from studiolo.identity import Identity, Principal
from studiolo.objects import Objects
from studiolo.state import State

log = logging.getLogger(__name__)

SESSION = "SageMaker"
MOST_ROWS = 10_000
MOST_BYTES = 32 * 1024 * 1024
"""Of a batch, which makes a file for each hour in it."""


class OfflineStores:
    """The offline stores of every group. catalog: the Data Catalog, which is seen as the group's role."""

    def __init__(
        self,
        state: State,
        identity: Identity,
        objects: Objects,
        catalog: GovernedCatalog,
        iceberg: IcebergTables,
        clock: Clock,
    ) -> None:
        self._state = state
        self._identity = identity
        self._objects = objects
        self._catalog = catalog
        self._iceberg = iceberg
        self._clock = clock

    def make_table(self, group: FeatureGroup) -> None:
        """Make the table of a group, unless it is there. Raises NotFound, Denied and Invalid."""
        who = self._role(group)
        if _offline(group).iceberg:
            make_iceberg_table(self._iceberg, self._catalog_of(who), who, group)
        else:
            make_table(self._catalog_of(who), group)

    def add_columns(self, group: FeatureGroup) -> None:
        """Give the table of a group the columns of features that came. Raises NotFound, Denied and Invalid."""
        who, name = self._role(group), managed_table(group)
        if not _offline(group).iceberg:
            add_columns(self._catalog_of(who), group)
        elif name is not None:
            own_table(self._catalog_of(who), group, name)
            self._iceberg.add_columns(who, group.scope, name.database, name.table, columns(group))

    def _role(self, group: FeatureGroup) -> Principal:
        """The session of its role. Raises NotFound for one that is gone."""
        return self._identity.session_of(group.specification.role or "", SESSION)

    def _catalog_of(self, who: Principal) -> GovernedCatalog:
        return self._catalog.of(lambda: who)

    def check(self, group: FeatureGroup) -> None:
        """Raise Invalid where the bucket is not there. A role that may only write to it cannot tell."""
        offline = _offline(group)
        try:
            self._client(group).head_bucket(Bucket=Address.of(offline.uri).bucket)
        except ClientError as error:
            if is_missing(error):
                raise Invalid(f"The S3 bucket of {offline.uri} does not exist.") from error

    def write(self, group: FeatureGroup) -> None:
        """Write all records of a group that wait. Raises DomainError, ClientError and BotoCoreError: then some do still.

        A batch is numbered before it is written: after a crash the same rows make the same files again.
        """
        while (batch := self._batch(group)) is not None:
            with self._state.reading() as connection:
                mine = (appends.c.feature_group == group.id) & (appends.c.batch == batch)
                rows = connection.execute(select(appends).where(mine).order_by(appends.c.number)).all()
            self._write(group, batch, [Append(row.event, row.called, bool(row.deleted), row.record) for row in rows])
            with self._state.transaction() as tx:
                tx.execute(appends.delete().where(mine))

    def waiting(self) -> list[str]:
        """The ids of the groups with records that wait."""
        with self._state.reading() as connection:
            return list(connection.execute(select(appends.c.feature_group).distinct()).scalars())

    def _write(self, group: FeatureGroup, batch: str, rows: list[Append]) -> None:
        if _offline(group).iceberg:
            self._append(group, batch, rows)
            return
        place = Address.of(_offline(group).resolved)
        client = self._client(group)
        hours = by_hour(rows)
        for values, inside in hours.items():
            client.put_object(
                Bucket=place.bucket,
                Key=f"{place.key}/{folder(values)}/{file_name(batch, values, inside)}",
                Body=parquet(group.specification, inside, self._clock()),
            )
        add_partitions(self._catalog_of(self._role(group)), group, hours)

    def _append(self, group: FeatureGroup, batch: str, rows: list[Append]) -> None:
        """Append a batch to an Iceberg table, once."""
        from pyiceberg.io.pyarrow import PyArrowFileIO

        who, name = self._role(group), managed_table(group)
        if name is None:
            return
        own_table(self._catalog_of(who), group, name)
        made = table(group.specification, rows, self._clock())
        made = made.rename_columns([column.lower() for column in made.column_names])
        io = PyArrowFileIO(self._objects.iceberg_settings(group.specification.role or "", SESSION))
        self._iceberg.append(who, group.scope, name.database, name.table, made, batch, io)

    def _batch(self, group: FeatureGroup) -> str | None:
        """A batch of rows that wait: one that was begun before, or a new one."""
        with self._state.transaction() as tx:
            mine = appends.c.feature_group == group.id
            begun = tx.execute(select(appends.c.batch).where(mine, appends.c.batch.is_not(None)).limit(1)).scalar()
            return begun or _begin(tx, mine)

    def _client(self, group: FeatureGroup) -> Any:
        return self._objects.role_client(group.specification.role or "", SESSION)


def said(error: Exception) -> str:
    """Why something failed, in a sentence of what failed."""
    return refusal(error) if isinstance(error, ClientError) else str(error)


FAILURES = (DomainError, ClientError, BotoCoreError)
"""What a group's own settings, rights and buckets may be the reason of."""


def _begin(tx: Connection, mine: Any) -> str | None:
    rows = tx.execute(
        select(appends.c.number, appends.c.size).where(mine).order_by(appends.c.number).limit(MOST_ROWS)
    ).all()
    size, last = 0, None
    for row in rows:
        size += row.size
        if last is not None and size > MOST_BYTES:
            break
        last = row.number
    if last is None:
        return None
    batch = uuid.uuid4().hex
    tx.execute(update(appends).where(mine, appends.c.number <= last).values(batch=batch))
    return batch


def _offline(group: FeatureGroup) -> Offline:
    offline = group.specification.offline
    if offline is None:
        raise Invalid(f"FeatureGroup {group.name} has no OfflineStore.")
    return offline
