"""The object store as a domain: where it is, with which key, and how it is; it comes back by itself when it dies."""

import http.client
import json
import logging
import shutil
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from studiolo.config import Settings
from studiolo.processes import Child, Processes, child_environment
from studiolo.storage import weed
from studiolo.storage.security import lock_inner_doors
from studiolo.storage.weed import Key, Ports, StoreUnavailable

log = logging.getLogger(__name__)

NAME = "object-store"
GRACE_SECONDS = 2.8
"""SeaweedFS ends within 2.6 s of SIGTERM; what it acknowledged survives SIGKILL too."""
RESTARTS, RESTART_WINDOW_SECONDS = 5, 60.0
POLL_SECONDS = 0.02
CONNECTIONS = 32
FULL_BYTES, FULL_SHARE = 8 * 1024 * 1024, 0.01
"""With less room than this, or than this share of the disk, SeaweedFS refuses writes."""


@dataclass(frozen=True)
class StoreAccess:
    """Where the S3 is, and the key that engines and the gateway use there."""

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

    def __init__(self, settings: Settings, processes: Processes, root: Key) -> None:
        self._settings = settings
        self._processes = processes
        self._root = root
        self._folder = settings.folder / NAME
        self._identities = self._folder / "identities.json"
        self._access: StoreAccess | None = None
        self._child: Child | None = None
        self._ports: Ports | None = None
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._writable = False
        self._client: tuple[StoreAccess, Any] | None = None
        self._client_lock = threading.Lock()
        self._closing = threading.Event()
        self._deaths: deque[float] = deque(maxlen=RESTARTS)
        self._restarts = 0
        self._reason: str | None = None
        self._failed = False

    @property
    def external(self) -> bool:
        """Whether the S3 is one of your own."""
        return self._settings.s3_endpoint is not None

    @property
    def access(self) -> StoreAccess:
        """Where the store is and with which key. Raises StoreUnavailable before the start, and once it was given up."""
        if self._access is None:
            raise StoreUnavailable("The object store has not been started.")
        if self._failed:
            raise StoreUnavailable(self._reason or "The object store was given up.")
        return self._access

    def client(self) -> Any:
        """A boto3 client of the store, with the key of the engines. Raises StoreUnavailable as `access` does."""
        access = self.access
        with self._client_lock:
            if self._client is None or self._client[0] != access:
                made = boto3.session.Session().client(
                    "s3",
                    endpoint_url=access.endpoint,
                    region_name=self._settings.region,
                    aws_access_key_id=access.access_key,
                    aws_secret_access_key=access.secret_key,
                    config=Config(
                        s3={"addressing_style": "path"},
                        retries={"mode": "standard", "total_max_attempts": 4},
                        max_pool_connections=CONNECTIONS,
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
                self._client = access, made
            return self._client[1]

    @property
    def failed(self) -> bool:
        """Whether the store has died too often to be started again."""
        return self._failed

    @property
    def full(self) -> bool:
        """Whether the disk that holds the objects has no room left."""
        if self.external:
            return False
        disk = shutil.disk_usage(self._folder)
        return disk.free < max(FULL_BYTES, FULL_SHARE * disk.total)

    def start(self) -> None:
        """Take over the store that a crashed server left, or start one; it may answer a moment later (see `ready`).

        Raises StoreUnavailable where SeaweedFS is missing or the settings of your own S3 lack its keys.
        """
        self._closing.clear()
        if self.external:
            self._access = self._external_access()
        elif not self.adopt():
            with self._lock:
                self._launch(self._choose_ports())

    def adopt(self) -> bool:
        """Take over a store that still runs since an earlier server; False where there is none."""
        child = self._processes.find(NAME)
        engine = weed.known_engine_key(self._identities)
        if child is None or not child.alive or engine is None:
            return False
        with self._lock:
            self._take(child, Ports.of(child.details["ports"]), engine)
        return True

    def ready(self, timeout: float = 30.0) -> None:
        """Wait until the store has taken a write, or an S3 of your own answers at all.

        Raises StoreUnavailable when it is given up instead, or after `timeout` seconds.
        """
        if self.external:
            self._wait_for_answer(timeout)
            return
        with self._changed:
            self._changed.wait_for(lambda: self._proven or self._failed, timeout)
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
        child = self._child
        if child is None:
            return StoreHealth("failed" if self._failed else "stopped", endpoint, None, self._restarts, self._reason)
        if not self._proven:
            return StoreHealth("starting", endpoint, child.pid, self._restarts, self._reason)
        if self.full:
            return StoreHealth("full", endpoint, child.pid, self._restarts, "The disk that holds the objects is full.")
        return StoreHealth("running", endpoint, child.pid, self._restarts, self._reason)

    def empty(self) -> None:
        """Delete every bucket, and wait until the store answers again. An S3 of your own is left as it is."""
        if self.external:
            return
        with self._lock:
            ports = self._ports or self._choose_ports()
            self._end(grace=0.0)
            shutil.rmtree(self._data, ignore_errors=True)
            self._launch(ports)
        self.ready()

    def close(self) -> None:
        """End the store, within three seconds."""
        self._closing.set()
        with self._lock:
            self._end(GRACE_SECONDS)

    @property
    def _proven(self) -> bool:
        """Whether the process that runs now has taken a write; one that died is noticed a moment later."""
        child = self._child
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

    def _launch(self, ports: Ports) -> None:
        program = weed.program()
        self._data.mkdir(parents=True, exist_ok=True)
        weed.remove_sockets(ports)
        lock_inner_doors(self._folder)
        engine = weed.keep_keys(self._identities, self._root)
        child = self._processes.start(
            NAME,
            NAME,
            weed.command(program, self._data, self._identities, ports),
            environment=child_environment(weed.variables(self._settings.store_memory_mib)),
            folder=self._folder,
            details={"ports": asdict(ports)},
        )
        self._take(child, ports, engine)

    def _take(self, child: Child, ports: Ports, engine: Key) -> None:
        self._child, self._ports, self._failed, self._writable = child, ports, False, False
        self._access = StoreAccess(f"http://127.0.0.1:{ports.s3}", engine.id, engine.secret)
        self._processes.watch(child, self._on_exit)
        threading.Thread(target=self._prove, args=(child,), name="object-store proof", daemon=True).start()

    def _prove(self, child: Child) -> None:
        """Write to the store until it takes a write: while it looks for its volumes, it answers and takes none."""
        with suppress(StoreUnavailable):
            client = self.client()  # made while the store starts, which takes longer
            while self._child is child and not self._closing.wait(POLL_SECONDS):
                if self._answers() and self._takes_a_write(client):
                    with self._changed:
                        self._writable = self._child is child
                        self._changed.notify_all()
                    return

    def _takes_a_write(self, client: Any) -> bool:
        try:
            weed.prove(client, weed.proof_bucket(self.access.access_key))
        except (BotoCoreError, ClientError) as error:
            log.info("The object store takes no write yet: %s", error)
            return self.full  # a full disk takes no writes, and what is there can be read
        return True

    def _end(self, grace: float) -> None:
        child, self._child, self._writable = self._child, None, False
        if child is not None:
            self._processes.stop(child, grace)
        if self._ports is not None:
            weed.remove_sockets(self._ports)

    def _on_exit(self, child: Child, status: int | None) -> None:
        """Start the store again on its own ports, later each time; give up after RESTARTS deaths in a short while."""
        with self._lock:
            if child is not self._child or self._ports is None:
                return
            self._writable = False
            self._reason = _last_words(child, status)
            self._deaths.append(time.monotonic())
            soon = len(self._deaths) == RESTARTS and self._deaths[-1] - self._deaths[0] < RESTART_WINDOW_SECONDS
            pause = 0.0 if len(self._deaths) == 1 else 0.2 * len(self._deaths)
        if not soon and self._closing.wait(pause):
            return
        with self._changed:
            if child is not self._child or self._closing.is_set():
                return
            try:
                if soon:
                    raise StoreUnavailable(f"It ended {RESTARTS} times within {RESTART_WINDOW_SECONDS:.0f} s.")
                self._launch(self._ports)
                self._restarts += 1
                log.warning("%s It was started again.", self._reason)
            except (StoreUnavailable, OSError) as error:
                self._give_up(str(error))

    def _give_up(self, why: str) -> None:
        self._reason = f"{self._reason} {why} It stays down until `studiolo down` and `studiolo up`."
        self._child, self._failed = None, True
        self._changed.notify_all()
        log.error("%s", self._reason)
        self._processes.forget(NAME)

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


def remove_traces(folder: Path) -> None:
    """Remove what a store of this data folder that has ended left outside of it."""
    with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        weed.remove_sockets(_kept_ports(folder / NAME))


def _kept_ports(folder: Path) -> Ports:
    return Ports.of(json.loads((folder / "ports.json").read_text()))


def _last_words(child: Child, status: int | None) -> str:
    """Why the store ended: its status, and the last line of its log where that tells more."""
    how = "ended" if status is None else f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
    reason = f"The object store (pid {child.pid}) {how}."
    try:
        with child.log.open("rb") as log:
            log.seek(max(0, child.log.stat().st_size - 4096))
            lines = log.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return reason
    return (
        f'{reason} Its log {child.log} ends: "{lines[-1].strip()}".' if lines and status not in (None, -9) else reason
    )
