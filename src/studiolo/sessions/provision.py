"""How a session comes by its kernel: a warm one where one fits, else one started for it."""

import os
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from studiolo.domain import Conflict, Invalid
from studiolo.identity import Identity, client_environment
from studiolo.logs import Logs, LogWriter
from studiolo.metastore import Metastore
from studiolo.runtimes import Release, Runtimes
from studiolo.sessions.arguments import (
    CATALOG,
    METASTORE,
    WAREHOUSE,
    check_kind,
    extras,
    on_sail,
    spark_conf,
    table_formats,
)
from studiolo.sessions.kernels import Kernels, OnEnd
from studiolo.sessions.materials import Material, Materials, Stopped
from studiolo.sessions.model import SessionRequest
from studiolo.sessions.plan import Plan, Plans
from studiolo.sessions.pool import Pool
from studiolo.sessions.sail import in_data_catalog, on_path, sail_environment
from studiolo.sessions.store import Key, Store
from studiolo.sessions.system_log import SystemLog
from studiolo.sessions.workers import settle, size, this_machine

LOG_GROUP = "/aws-glue/sessions"


class Provision:
    """What runners need of the world."""

    def __init__(
        self,
        store: Store,
        kernels: Kernels,
        plans: Plans,
        pool: Pool,
        runtimes: Runtimes,
        identity: Identity,
        logs: Logs,
        system_log: SystemLog,
        materials: Materials,
        metastore: Metastore,
        endpoint: str,
        s3_endpoint: str,
        on_end: OnEnd,
    ) -> None:
        self._materials = materials
        self.system_log = system_log
        self.store = store
        self.kernels = kernels
        self._plans = plans
        self._pool = pool
        self._runtimes = runtimes
        self._identity = identity
        self._logs = logs
        self._metastore = metastore
        self._endpoint = endpoint
        self._s3_endpoint = s3_endpoint
        self._on_end = on_end

    def settle(self, asked: SessionRequest) -> SessionRequest:
        """The request with its defaults. Raises Invalid for one that no kernel could be started for."""
        check_kind(asked)
        settled = settle(replace(asked, glue_version=asked.glue_version or self._runtimes.default_label()))
        release = self._release(settled)
        self.plan(settled, spark_conf(settled.arguments))
        if on_sail(settled.arguments) and not release.runtime.sail:
            raise Invalid(f"Sail is not available with Glue version {release.label}: leave out --spark-connect-engine.")
        extras(settled.arguments)
        return settled

    def check_materials(self, asked: SessionRequest) -> None:
        """Raises Invalid, NotFound or Denied for a notebook's request whose modules or files cannot be had.

        For those that say where they come from, which are notebooks: what CreateSession refuses they show, and
        nothing of the reason of a session that FAILED later.
        """
        if asked.origin is not None:
            self._materials.check(asked, self._release(asked).runtime)

    def purge_materials(self) -> None:
        """Remove what sessions brought along that none that lives uses, and none has asked for in its time."""
        self._materials.purge(self.kernels.belongings.in_use())

    def _release(self, asked: SessionRequest) -> Release:
        return self._runtimes.for_glue(asked.glue_version or self._runtimes.default_label())

    def _conf(self, asked: SessionRequest) -> dict[str, str]:
        """The settings that differ from the runtime's: the release's, and those asked for, which win."""
        return {**self._release(asked).conf, **spark_conf(asked.arguments)}

    def plan(self, asked: SessionRequest, conf: Mapping[str, str]) -> Plan:
        release, formats = self._release(asked), table_formats(asked.arguments)
        runtime, known = release.runtime, sorted(release.runtime.formats)
        if unknown := sorted(set(formats) - set(known)):
            raise Invalid(
                f"--datalake-formats {', '.join(unknown)} is not available with {release.service} version "
                f"{release.label} here; available are {', '.join(known)}."
            )
        return self._plans.plan(runtime, size(asked, this_machine()), conf, formats)

    def kernel_for(self, key: Key, stopped: Stopped) -> str:
        """A kernel for the session: a warm one if it differs in nothing but what can be changed while Spark runs."""
        asked = self.store.session(key).asked
        self._prepare(key, self._release(asked), stopped)
        material = self._materials.bring(asked, self._release(asked).runtime, stopped)
        settings = all(name.startswith("spark.sql.") for name in self._conf(asked))
        if asked.kind == "LIVY" and settings and material.can_come_late:
            kernel = self._pool.take(self.plan(asked, {}))
            if kernel is not None and self.kernels.alive(kernel):
                self.kernels.belongings.lay_out(kernel, material)
                self._give(key, kernel)
                return kernel
        return self._start(key, asked, material)

    def _prepare(self, key: Key, release: Release, stopped: Stopped) -> None:
        """Make the release's runtime where it is not there yet, and tell the session's log of both.

        Raises EnvironmentUnavailable.
        """
        with LogWriter(self._logs.writer_file(key.scope, f"{LOG_GROUP}/error", key.id)) as log:
            self._runtimes.make(release.runtime, lambda line: log.write(f"{line}\n"), stopped)
            log.write(f"{release.notice}\n")

    def instead_of(self, key: Key, unfit: str, stopped: Stopped) -> str:
        """A kernel started for the session, after a warm one turned out not to fit, which goes back unchanged."""
        asked = self.store.session(key).asked
        kernel = self._start(key, asked, self._materials.bring(asked, self._release(asked).runtime, stopped))
        self._identity.workloads.free(unfit)
        self._pool.give_back(unfit, self.plan(asked, {}))
        return kernel

    def _start(self, key: Key, asked: SessionRequest, material: Material) -> str:
        kernel = self.kernels.new()
        client = self._client_environment(key, kernel)
        sail = on_sail(asked.arguments)
        material = self.kernels.belongings.lay_out(kernel, on_path(material, client) if sail else material)
        self._give(key, kernel)
        plan = self.plan(asked, _with_jars(self._conf(asked), material))
        if asked.kind == "SPARK_CONNECT":
            plan = replace(plan, connect=True)
        if sail:
            plan = replace(plan, engine="sail", conf=self._sail_conf(key))
            client = sail_environment(asked, size(asked, this_machine()), client)
        aws = {name: value for name, value in client.items() if name.startswith(("AWS_", "SAIL_"))}
        self.kernels.start(kernel, plan, warm=False, on_end=self._on_end, aws=aws)
        return kernel

    def _sail_conf(self, key: Key) -> dict[str, str]:
        """The setting that keeps tables of databases without a location out of the session's own folder."""
        if not in_data_catalog(self.store.session(key).asked):
            return {}
        self._metastore.prepare(key.scope)
        return {WAREHOUSE: self._metastore.warehouse(key.scope)}

    def _give(self, key: Key, kernel: str) -> None:
        name = f"GlueInteractiveSession-{key.id}"[:64]
        self._identity.workloads.give(kernel, self.store.session(key).asked.role, name)
        if not self.store.give_kernel(key, kernel):
            raise Conflict("The session was stopped before it had a kernel.")

    def late_conf(self, key: Key, kernel: str) -> Mapping[str, str]:
        """The settings asked for that the kernel was not started with."""
        return self._conf(self.store.session(key).asked) if self.kernels.is_warm(kernel) else {}

    def _catalog(self, key: Key, arguments: Mapping[str, str]) -> dict[str, str]:
        """The settings that lead Spark to the Data Catalog of the session's account and region, unless it has its own.

        They come with the claim, so that a kernel kept ready fits every region. Sail has found it when it started.
        """
        conf = spark_conf(arguments)
        if on_sail(arguments) or conf.get(CATALOG, "hive") != "hive" or METASTORE in conf:
            return {}
        ours = {METASTORE: self._metastore.uri(key.scope), WAREHOUSE: self._metastore.warehouse(key.scope)}
        return {name: value for name, value in ours.items() if name not in conf}

    def claim(self, key: Key, conf: Mapping[str, str]) -> dict[str, Any]:
        """What makes a kernel this session's: credentials, arguments, catalog, logs, and settings to be changed."""
        session = self.store.session(key)
        assert session.kernel is not None
        environment = {**self._client_environment(key, session.kernel), "GLUE_SESSION_ID": key.id}
        path, py_files = self.kernels.belongings.laid_out(session.kernel)
        environment["PYTHONPATH"] = os.pathsep.join([*path, environment["PYTHONPATH"]])
        return {
            "environment": environment,
            # A process that runs does not look at PYTHONPATH any more.
            "path": environment["PYTHONPATH"].split(os.pathsep),
            "py_files": py_files,
            "arguments": [*chain.from_iterable({"--SESSION_ID": key.id, **session.asked.arguments}.items())],
            "conf": conf,
            "catalog": self._catalog(key, session.asked.arguments),
            "output": self._log(key, session.kernel, "output"),
            "error": self._log(key, session.kernel, "error"),
        }

    def _log(self, key: Key, kernel: str, name: str) -> str:
        """The file that the kernel writes the session's log stream of that name to."""
        stream = self._logs.writer_file(key.scope, f"{LOG_GROUP}/{name}", key.id)
        return str(self.kernels.log_file(kernel, name, stream))

    def _client_environment(self, key: Key, kernel: str) -> dict[str, str]:
        """The variables that let AWS clients in the kernel reach this server as the session's role."""
        credentials = self.kernels.credentials(kernel)
        return client_environment(self._endpoint, self._s3_endpoint, key.scope.region, credentials)


def _with_jars(conf: Mapping[str, str], material: Material) -> Mapping[str, str]:
    if not material.jars:
        return conf
    return {**conf, "spark.jars": ",".join([*map(str, material.jars), *filter(None, [conf.get("spark.jars")])])}
