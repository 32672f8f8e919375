"""Sweeping: the files of governed views that nobody sees any more are deleted, soon after the change."""

import logging
import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import select

from studiolo.catalog import Catalog
from studiolo.domain import DomainError, NotFound, Scope
from studiolo.governance.lake import Lake
from studiolo.governance.subject import Thing, of
from studiolo.governance.tables import views
from studiolo.governance.view_files import ViewFiles
from studiolo.governance.views import Views
from studiolo.identity import Principal
from studiolo.state import State

SETTLING = 0.5
"""Seconds after a change until what it left is looked for."""

log = logging.getLogger(__name__)


class Sweeper:
    """Listens to changes of grants. That a view may no longer be read does not wait for it: it only gives room back."""

    def __init__(self, state: State, catalog: Catalog, lake: Lake, of_views: Views, files: ViewFiles) -> None:
        self._state = state
        self._catalog = catalog
        self._lake = lake
        self._views = of_views
        self._files = files
        self._changed: queue.SimpleQueue[Thing | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._sweep_all, name="view-sweeper", daemon=True)

    def start(self) -> None:
        self._lake.listen(self._changed.put)
        self._thread.start()

    def close(self) -> None:
        self._changed.put(None)
        self._thread.join(10)
        self._files.close()

    def _sweep_all(self) -> None:
        while (thing := self._changed.get()) is not None:
            things = {thing}
            # Not in the way of who asks next, and once for changes that come together.
            until = time.monotonic() + SETTLING
            while (left := until - time.monotonic()) > 0:
                with suppress(queue.Empty):
                    more = self._changed.get(timeout=left)
                    if more is None:
                        return
                    things.add(more)
            for each in things:
                self._sweep_safely(each)

    def _sweep_safely(self, thing: Thing) -> None:
        try:
            self._sweep(thing)
        except Exception:
            log.exception("the files of governed views of %s could not be deleted", thing)

    def _sweep(self, thing: Thing) -> None:
        """Drop the views of a table, or of all tables, that nobody sees."""
        scope, database, table = thing
        named = {"database": database, "table": table}
        with self._state.reading() as connection:
            mine = of(views, scope, **{name: value for name, value in named.items() if value})
            rows = connection.execute(select(views.c.id, views.c.database, views.c.table).where(mine)).all()
        of_tables: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            of_tables.setdefault((row.database, row.table), []).append(row.id)
        for (inside, name), known in of_tables.items():
            gone = self._unseen(scope, inside, name, known)
            if gone:
                self._files.drop(scope, gone)

    def _unseen(self, scope: Scope, database: str, name: str, known: Sequence[str]) -> list[str]:
        """Those of the views of a table that nobody sees."""
        try:
            table = self._catalog.table(scope, database, name)
        except NotFound:
            return list(known)
        left = set(known)
        for holder in self._lake.holders(scope, database, name):
            if not left:
                break
            who = self._principal(holder)
            sight = None if who is None else self._lake.sight(who, scope, table)
            if sight is not None and sight.partial and (view := self._views.view(scope, table, sight)) is not None:
                left.discard(view.id)
        return sorted(left)

    def _principal(self, holder: str) -> Principal | None:
        with suppress(DomainError):
            return self._lake.principal(holder)
        return None
