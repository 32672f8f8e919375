"""SageMaker Feature Store: its groups and records, and the thread that brings them to what they are to be."""

import logging
import time

from sqlalchemy import or_, select

from studiolo.background import Background
from studiolo.domain import Clock
from studiolo.features.groups import FeatureGroups, as_group, forget, thing
from studiolo.features.model import (
    ACTIVE,
    BLOCKED,
    CREATE_FAILED,
    CREATED,
    CREATING,
    DELETE_FAILED,
    DELETING,
    FAILED,
    IN_PROGRESS,
    SUCCESSFUL,
    FeatureGroup,
)
from studiolo.features.offline import FAILURES, OfflineStores, said
from studiolo.features.records import Records
from studiolo.features.tables import groups
from studiolo.governance import GovernedCatalog
from studiolo.iceberg import IcebergTables
from studiolo.identity import Identity
from studiolo.ml.tags import Tags
from studiolo.objects import Objects
from studiolo.state import State

log = logging.getLogger(__name__)

WRITE_SECONDS = 2.0
"""How long a record waits for others to be written with it."""
RETRY_SECONDS = 15.0
LOOK_SECONDS = 30.0
"""How often it is looked for records that have expired: they cannot be read from when they do."""


class FeatureStore:
    """The feature groups of every scope, with their online and offline stores."""

    def __init__(
        self,
        state: State,
        identity: Identity,
        tags: Tags,
        objects: Objects,
        catalog: GovernedCatalog,
        iceberg: IcebergTables,
        clock: Clock,
    ) -> None:
        self._state = state
        self._clock = clock
        self._offline = OfflineStores(state, identity, objects, catalog, iceberg, clock)
        self._background = Background("feature store", self._look, RETRY_SECONDS)
        self._due: float | None = None
        self.groups = FeatureGroups(state, identity, tags, clock, self._background.wake)
        self.records = Records(state, clock, self._appended)

    def start(self) -> None:
        """Go on with what an earlier server left."""
        self._due = time.monotonic()
        self._background.wake()
        self._background.start()

    def close(self) -> None:
        """End in good order: what is not yet in the offline stores is written by the next server."""
        self._background.close(30)

    def _appended(self) -> None:
        if self._due is None:
            self._due = time.monotonic() + WRITE_SECONDS
            self._background.wake()

    def _look(self) -> float:
        """Do what is due; the seconds until more is."""
        due = self._due
        self.records.expire()
        self._settle()
        if due is not None and due <= time.monotonic():
            self._due = time.monotonic() + RETRY_SECONDS
            if self._write():
                self._due = None
        due = self._due
        return LOOK_SECONDS if due is None else max(0.0, due - time.monotonic())

    def _settle(self) -> None:
        """Bring all groups that are on their way to where they go."""
        columns = groups.c
        passing = or_(columns.status.in_([CREATING, DELETING]), columns.update_status == IN_PROGRESS)
        with self._state.reading() as connection:
            rows = connection.execute(select(groups).where(passing).order_by(columns.created)).all()
        for group in map(as_group, rows):
            if group.status == CREATING:
                self._create(group)
            elif group.status == DELETING:
                self._delete(group)
            else:
                self._update(group)

    def _create(self, group: FeatureGroup) -> None:
        try:
            if group.specification.offline is not None:
                self._offline.check(group)
                self._offline.make_table(group)
        except FAILURES as error:
            self._set(group, status=CREATE_FAILED, reason=said(error))
        else:
            self._set(group, status=CREATED)

    def _update(self, group: FeatureGroup) -> None:
        try:
            if group.specification.offline is not None:
                self._offline.add_columns(group)
        except FAILURES as error:
            self._set(group, update_status=FAILED, reason=said(error))
        else:
            self._set(group, update_status=SUCCESSFUL)

    def _delete(self, group: FeatureGroup) -> None:
        try:
            if group.specification.offline is not None:
                self._offline.write(group)
        except FAILURES as error:
            reason = f"Records could not be written to the OfflineStore: {said(error)}"
            self._set(group, status=DELETE_FAILED, reason=reason)
        else:
            with self._state.transaction(thing(group)) as tx:
                forget(tx, group)

    def _write(self) -> bool:
        """Write what waits; False where some of it could not be."""
        waiting = self._offline.waiting()
        with self._state.reading() as connection:
            rows = connection.execute(select(groups).where(groups.c.id.in_(waiting), groups.c.status == CREATED)).all()
        written = True
        for group in map(as_group, rows):
            try:
                self._offline.write(group)
            except FAILURES as error:
                written = False
                log.warning("records of feature group %s wait for its offline store: %s", group.arn, said(error))
                self._set(group, offline_status=BLOCKED, reason=said(error))
            else:
                if group.offline_status == BLOCKED:
                    self._set(group, offline_status=ACTIVE, reason=None)
        return written

    def _set(self, group: FeatureGroup, **values: str | None) -> None:
        with self._state.transaction(thing(group)) as tx:
            tx.execute(groups.update().where(groups.c.id == group.id).values(**values, changed=self._clock()))
