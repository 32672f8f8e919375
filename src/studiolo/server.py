"""The process: opens the state, builds the Studio, serves the app, shuts down."""

import gc
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Protocol

from studiolo import __version__, http_server
from studiolo.app import SERVICES, App
from studiolo.catalog import Catalog
from studiolo.clusters import Clusters
from studiolo.config import Settings
from studiolo.console import FindKey, Key, console
from studiolo.domain import DomainError, now
from studiolo.door import DoorProcess, DoorUnavailable, Passage
from studiolo.engine import Engine
from studiolo.governance import GovernedCatalog, Lake, Vending, Views
from studiolo.governance.makers import Makers
from studiolo.governance.store_client import StoreClient
from studiolo.governance.sweeping import Sweeper
from studiolo.governance.view_files import ViewFiles
from studiolo.health import PartHealth, own_pages
from studiolo.iceberg import IcebergTables
from studiolo.identity import Identity, root_key
from studiolo.inside import Inside
from studiolo.instance import AlreadyRunning, Instance, Running
from studiolo.listening import Listening
from studiolo.livy import Livy
from studiolo.livy_door import ClusterLivy, LivyDoors, LivyEndpoint, Rest
from studiolo.logs import Logs
from studiolo.metastore import Metastore
from studiolo.metrics import Metrics
from studiolo.ml import MachineLearning
from studiolo.objects import Objects
from studiolo.processes import Processes, end_unrecorded, isolation
from studiolo.recorded import Recorder
from studiolo.runtimes import JavaMissing, Runtimes
from studiolo.scaling import Scaling
from studiolo.scaling.variants import Variants
from studiolo.serverless import Serverless
from studiolo.services.call import Studio
from studiolo.sessions import Sessions, SystemLog
from studiolo.signin import SignIns
from studiolo.signing_in import SigningIn, console_address
from studiolo.sites import Sites
from studiolo.stacks import Stacks
from studiolo.state import State, StateUnavailable
from studiolo.storage import Storage, StoreUnavailable
from studiolo.studio import Addresses, Domains
from studiolo.studio_site import StudioSite
from studiolo.why import Why

log = logging.getLogger("studiolo")

DAY = 24 * 60 * 60
LOOPBACK = ("127.", "localhost", "::1")


class Closing(Protocol):
    """What has processes or threads to be ended."""

    def close(self) -> None: ...


class CannotStart(Exception):
    """Why the server does not start, in one sentence."""


def serve(settings: Settings) -> None:
    """Run the server until SIGTERM or SIGINT. Raises CannotStart with one sentence that says what is in the way."""
    began = time.monotonic()
    if not settings.host.startswith(LOOPBACK) and not settings.allow_remote:
        raise CannotStart(
            f"Studiolo listens on this machine only. To listen on {settings.host}, put TLS in front of it "
            "and set STUDIOLO_ALLOW_REMOTE=true."
        )
    if settings.s3_direct and settings.s3_endpoint is None:
        raise CannotStart("STUDIOLO_S3_DIRECT is for an S3 of your own: name it with STUDIOLO_S3_ENDPOINT.")
    try:
        with Instance(settings.folder) as instance, Listening(settings) as listening, ExitStack() as cleanup:
            log.info("Studiolo %s starts on %s", __version__, settings.folder)
            fence = isolation()
            log.log(logging.INFO if fence.kind == "fenced" else logging.WARNING, "%s", fence)
            app, door, metastore = build(settings, listening, cleanup)
            instance.announce(
                Running(os.getpid(), listening.endpoint, door.endpoint, metastore.home, __version__, time.time())
            )
            _spare_collector()
            log.info("answers at %s after %.1f s", listening.endpoint, time.monotonic() - began)

            def stopping() -> None:
                listening.end()
                app.stop()

            http_server.serve(app, [listening.socket], [settings.host, *settings.host_names], stopping)
            log.info("stops")
    except (AlreadyRunning, DomainError, StateUnavailable, StoreUnavailable, DoorUnavailable, JavaMissing) as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(
            f"Studiolo cannot start: {error.strerror or error} ({error.filename or settings.folder})."
        ) from error


def build(settings: Settings, listening: Listening, cleanup: ExitStack) -> tuple[App, DoorProcess, Metastore]:
    """Open the state and build the domains, each adopting what a crashed server left; `cleanup` ends them."""
    folder, endpoint = settings.folder, listening.endpoint
    if settings.database_url is None and not _has_content(folder / "state.db"):
        # They hold what was the database before, and would keep the new one from being opened.
        _end_unknown(folder)
    state = State(settings.database)
    cleanup.callback(state.close)
    root = root_key(folder)
    processes = Processes(state, folder)
    identity = Identity(state, root, settings.account_id, now)
    catalog = Catalog(state, now)
    lake = Lake(state, catalog, identity, now)
    views = Views(state, catalog, lake, root.secret.encode(), now)
    governed = GovernedCatalog(state, now, catalog, lake, views)
    logs = Logs(state, folder / "log-events", now)
    metrics = Metrics(state, now)
    metrics.start()
    if state.fresh:
        _end_unknown(folder)
    started: list[Closing] = []
    cleanup.callback(_close_together, started)
    listening.keep(processes)
    started.extend((listening, metrics))
    storage = Storage(settings, processes)
    storage.start()
    started.append(storage)
    door = DoorProcess(settings, processes, storage)
    door.start()
    started.append(door)
    client = StoreClient(storage.access, ours=not storage.external)
    files = ViewFiles(state, catalog, lake, client, Makers(folder / "governed-views"), now)
    sweeper = Sweeper(state, catalog, lake, views, files)
    sweeper.start()
    started.append(sweeper)
    objects = Objects(identity, door.endpoint, settings.region)
    threading.Thread(target=_keep_house, args=(logs,), name="housekeeping", daemon=True).start()
    metastore = Metastore(governed, storage, identity, objects, settings)
    metastore.start()
    started.append(metastore)
    runtimes = Runtimes(settings)
    engine = Engine(
        state, processes, runtimes, identity, objects, logs, storage, metastore, settings, endpoint, door.endpoint, now
    )
    sessions = Sessions(engine, runtimes, identity, SystemLog(logs, endpoint, root.secret, now))
    livy = Livy(engine, state, runtimes, now)
    serverless = Serverless(engine, livy, state, identity, objects, runtimes, now)
    engine.start()
    started.append(engine)
    rest = Rest(livy, state.changes)
    livy_doors = LivyDoors(rest, livy.place)
    livy.start(livy_doors)
    cleanup.callback(livy_doors.close_all)
    cleanup.callback(livy.close)
    serverless.start()
    ml = MachineLearning(state, processes, identity, logs, metrics, objects, settings, endpoint, door.endpoint, now)
    ml.start()
    started.append(ml)
    scaling = Scaling(state, metrics, Variants(ml.endpoints), now)
    scaling.start()
    started.append(scaling)
    stacks = Stacks(state, identity, objects, frozenset({settings.host, *settings.host_names}), now)
    started.append(stacks)
    # Before the others: what they leave of a model goes by the door to the store.
    cleanup.callback(ml.stop_jobs)
    cleanup.callback(engine.submissions.close)
    cleanup.callback(serverless.close)
    on_clusters = ClusterLivy(livy)
    clusters = Clusters(
        state, processes, runtimes, identity, metastore, settings, endpoint, door.endpoint, on_clusters, now
    )
    # As jobs do, their steps leave logs in the store.
    cleanup.callback(clusters.close)
    clusters.start()
    sign_ins = SignIns(state, now)
    domains = Domains(
        state,
        processes,
        identity,
        ml.tags,
        sign_ins,
        settings.folder / "studio",
        Addresses(endpoint, door.endpoint),
        now,
    )
    domains.start()
    started.append(domains)
    storage.ready()
    door.ready()

    def reset() -> None:
        for domain in (domains, engine, livy, serverless, ml, clusters, storage, metastore, logs, identity):
            domain.empty()
        state.empty()

    services = sorted([*SERVICES, "s3"])
    parts: dict[str, Callable[[], PartHealth]] = {
        "object-store": storage.health,
        "s3-door": lambda: door.state,
        "metastore": metastore.health,
    }
    emptying = reset if settings.allow_reset else None
    lines = sessions.system_log.lines
    signing_in = SigningIn(identity, sign_ins, console_address(endpoint), now)
    pages = own_pages(services, processes, metastore.home, parts, lines, emptying, Why(identity, now), signing_in)
    pages_of_keys = console(sign_ins, _keys(signing_in), endpoint, door.endpoint, settings.region)
    sites = Sites(pages_of_keys, StudioSite(domains.opening))
    studio = Studio(
        identity=identity,
        catalog=catalog,
        governed=governed,
        lake=lake,
        vending=Vending(catalog, lake, identity),
        iceberg=IcebergTables(governed, storage, identity, now),
        logs=logs,
        metrics=metrics,
        sessions=sessions,
        clusters=clusters,
        stacks=stacks,
        recorder=Recorder(state, now),
        domains=domains,
        ml=ml,
        serverless=serverless,
        scaling=scaling,
    )
    stacks.start(Inside(SERVICES, studio, objects, "cloudformation.amazonaws.com"))
    signed = LivyEndpoint(rest, serverless, identity)
    app = App(studio, state.changes, Passage(door.endpoint), pages, sites, signed, settings.max_body_mib)
    return app, door, metastore


def _keys(signing_in: SigningIn) -> FindKey:
    def find(identifier: str) -> tuple[Key, str, datetime | None] | None:
        known = signing_in.known(identifier)
        return known and (Key(known[0].id, known[0].secret, known[0].session_token), *known[1:])

    return find


def _has_content(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _end_unknown(folder: Path) -> None:
    # Not asked to end: then they would write what they know of the earlier database into the new one.
    if ended := end_unrecorded(folder, grace=0):
        log.warning("The database is new: %d processes that an earlier one knew of were ended.", ended)


def _close_together(started: Sequence[Closing]) -> None:
    """End all processes at once: those that use the store end as surely while it ends, and it takes the longest."""
    with ThreadPoolExecutor(max(1, len(started))) as pool:
        list(pool.map(lambda domain: domain.close(), started))


def _keep_house(logs: Logs) -> None:
    """Drop log events past their group's retention, once a day."""
    while True:
        try:
            logs.purge()
        except Exception:
            log.exception("log events past their retention could not be dropped")
        time.sleep(DAY)


def _spare_collector() -> None:
    """Keep Python's collector of cycles from walking over what stays for good, and from running amid every batch.

    A batch of a hundred partitions makes thousands of objects, none of them in a cycle: a third of its time went there.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def configure_logging() -> None:
    """Say what happens on stderr: a line an event, with its time."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    log.setLevel(logging.INFO)


def main() -> int:
    """Serve with the settings of the environment; what is in the way goes to stderr in one sentence."""
    configure_logging()
    try:
        serve(Settings())
    except CannotStart as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
