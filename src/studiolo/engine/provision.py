"""How a session comes by its kernel: a warm one where one fits, else one started for it."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from uv import find_uv_bin

from studiolo.domain import Conflict, DomainError, Scope
from studiolo.engine.elsewhere import worker_variables
from studiolo.engine.kernels import Kernels, OnEnd
from studiolo.engine.materials import Material, Materials, Stopped
from studiolo.engine.model import Key, Session, Wanted
from studiolo.engine.plan import CATALOG, METASTORE, WAREHOUSE, Plan, Plans
from studiolo.engine.pool import Pool
from studiolo.engine.sail import in_data_catalog, on_path, sail_environment
from studiolo.engine.store import Store
from studiolo.identity import Identity, client_environment
from studiolo.logs import Logs, LogWriter
from studiolo.metastore import Metastore
from studiolo.runtimes import Runtimes
from studiolo.state import StateUnavailable


class Words(Protocol):
    """What the engine must know of a service whose sessions it runs."""

    service: str

    def wanted(self, session: Session) -> Wanted:
        """What was asked for, in the engine's words: the same whenever it is asked."""


@dataclass(frozen=True)
class Surroundings:
    """What is around everything that runs Spark for somebody: runtimes, roles, logs, the catalog, this server."""

    plans: Plans
    runtimes: Runtimes
    identity: Identity
    logs: Logs
    metastore: Metastore
    endpoint: str
    s3_endpoint: str

    def plan(self, wanted: Wanted, conf: Mapping[str, str]) -> Plan:
        """The plan of a kernel for it, with these settings. Raises Invalid."""
        return self.plans.plan(wanted.release.runtime, wanted.size, conf, wanted.formats, wanted.master)

    def make_runtime(self, wanted: Wanted, scope: Scope, stopped: Stopped) -> None:
        """Make the release's runtime where it is not there yet, and tell the log of both.

        Raises EnvironmentUnavailable.
        """
        with self.error_log(wanted, scope) as log:
            say = (lambda _: None) if log is None else log.write
            self.runtimes.make(wanted.release.runtime, lambda line: say(f"{line}\n"), stopped)
            say(f"{wanted.release.notice}\n")

    @contextlib.contextmanager
    def error_log(self, wanted: Wanted, scope: Scope) -> Iterator[LogWriter | None]:
        """The end of the stream that Spark's own log goes to, if there is one."""
        if wanted.streams is None:
            yield None
            return
        with LogWriter(self.logs.writer_file(scope, *wanted.streams.error)) as log:
            yield log

    def catalog(self, scope: Scope, wanted: Wanted) -> dict[str, str]:
        """The settings that lead Spark to the Data Catalog of the account and region, unless it has its own."""
        conf = wanted.conf
        if wanted.engine == "sail" or conf.get(CATALOG, "hive") != "hive" or METASTORE in conf:
            return {}
        ours = {METASTORE: self.metastore.uri(scope), WAREHOUSE: self.metastore.warehouse(scope)}
        return {name: value for name, value in ours.items() if name not in conf}

    def logged(self, kernels: Kernels, scope: Scope, wanted: Wanted, kernel: str) -> dict[str, str | None]:
        """The files that the kernel writes the log streams to."""
        streams = wanted.streams
        if streams is None:
            return {"output": None, "error": None}
        return {
            name: str(kernels.log_file(kernel, name, self.logs.writer_file(scope, *place)))
            for name, place in (("output", streams.output), ("error", streams.error))
        }

    def client_environment(self, kernels: Kernels, scope: Scope, kernel: str) -> dict[str, str]:
        """The variables that let AWS clients in the kernel reach this server as its role."""
        return client_environment(self.endpoint, self.s3_endpoint, scope.region, kernels.credentials(kernel))


class Provision:
    """What runners need of the world."""

    def __init__(
        self,
        store: Store,
        kernels: Kernels,
        pool: Pool,
        materials: Materials,
        surroundings: Surroundings,
        take_kept: Callable[[Wanted], str | None],
        on_end: OnEnd,
    ) -> None:
        self._take_kept = take_kept
        self._materials = materials
        self.store = store
        self.kernels = kernels
        self._pool = pool
        self._around = surroundings
        self._on_end = on_end
        self.services: dict[str, Words] = {}

    def wanted(self, session: Session) -> Wanted:
        """What the session is to be. Raises what its service does."""
        return self.services[session.key.service].wanted(session)

    def check_materials(self, wanted: Wanted) -> None:
        """Raises Invalid, NotFound or Denied for modules or files that cannot be had."""
        self._materials.check(wanted.extras, wanted.role, wanted.release.runtime)

    def purge_materials(self) -> None:
        """Remove what sessions brought along that none that lives uses, and none has asked for in its time."""
        self._materials.purge(self.kernels.belongings.in_use())

    def plan(self, wanted: Wanted, conf: Mapping[str, str]) -> Plan:
        """The plan of a kernel for it, with these settings. Raises Invalid."""
        return self._around.plan(wanted, conf)

    def note(self, session: Session, event: str) -> None:
        """Add what became of the session to its log. A full disk keeps nothing of it."""
        with (
            contextlib.suppress(OSError, StateUnavailable, DomainError),
            self._around.error_log(self.wanted(session), session.key.scope) as log,
        ):
            if log is not None:
                log.write(f"Session {session.key.id}: {event}\n")

    def kernel_for(self, key: Key, stopped: Stopped) -> str:
        """A kernel for the session: a warm one if it differs in nothing but what can be changed while Spark runs."""
        session = self.store.session(key)
        wanted = self.wanted(session)
        self._around.make_runtime(wanted, key.scope, stopped)
        material = self._bring(wanted, stopped)
        kernel = self._ready(wanted) if material.can_come_late else None
        if kernel is not None and self.kernels.alive(kernel):
            self.kernels.belongings.lay_out(kernel, material)
            self._give(key, wanted, kernel)
            return kernel
        return self._start(key, wanted, material)

    def _ready(self, wanted: Wanted) -> str | None:
        """A kernel that was started before anybody asked, and fits; it is the caller's now."""
        if wanted.kept_by is not None:
            return self._take_kept(wanted)
        settings = all(name.startswith("spark.sql.") for name in _conf(wanted))
        return self._pool.take(self.plan(wanted, {})) if settings and not wanted.connect else None

    def _bring(self, wanted: Wanted, stopped: Stopped) -> Material:
        return self._materials.bring(wanted.extras, wanted.role, wanted.release.runtime, stopped)

    def instead_of(self, key: Key, unfit: str, stopped: Stopped) -> str:
        """A kernel started for the session, after a warm one turned out not to fit, which goes back unchanged."""
        wanted = self.wanted(self.store.session(key))
        kernel = self._start(key, wanted, self._bring(wanted, stopped))
        self._around.identity.workloads.free(unfit)
        self._pool.give_back(unfit, self.plan(wanted, {}))
        return kernel

    def _start(self, key: Key, wanted: Wanted, material: Material) -> str:
        kernel = self.kernels.new()
        client = self._client_environment(key, kernel)
        sail = wanted.engine == "sail"
        material = self.kernels.belongings.lay_out(kernel, on_path(material, client) if sail else material)
        self._give(key, wanted, kernel)
        plan = replace(self.plan(wanted, _with_jars(_conf(wanted), material)), connect=wanted.connect)
        if sail:
            plan = replace(plan, engine="sail", conf=self._sail_conf(key, wanted))
            client = sail_environment(wanted, client)
        aws = {name: value for name, value in client.items() if name.startswith(("AWS_", "SAIL_"))}
        self.kernels.start(kernel, plan, warm=False, on_end=self._on_end, aws=aws)
        return kernel

    def _sail_conf(self, key: Key, wanted: Wanted) -> dict[str, str]:
        """The setting that keeps tables of databases without a location out of the session's own folder."""
        if not in_data_catalog(wanted):
            return {}
        self._around.metastore.prepare(key.scope)
        return {WAREHOUSE: self._around.metastore.warehouse(key.scope)}

    def _give(self, key: Key, wanted: Wanted, kernel: str) -> None:
        self._around.identity.workloads.give(kernel, wanted.role, wanted.acts_as[:64])
        if not self.store.give_kernel(key, kernel):
            raise Conflict("The session was stopped before it had a kernel.")

    def late_conf(self, key: Key, kernel: str) -> Mapping[str, str]:
        """The settings asked for that the kernel was not started with."""
        return _conf(self.wanted(self.store.session(key))) if self.kernels.is_warm(kernel) else {}

    def claim(self, key: Key, conf: Mapping[str, str]) -> dict[str, Any]:
        """What makes a kernel this session's: credentials, arguments, catalog, logs, and settings to be changed."""
        session = self.store.session(key)
        wanted = self.wanted(session)
        assert session.kernel is not None
        environment = {**self._client_environment(key, session.kernel), **wanted.environment}
        path, py_files = self.kernels.belongings.laid_out(session.kernel)
        environment["PYTHONPATH"] = os.pathsep.join([*path, environment["PYTHONPATH"]])
        plan = self.plan(wanted, {})
        return {
            "environment": environment,
            "workers": environment if plan.local else worker_variables(environment, plan.keys),
            # A process that runs does not look at PYTHONPATH any more.
            "path": environment["PYTHONPATH"].split(os.pathsep),
            "py_files": py_files,
            "arguments": list(wanted.arguments),
            # By which its code installs packages for itself, where the service has it.
            "installer": find_uv_bin() if wanted.release.service == "EMR" else None,
            "conf": conf,
            # They come with the claim, so that a kernel kept ready fits every region. Sail has found it when it started.
            "catalog": self._around.catalog(key.scope, wanted),
            **self._around.logged(self.kernels, key.scope, wanted, session.kernel),
        }

    def _client_environment(self, key: Key, kernel: str) -> dict[str, str]:
        """The variables that let AWS clients in the kernel reach this server as the session's role."""
        return self._around.client_environment(self.kernels, key.scope, kernel)


def full_plan(around: Surroundings, wanted: Wanted) -> Plan:
    """The plan of a kernel that is started with all the settings of its session. Raises Invalid."""
    return replace(around.plan(wanted, _conf(wanted)), connect=wanted.connect)


def _conf(wanted: Wanted) -> dict[str, str]:
    """The settings that differ from the runtime's: the release's, and those asked for, which win."""
    return {**wanted.release.conf, **wanted.conf}


def _with_jars(conf: Mapping[str, str], material: Material) -> Mapping[str, str]:
    if not material.jars:
        return conf
    return {**conf, "spark.jars": ",".join([*map(str, material.jars), *filter(None, [conf.get("spark.jars")])])}
