"""The Hive Metastore of every scope: a port each, kept over restarts."""

import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from studiolo.config import Settings
from studiolo.domain import Conflict, Health, Scope
from studiolo.governance import GovernedCatalog
from studiolo.identity import Identity
from studiolo.metastore.default import default_database
from studiolo.metastore.listener import Conversation, Listener
from studiolo.metastore.locks import Locks
from studiolo.metastore.room import House
from studiolo.metastore.warehouse import Warehouse
from studiolo.objects import Objects
from studiolo.storage import Storage

log = logging.getLogger(__name__)


class Metastore:
    """Hive's door to the Data Catalog: callers say who they are by a token for a user name, and may what they may in Glue.

    A client of Hive has no word for an account or a region: each scope that is in use has a loopback port of its own.
    The ports are written down, so that sessions which outlive a server find the next one where they left this one.
    """

    def __init__(
        self, catalog: GovernedCatalog, storage: Storage, identity: Identity, objects: Objects, settings: Settings
    ) -> None:
        self._catalog = catalog
        self._warehouse = Warehouse(storage)
        self._identity = identity
        self._objects = objects
        self._home = Scope(settings.account_id, settings.region)
        self._kept: Path = settings.folder / "metastore.json"
        self._lock = threading.Lock()
        self._listeners: dict[Scope, Listener] = {}
        self._unbound: dict[Scope, str] = {}

    def start(self) -> None:
        """Listen on the ports of an earlier server, and on that of the settings' account and region.

        Raises Conflict where the latter cannot be opened; of others `health` tells.
        """
        self.uri(self._home)
        for scope in self._known_ports():
            with suppress(Conflict):
                self.uri(scope)

    def health(self) -> Health:
        """Whether every port that was opened accepts clients; else why not."""
        with self._lock:
            failures = [listener.failure for listener in self._listeners.values() if listener.failure is not None]
            failures += self._unbound.values()
        return Health("failed", " ".join(failures)) if failures else Health("running")

    def close(self) -> None:
        with self._lock:
            listeners = list(self._listeners.values())
            self._listeners.clear()
        for listener in listeners:
            listener.close()

    def empty(self) -> None:
        """To be called when everything was emptied; the ports stay as they are."""
        self._warehouse.forget()

    @property
    def home(self) -> str:
        """The URI for the settings' account and region."""
        return self.uri(self._home)

    def uri(self, scope: Scope) -> str:
        """What `hive.metastore.uris` is for a scope: its port is opened when it is first asked for.

        Raises Conflict where none can be opened.
        """
        with self._lock:
            listener = self._listeners.get(scope) or self._open(scope)
        return f"thrift://127.0.0.1:{listener.port}"

    def warehouse(self, scope: Scope) -> str:
        """What `spark.sql.warehouse.dir` is for a scope."""
        return self._warehouse.root(scope)

    def prepare(self, scope: Scope) -> None:
        """Make the warehouse and the database `default`, for engines that come by another door. Raises Conflict."""
        root = self._warehouse.root(scope)
        self._warehouse.prepare(scope, root)
        default_database(scope, self._catalog.everything, self._warehouse)

    def _open(self, scope: Scope) -> Listener:
        ports = self._known_ports()
        try:
            listener = Listener(ports.get(scope, 0))
        except OSError as error:
            reason = f"The metastore of {scope.account} in {scope.region} could not open a port: {error.strerror}."
            self._unbound[scope] = reason
            log.error("%s", reason)
            raise Conflict(reason) from error
        self._unbound.pop(scope, None)
        self._listeners[scope] = listener
        if ports.get(scope) != listener.port:
            self._keep({**ports, scope: listener.port})
        listener.start(lambda: self._conversations(scope))
        return listener

    def _conversations(self, scope: Scope) -> Callable[[], Conversation]:
        # The bindings are 100,000 lines, which a server that no engine talks to need not hold in memory.
        from studiolo.metastore.rooms import conversations

        house = House(scope, self._catalog, self._warehouse, Locks(time.time))
        return conversations(house, self._identity, self._objects)

    def _known_ports(self) -> dict[Scope, int]:
        try:
            kept = json.loads(self._kept.read_text())
            return {Scope(*name.split("/", 1)): int(port) for name, port in kept.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            log.warning("%s cannot be read (%s): clients of the metastore are given other ports", self._kept, error)
            return {}

    def _keep(self, ports: dict[Scope, int]) -> None:
        draft = self._kept.with_suffix(".tmp")
        draft.write_text(json.dumps({f"{scope.account}/{scope.region}": port for scope, port in ports.items()}))
        draft.replace(self._kept)
