"""The object store as a domain: where it is, with which key, and how it is; it comes back by itself when it dies."""

import http.client
import json
import logging
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.config import Settings
from studiolo.processes import Child, Keeper, Processes, child_environment
from studiolo.s3_config import s3_config
from studiolo.storage import weed
from studiolo.storage.keys import stored
from studiolo.storage.security import lock_inner_doors
from studiolo.storage.weed import EngineKey, Ports, StoreUnavailable, is_full

log = logging.getLogger(__name__)

NAME = "object-store"
GRACE_SECONDS = 2.8
"""SeaweedFS ends within 2.6 s of SIGTERM; what it acknowledged survives SIGKILL too."""
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class StoreAccess:
    """Where the S3 is, and the key of the server and its door there."""

    endpoint: str
    access_key: str
    secret_key: str


@dataclass(frozen=True)
class StoreHealth:
    """How the store is. `reason` says why it last died, or why it stays down; `restarts` counts since the start.

    It is `running` when a write has succeeded since its process began; `full` when the disk is, and reads go on.
    """

    status: Literal["running", "starting", "full", "failed", "stopped", "external"]
    endpoint: str | None
    pid: int | None = None
    restarts: int = 0
    reason: str | None = None


class Storage:
    """SeaweedFS as a child named `object-store`, or the S3 that the settings name."""

    def __init__(self, settings: Settings, processes: Processes) -> None:
        self._settings = settings
        self._processes = processes
        self._keeper = Keeper("The object store", processes, self._launch, (StoreUnavailable,), self._on_change)
        self._folder = settings.folder / NAME
        self._identities = self._folder / "identities.json"
        self._access: StoreAccess | None = None
        self._ports: Ports | None = None
        # Which process has taken a write, of that which is to prove that it does.
        self._changed = threading.Condition()
        self._proving: Child | None = None
        self._writable = False
        self._client: tuple[StoreAccess, Any] | None = None
        self._client_lock = threading.Lock()

    @property
    def external(self) -> bool:
        """Whether the S3 is one of your own."""
        return self._settings.s3_endpoint is not None

    @property
    def access(self) -> StoreAccess:
        """Where the store is and with which key. Raises StoreUnavailable before the start, and once it was given up."""
        if self._access is None:
            raise StoreUnavailable("The object store has not been started.")
        kept = self._keeper.state
        if kept.status == "failed":
            raise StoreUnavailable(kept.reason or "The object store was given up.")
        return self._access

    def client(self) -> Any:
        """A boto3 client of the store, with the key of the engines. Raises StoreUnavailable as `access` does."""
        # The S3 door, which is given its client, imports this package too.
        import boto3

        from studiolo import sdk

        access = self.access
        with self._client_lock:
            if self._client is None or self._client[0] != access:
                made = boto3.session.Session(botocore_session=sdk.new_session()).client(
                    "s3",
                    endpoint_url=access.endpoint,
                    region_name=self._settings.region,
                    aws_access_key_id=access.access_key,
                    aws_secret_access_key=access.secret_key,
                    config=s3_config(),
                )
                self._client = access, made
            return self._client[1]

    def name_of(self, key: str) -> str:
        """What the store calls a key: ours knows some by names of its own."""
        return key if self.external else stored(key)

    @property
    def folder(self) -> Path | None:
        """Where SeaweedFS keeps its files; None for an S3 of your own."""
        return None if self.external else self._folder

    def start(self) -> None:
        """Take over the store that a crashed server left, or start one; it may answer a moment later (see `ready`).

        Raises StoreUnavailable where SeaweedFS is missing or the settings of your own S3 lack its keys.
        """
        if self.external:
            self._access = self._external_access()
        elif not self.adopt():
            self._ports = self._choose_ports()
            self._keeper.start()

    def adopt(self) -> bool:
        """Take over a store that still runs since an earlier server; False where there is none."""
        child = self._processes.find(NAME)
        engine = weed.known_engine_key(self._identities)
        if child is None or not child.alive or engine is None:
            return False
        self._ports = Ports.of(child.details["ports"])
        self._access = _access(self._ports, engine)
        self._keeper.take(child)
        return True

    def ready(self, timeout: float = 30.0) -> None:
        """Wait until the store has taken a write, or an S3 of your own answers at all.

        Raises StoreUnavailable when it is given up instead, or after `timeout` seconds.
        """
        if self.external:
            self._wait_for_answer(timeout)
            return
        with self._changed:
            self._changed.wait_for(lambda: self._proven or self._keeper.state.status == "failed", timeout)
            endpoint = self.access.endpoint
            if not self._proven:
                raise StoreUnavailable(
                    f"The object store at {endpoint} takes no write within {timeout:.0f} s; "
                    f"its log is {self._processes.log(NAME)}."
                )

    def health(self) -> StoreHealth:
        """How the store is at this moment. Asks the system, not the store: it costs nothing."""
        endpoint = self._access.endpoint if self._access else None
        if self.external:
            return StoreHealth("external", endpoint)
        kept = self._keeper.state
        if kept.child is None:
            return StoreHealth(kept.status, endpoint, None, kept.restarts, kept.reason)
        pid, restarts = kept.child.pid, kept.restarts
        if not self._proven:
            return StoreHealth("starting", endpoint, pid, restarts, kept.reason)
        if is_full(self._folder):
            return StoreHealth("full", endpoint, pid, restarts, "The disk that holds the objects is full.")
        return StoreHealth("running", endpoint, pid, restarts, kept.reason)

    def empty(self) -> None:
        """Delete every bucket, and wait until the store answers again. An S3 of your own is left as it is."""
        if self.external:
            return
        self._end(grace=0.0)
        shutil.rmtree(self._data, ignore_errors=True)
        self._ports = self._ports or self._choose_ports()
        self._keeper.start()
        self.ready()

    def close(self) -> None:
        """End the store, within three seconds."""
        self._end(GRACE_SECONDS)

    @property
    def _proven(self) -> bool:
        """Whether the process that runs now has taken a write; one that died is noticed a moment later."""
        child = self._proving
        return self._writable and child is not None and child.alive

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _external_access(self) -> StoreAccess:
        settings = self._settings
        if settings.s3_endpoint is None or settings.s3_access_key is None or settings.s3_secret_key is None:
            raise StoreUnavailable(
                "STUDIOLO_S3_ENDPOINT names an S3 of your own: "
                "set STUDIOLO_S3_ACCESS_KEY and STUDIOLO_S3_SECRET_KEY with it."
            )
        return StoreAccess(
            settings.s3_endpoint.rstrip("/"), settings.s3_access_key, settings.s3_secret_key.get_secret_value()
        )

    def _choose_ports(self) -> Ports:
        """The ports of the last time where they are free, so that what clients were told stays true; else others."""
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            ports = _kept_ports(self._folder)
            if ports.free:
                return ports
        ports = Ports.choose()
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "ports.json").write_text(json.dumps(asdict(ports)))
        return ports

    def _launch(self) -> Child:
        assert self._ports is not None
        program = weed.program()
        self._data.mkdir(parents=True, exist_ok=True)
        weed.remove_sockets(self._ports)
        lock_inner_doors(self._folder)
        self._access = _access(self._ports, weed.keep_key(self._identities))
        return self._processes.start(
            NAME,
            NAME,
            weed.command(program, self._data, self._identities, self._ports),
            environment=child_environment(weed.variables(self._settings.store_memory_mib)),
            folder=self._folder,
            details={"ports": asdict(self._ports)},
        )

    def _on_change(self) -> None:
        """Another process is the store now, which is to prove that it takes writes; or none is, and the door is told."""
        kept = self._keeper.state
        child, told = kept.child, failure_file(self._folder)
        if kept.status == "failed":
            told.write_text(kept.reason or "")
        else:
            told.unlink(missing_ok=True)
        with self._changed:
            if child is not self._proving:
                self._proving, self._writable = child, False
                if child is not None:
                    threading.Thread(target=self._prove, args=(child,), name="object-store proof", daemon=True).start()
            self._changed.notify_all()

    def _prove(self, child: Child) -> None:
        """Write to the store until it takes a write: while it looks for its volumes, it answers and takes none."""
        with suppress(StoreUnavailable):
            client = self.client()  # made while the store starts, which takes longer
            while self._proving is child:
                if self._answers() and self._takes_a_write(client):
                    with self._changed:
                        self._writable = self._proving is child
                        self._changed.notify_all()
                    return
                time.sleep(POLL_SECONDS)

    def _takes_a_write(self, client: Any) -> bool:
        try:
            weed.prove(client, weed.proof_bucket(self.access.access_key))
        except (BotoCoreError, ClientError) as error:
            log.info("The object store takes no write yet: %s", error)
            return is_full(self._folder)  # a full disk takes no writes, and what is there can be read
        return True

    def _end(self, grace: float) -> None:
        self._keeper.stop(grace)
        if self._ports is not None:
            weed.remove_sockets(self._ports)

    def _wait_for_answer(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._answers():
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"The object store at {self.access.endpoint} does not answer.")
            time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        if self._access is None:
            return False
        address = urlsplit(self._access.endpoint)
        https = address.scheme == "https"
        connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = connect(address.hostname or "127.0.0.1", address.port, timeout=2.0)
        try:
            # Only SeaweedFS knows /healthz; of another S3 any answer will do.
            connection.request("GET", "/" if self.external else "/healthz")
            status = connection.getresponse().status
            return self.external or status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def failure_file(folder: Path) -> Path:
    """Where the reason is kept for which the store in that folder was given up, for other processes."""
    return folder / "failure.txt"


def remove_traces(folder: Path) -> None:
    """Remove what a store of this data folder that has ended left outside of it."""
    with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        weed.remove_sockets(_kept_ports(folder / NAME))


def _kept_ports(folder: Path) -> Ports:
    return Ports.of(json.loads((folder / "ports.json").read_text()))


def _access(ports: Ports, key: EngineKey) -> StoreAccess:
    return StoreAccess(f"http://127.0.0.1:{ports.s3}", key.id, key.secret)
