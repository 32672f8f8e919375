"""The house: every domain of a running server, built from the ground up, each adopting what a crashed server left."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Protocol

from studiolo.app import SERVICES, App
from studiolo.aws.models import description
from studiolo.catalog import Catalog
from studiolo.clusters import Clusters
from studiolo.clusters.admission import Admission
from studiolo.clusters.roles import ClusterRoles
from studiolo.clusters.sessions import ClusterSessions
from studiolo.config import Settings
from studiolo.console.app import FindKey, console
from studiolo.console.panels import panels
from studiolo.console.people import Key, People
from studiolo.domain import now
from studiolo.door import DoorProcess, Passage
from studiolo.engine import Engine
from studiolo.events import Events, Noting
from studiolo.features import FeatureStore
from studiolo.function_site import FunctionSite
from studiolo.functions import Trusting, functions_of
from studiolo.governance import GovernedCatalog, Lake, Vending, Views
from studiolo.governance.auditing import Audit
from studiolo.governance.makers import Makers
from studiolo.governance.store_client import StoreClient
from studiolo.governance.sweeping import Sweeper
from studiolo.governance.view_files import ViewFiles
from studiolo.health import PartHealth, own_pages
from studiolo.iceberg import IcebergTables
from studiolo.identity import Identity, root_key
from studiolo.inside import Inside
from studiolo.listening import Listening
from studiolo.livy import Livy
from studiolo.livy_door import ClusterLivy, LivyDoors, LivyEndpoint, Rest
from studiolo.logs import Logs
from studiolo.logs.buckets import Buckets
from studiolo.metastore import Metastore
from studiolo.metrics import Metrics
from studiolo.ml import MachineLearning
from studiolo.ml.processing.spark import SparkImages
from studiolo.mlflow import Addresses as MlflowAddresses
from studiolo.mlflow import TrackingServers
from studiolo.mlflow_door import MlflowSite, Passing, SignedMlflow
from studiolo.objects import Objects
from studiolo.pipelines import Pipelines
from studiolo.processes import Processes, end_unrecorded
from studiolo.products import Products
from studiolo.queues import Queues
from studiolo.recorded import Recorder
from studiolo.runtimes import Runtimes
from studiolo.scaling import Scaling
from studiolo.scaling.variants import scalable
from studiolo.scheduler import Scheduler
from studiolo.serverless import Serverless
from studiolo.services.call import Studio
from studiolo.sessions import Sessions, SystemLog
from studiolo.signin import SignIns
from studiolo.signing_in import SigningIn, console_address
from studiolo.sites import Sites
from studiolo.spark_site import SparkSite
from studiolo.sparkui import EventLogs, Pages
from studiolo.sparkui.history import History
from studiolo.sparkui.links import Links, port_of
from studiolo.stacks import Stacks
from studiolo.stacks.sets import StackSets
from studiolo.state import State
from studiolo.storage import Storage
from studiolo.studio import Addresses, Domains
from studiolo.studio_site import KEY, NOTEBOOK, STUDIO, StudioSite
from studiolo.topic_site import topic_routes
from studiolo.topics import Topics
from studiolo.why import Why, WhyData

log = logging.getLogger("studiolo")


class Closing(Protocol):
    """What has processes or threads to be ended."""

    def close(self) -> None: ...


class House:
    """The domains of one data folder, started. `cleanup` ends them, the last that were built first."""

    def __init__(self, settings: Settings, listening: Listening, cleanup: ExitStack) -> None:
        self._settings = settings
        self._listening = listening
        self._endpoint = listening.endpoint
        self._cleanup = cleanup
        self._started: list[Closing] = []
        self._lay_ground()
        self._keep_objects()
        self._run_engines()
        self._run_jobs()
        self._open_studio()
        self.storage.ready()
        self.door.ready()

    def _lay_ground(self) -> None:
        """The database, and what needs nothing else."""
        settings, folder = self._settings, self._settings.folder
        if settings.database_url is None and not _has_content(folder / "state.db"):
            # They hold what was the database before, and would keep the new one from being opened.
            _end_unknown(folder)
        self.state = state = State(settings.database)
        self._cleanup.callback(state.close)
        state.note = Noting(now)
        self.root = root_key(folder)
        self.processes = Processes(state, folder)
        self.identity = Identity(state, self.root, settings.account_id, now, partition=settings.partition)
        self.catalog = Catalog(state, now)
        self.lake = Lake(state, self.catalog, self.identity, now, strict=settings.lake_strict)
        self.views = Views(state, self.catalog, self.lake, self.root.secret.encode(), now)
        self.governed = GovernedCatalog(state, now, self.catalog, self.lake, self.views)
        self.logs = Logs(state, folder / "log-events", now)
        audit = Audit(self.logs, now)
        audit.start()
        self.lake.note_by(audit.note)
        self._started.append(audit)
        self.metrics = Metrics(state, now)
        self.metrics.start()
        if state.fresh:
            _end_unknown(folder)
        self._cleanup.callback(_close_together, self._started)
        self._listening.keep(self.processes)
        self._started.extend((self._listening, self.metrics))

    def _keep_objects(self) -> None:
        """The object store, the door to it, and who reads and writes there for others."""
        settings, state, catalog = self._settings, self.state, self.catalog
        self.storage = storage = Storage(settings, self.processes)
        storage.start()
        self.door = DoorProcess(settings, self.processes, storage)
        self.door.start()
        client = StoreClient(storage.access, ours=not storage.external)
        files = ViewFiles(state, catalog, self.lake, client, Makers(settings.folder / "governed-views"), now)
        self.views.prepare = files.prepare
        sweeper = Sweeper(state, catalog, self.lake, self.views, files)
        sweeper.start()
        self.objects = Objects(self.identity, self.door.endpoint, settings.region)
        self.logs.start(Buckets(self.identity, self.objects))
        self._cleanup.callback(self.logs.close)
        self.metastore = Metastore(self.governed, storage, self.identity, self.objects, settings)
        self.metastore.start()
        self._started.extend((storage, self.door, sweeper, self.metastore))

    def _run_engines(self) -> None:
        """Sessions of Spark, by whatever API they are asked for."""
        self.runtimes = runtimes = Runtimes(self._settings)
        self.spark_pages = Pages(
            Links(self.root.secret, port_of(self._endpoint), now),
            EventLogs(self._settings.folder),
            History(self.processes, runtimes, self._settings.folder),
        )
        self.spark_pages.start()
        self._started.append(self.spark_pages)
        self.engine = engine = Engine(
            self.state,
            self.processes,
            runtimes,
            self.identity,
            self.objects,
            self.logs,
            self.storage,
            self.metastore,
            self.spark_pages,
            self._settings,
            self._endpoint,
            self.door.endpoint,
            now,
        )
        system_log = SystemLog(self.logs, self._endpoint, self.root.secret, now)
        self.sessions = Sessions(engine, runtimes, self.identity, system_log)
        self.livy = livy = Livy(engine, self.state, runtimes, now)
        self.serverless = Serverless(engine, livy, self.state, self.identity, self.objects, runtimes, now)
        self.cluster_sessions = ClusterSessions(engine, runtimes)
        engine.start()
        self._started.append(engine)
        self.rest = Rest(livy, self.state.changes)
        self.admission = Admission(self.identity, lambda identifier: self.clusters.find(identifier))
        self.cluster_roles = ClusterRoles(self.identity, lambda identifier: self.clusters.find(identifier), now)
        doors = LivyDoors(self.rest, livy.place, self.admission, self.cluster_roles)
        livy.start(doors)
        self._cleanup.callback(doors.close_all)
        self._cleanup.callback(livy.close)
        self.serverless.start()

    def _run_jobs(self) -> None:
        """What ends before the others: what it leaves goes by the door to the store."""
        settings, state, identity, door = self._settings, self.state, self.identity, self.door.endpoint
        self.ml = MachineLearning(
            state,
            self.processes,
            identity,
            self.logs,
            self.metrics,
            self.objects,
            SparkImages(self.runtimes, self.engine.launches),
            settings,
            self._endpoint,
            door,
            now,
        )
        self.ml.start()
        hosts = frozenset({settings.host, *settings.host_names})
        self.stacks = Stacks(state, identity, self.objects, hosts, now, self._endpoint)
        self.stack_sets = StackSets(state, identity, self.stacks, now)
        self.products = Products(state, identity, self.stacks, self.ml.tags, now)
        self.pipelines = Pipelines(state, identity, self.objects, self.ml.tags, now)
        self.scheduler = Scheduler(state, identity, now)
        self.scaling = Scaling(state, self.metrics, scalable(self.ml.endpoints, self.ml.components), now)
        self.scaling.start()
        self.functions = functions_of(
            state, self.processes, identity, self.logs, self.objects, settings.folder, self._endpoint, door, now
        )
        self._started.extend((self.ml, self.stacks, self.scaling, self.functions))
        self._cleanup.callback(self.ml.stop_jobs)
        self._cleanup.callback(self.stack_sets.close)
        self._cleanup.callback(self.pipelines.close)
        self._cleanup.callback(self.scheduler.close)
        self.iceberg = IcebergTables(self.governed, self.lake, self.storage, identity, now)
        self.features = FeatureStore(state, identity, self.ml.tags, self.objects, self.governed, self.iceberg, now)
        self.features.start()
        self._cleanup.callback(self.features.close)
        self._cleanup.callback(self.engine.submissions.close)
        self._cleanup.callback(self.serverless.close)
        self.clusters = Clusters(
            state,
            self.processes,
            self.runtimes,
            identity,
            self.metastore,
            settings,
            self._endpoint,
            door,
            ClusterLivy(self.livy),
            self.admission,
            self.cluster_roles,
            self.cluster_sessions,
            self.spark_pages,
            now,
        )
        self._cleanup.callback(self.clusters.close)
        self.clusters.start()
        trusting = Trusting(self.functions, identity)
        self.queues = Queues(state, identity, self.metrics, self._endpoint, now)
        self.queues.start()
        self._cleanup.callback(self.queues.close)
        self.topics = Topics(state, identity, trusting, self.queues, self.metrics, settings.folder, self._endpoint, now)
        self._cleanup.callback(self.topics.close)
        self.metrics.alarms.acts("sns", self.topics.act)
        self.topics.start()
        self.events = Events(state, identity, trusting, self.topics, self.queues, self.logs, self.metrics, now)
        self._cleanup.callback(self.events.close)

    def _open_studio(self) -> None:
        """What people open in a browser."""
        self.sign_ins = SignIns(self.state, now)
        self.domains = Domains(
            self.state,
            self.processes,
            self.identity,
            self.ml.tags,
            self.sign_ins,
            self.logs,
            self._settings.folder,
            Addresses(self._endpoint, self.door.endpoint),
            now,
        )
        self.domains.start()
        self._started.append(self.domains)
        self.mlflow = TrackingServers(
            self.state,
            self.processes,
            self.identity,
            self.ml.tags,
            self.sign_ins,
            self._settings.folder / "mlflow",
            MlflowAddresses(self._endpoint, self.door.endpoint),
            now,
        )
        self.mlflow.start()
        self._started.append(self.mlflow)

    def app(self) -> App:
        """The app that answers every request."""
        settings, identity = self._settings, self.identity
        parts: dict[str, Callable[[], PartHealth]] = {
            "object-store": self.storage.health,
            "s3-door": lambda: self.door.state,
            "metastore": self.metastore.health,
        }
        signing_in = SigningIn(identity, self.sign_ins, console_address(self._endpoint), now)
        pages = own_pages(
            sorted([*SERVICES, "s3"]),
            self.processes,
            self.metastore.home,
            parts,
            self.sessions.system_log.lines,
            self._reset if settings.allow_reset else None,
            Why(identity, now),
            WhyData(identity, self.catalog, self.lake, self.views, now),
            signing_in,
            self.stacks.requests.answer,
            self.admission.answer,
            topic_routes(self.topics),
        )
        keys = _keys(signing_in)
        prices = settings.folder / "prices.json"
        people = People(self._endpoint, self.door.endpoint, description)
        of_keys = console(self.sign_ins, keys, people, settings.region, prices)
        beside = panels(self.sign_ins, keys, people, KEY, prices)
        passing = Passing()
        sites = Sites(
            of_keys,
            StudioSite({STUDIO: self.domains.opening, NOTEBOOK: self.domains.opening_notebooks}, beside),
            SparkSite(self.spark_pages),
            MlflowSite(self.mlflow.opening, passing),
            FunctionSite(self.functions, identity),
        )
        studio = self._studio()
        self.functions.start(Inside(SERVICES, studio, self.objects, "lambda.amazonaws.com"))
        self.stacks.start(Inside(SERVICES, studio, self.objects, "cloudformation.amazonaws.com"))
        self.stack_sets.start(Inside(SERVICES, studio, self.objects, "cloudformation.amazonaws.com"))
        self.products.start(Inside(SERVICES, studio, self.objects, "servicecatalog.amazonaws.com"))
        self.pipelines.start(Inside(SERVICES, studio, self.objects, "sagemaker.amazonaws.com"))
        self.scheduler.start(Inside(SERVICES, studio, self.objects, "scheduler.amazonaws.com"))
        self.ml.async_invocations.serve(Inside(SERVICES, studio, self.objects, "sagemaker.amazonaws.com"))
        self.events.start(Inside(SERVICES, studio, self.objects, "events.amazonaws.com"))
        signed = LivyEndpoint(self.rest, self.serverless, identity)
        passage = Passage(self.door.endpoint)
        mlflow = SignedMlflow(self.mlflow, identity, self.ml.tags, passing)
        return App(studio, self.state.changes, passage, pages, sites, signed, mlflow, settings.max_body_mib)

    def _studio(self) -> Studio:
        return Studio(
            identity=self.identity,
            catalog=self.catalog,
            governed=self.governed,
            lake=self.lake,
            vending=Vending(self.catalog, self.lake, self.identity),
            iceberg=self.iceberg,
            logs=self.logs,
            metrics=self.metrics,
            sessions=self.sessions,
            clusters=self.clusters,
            stacks=self.stacks,
            stack_sets=self.stack_sets,
            recorder=Recorder(self.state, now),
            domains=self.domains,
            ml=self.ml,
            features=self.features,
            serverless=self.serverless,
            scaling=self.scaling,
            functions=self.functions,
            products=self.products,
            pipelines=self.pipelines,
            mlflow=self.mlflow,
            scheduler=self.scheduler,
            events=self.events,
            topics=self.topics,
            queues=self.queues,
        )

    def _reset(self) -> None:
        """Forget everything but who one is."""
        for domain in (
            self.domains,
            self.mlflow,
            self.engine,
            self.livy,
            self.spark_pages,
            self.serverless,
            self.pipelines,
            self.ml,
            self.clusters,
            self.functions,
            self.storage,
            self.metastore,
            self.logs,
            self.identity,
        ):
            domain.empty()
        self.state.empty()


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
