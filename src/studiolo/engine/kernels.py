"""The kernels' processes: what each is started with, where it lives, how it ended."""

import getpass
import json
import os
import re
import secrets
import signal
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from uv import find_uv_bin

from studiolo.config import Settings
from studiolo.domain import Conflict
from studiolo.engine import far
from studiolo.engine.belongings import Belongings
from studiolo.engine.drivers import driver_launch, executor_options
from studiolo.engine.elsewhere import PROOF_FILE, executor_variables
from studiolo.engine.formats import with_python, write_hudi_defaults
from studiolo.engine.plan import Plan
from studiolo.engine.preparation import font_lists, give_fonts
from studiolo.engine.site import KUBECONFIG
from studiolo.identity import Identity, container_variables
from studiolo.kernel.driver import SCALA_CLASSES
from studiolo.kernel.failure import telling
from studiolo.kernel.places import places as own_places
from studiolo.processes import (
    Child,
    Fence,
    Processes,
    child_environment,
    read_end,
    read_left,
    remove_left,
    socket_folder,
)
from studiolo.runtimes import Archives, Runtimes
from studiolo.sparkui import EVENTS, Left

LOG_TAIL = 1500
"""Characters of a kernel's log that the reason of its end quotes."""

LOG_SHOWN = 4 * 1024 * 1024
"""Bytes of a kernel's log that are shown."""

LEFT_LIMIT = 64 * 1024
"""Most bytes that are read of a note that a kernel leaves."""

SOCKET = "k"
ADDRESSES = "addresses.json"
"""Where a kernel's engine answers, once it is up."""

PAGES = re.compile(r"https?://")
"""How the URL of Spark's pages begins."""

PROOF = "workload"
"""File of a kernel's folder that holds its workload's token."""

WAITING = "waiting"
"""A file of a program that was started before anybody asked, once it waits for what it is to do."""
CLAIM = "claim.json"
"""What it is told then; `studiolo.kernel.submit` reads it."""

PROGRESS = "progress.json"
"""How far the statement is that runs; `studiolo.kernel.progress` writes it."""

OnEnd = Callable[[str, int | None], None]

EMPTY: Mapping[str, str] = MappingProxyType({})


class Kernels:
    """Starts, finds and ends the kernels of one data folder, or what else runs as they do.

    kind: what they are, `session` or `submission`: each has a folder of its own under `sessions/` or `submissions/`.
    program: the module that is run, which finds in its folder what it is to do.
    """

    def __init__(
        self,
        processes: Processes,
        runtimes: Runtimes,
        identity: Identity,
        settings: Settings,
        s3_endpoint: str,
        archives: Archives,
        kind: str = "session",
        program: str = "studiolo.kernel",
    ) -> None:
        self._kind = kind
        self._program = program
        self._processes = processes
        self._runtimes = runtimes
        self._identity = identity
        self._settings = settings
        self._s3_endpoint = s3_endpoint
        self._root = settings.folder / f"{kind}s"
        self._archives = archives
        self.belongings = Belongings(settings.folder, self._root)

    def _name(self, kernel: str) -> str:
        return f"{self._kind}-{kernel}"

    def new(self) -> str:
        """A name for a kernel to be started, which is a workload of that name from now on."""
        kernel = uuid.uuid4().hex
        self._identity.workloads.add(kernel)
        return kernel

    def credentials(self, kernel: str) -> dict[str, str]:
        """The variables by which AWS clients in the kernel find its role's keys, once it has a role."""
        workload = self._identity.workloads.find(kernel)
        if workload is None:
            return {}
        # Rust's object_store, by which deltalake reads and writes, takes the token from a file alone; older SDKs from
        # the variable alone, such as the one that S3A has.
        file = {PROOF_FILE: str(self.folder(kernel) / PROOF)}
        return {**container_variables(self._s3_endpoint, workload.token), **file}

    def folder(self, kernel: str) -> Path:
        """The kernel's folder; its `journal` stays until the session is deleted."""
        return self._root / kernel

    def start(
        self,
        kernel: str,
        plan: Plan,
        *,
        warm: bool,
        on_end: OnEnd,
        aws: Mapping[str, str] = EMPTY,
        told: Mapping[str, Any] = EMPTY,
    ) -> None:
        """Start a kernel; `on_end(kernel, exit status)` is called from a thread when it ends.

        A warm one runs a first small job before it answers. `aws` are the variables by which AWS clients in its engine,
        such as Iceberg's, find this server, and those of Sail. told: what its program is to know beside all that.
        Raises JarsUnavailable and OSError.
        """
        folder = self.folder(kernel)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("journal", EVENTS, "work", "tmp", "warehouse"):
            (folder / name).mkdir(exist_ok=True, mode=0o700)
        give_fonts(folder / "tmp" / "matplotlib", font_lists(plan.runtime.python, self._runtimes.packages))
        sockets = socket_folder(folder, f"{SOCKET}-00")
        launch = folder / "launch.json"
        launch.touch(0o600)
        self._write_token(kernel)
        aws = {**self.credentials(kernel), **aws}
        archive = () if plan.engine == "sail" else self._archives.find(plan.runtime)
        settings = {
            "engine": plan.engine,
            **({"conf": plan.conf} if plan.engine == "sail" else self._spark(folder, plan, archive, aws)),
            "warm": warm,
            "connect": secrets.token_urlsafe(32) if plan.connect else None,
            "sockets": str(sockets / SOCKET),
            **told,
        }
        launch.write_text(json.dumps(settings))
        hudi = write_hudi_defaults(folder) if "hudi" in plan.formats else {}
        child = self._processes.start(
            self._name(kernel),
            self._kind,
            [str(plan.runtime.python), "-m", self._program, str(folder)],
            environment=child_environment({**self._environment(kernel, plan), **hudi, **aws}),
            folder=folder / "work",
            details={
                "kernel": kernel,
                "fingerprint": plan.fingerprint,
                # What serves Spark Connect ahead has all the settings of its session, and is no other's.
                "warm": warm and not plan.connect,
                "sockets": str(sockets),
            },
            fence=self._fence(folder, plan, sockets, archive),
        )
        self._watch(child, on_end)

    def claim(self, kernel: str, plan: Plan, told: Mapping[str, Any]) -> None:
        """Tell a program that waits what it is to do, by these settings. Raises JarsUnavailable."""
        folder = self.folder(kernel)
        settings = self._spark(folder, plan, (), EMPTY)
        part = folder / f"{CLAIM}.part"
        part.touch(0o600)
        part.write_text(json.dumps({"conf": settings["conf"], **told}))
        part.rename(folder / CLAIM)
        self.interrupt(kernel)

    def is_up(self, kernel: str) -> bool:
        """Whether one that was started before anybody asked is ready to be had."""
        return any((self.folder(kernel) / name).exists() for name in (WAITING, ADDRESSES))

    def has_begun(self, program: str) -> bool:
        """Whether a program has begun with what it is to do, rather than waits for that, or starts."""
        return (self.folder(program) / ADDRESSES).exists()

    def _write_token(self, kernel: str) -> None:
        workload = self._identity.workloads.find(kernel)
        if workload is not None:
            file = self.folder(kernel) / PROOF
            file.touch(0o600)
            file.write_text(workload.token)

    def _fence(self, folder: Path, plan: Plan, sockets: Path, archive: Sequence[Path]) -> Fence:
        """What a kernel sees of the machine. Packages come from an index, for everybody: all sessions see them."""
        data = self._settings.folder
        # They must be there to be shown, also to a kernel that is claimed when there is something in them.
        (data / "overlays").mkdir(exist_ok=True)
        programs = (*plan.runtime.seen, plan.runtime.spark_home, *archive, Path(find_uv_bin()))
        seen = (*programs, self._runtimes.packages, data / "jars", data / "overlays", *self._site(plan))
        return Fence(folder, seen=seen, at={} if sockets == folder else {str(sockets): sockets})

    def addresses(self, kernel: str) -> Mapping[str, Any]:
        """Where the kernel's engine answers: `ui`, a URL that opens its pages, `connect`, a port, or None; a token; the
        id of its Spark `application`.

        Raises Conflict where code in the kernel has put something else into its place.
        """
        try:
            found, launch = self._left(kernel, ADDRESSES), self._left(kernel, "launch.json")
            ui, port, token, application = found["ui"], found["connect"], launch["connect"], found.get("application")
            texts = isinstance(token, str | None) and isinstance(application, str | None)
            if texts and (ui is None or PAGES.match(ui)) and isinstance(port, int | None):
                return {"ui": ui, "connect": port, "token": token, "application": application}
        except (FileNotFoundError, ValueError, LookupError, TypeError, RecursionError):
            pass
        raise Conflict("The session's code has changed or removed what the session's kernel says of its addresses.")

    def event_logs(self, kernel: str) -> Left:
        """Where Spark's event logs of the kernel are, also when it has ended."""
        return Left(self.folder(kernel), EVENTS)

    def connection(self, kernel: str) -> Mapping[str, Any] | None:
        """How the kernel is reached; None while the kernel has not (wholly) written it."""
        try:
            connection = self._left(kernel, "connection.json")
        except (FileNotFoundError, ValueError):
            return None
        child = self._processes.find(self._name(kernel))
        return None if child is None else {**connection, "ip": f"{child.details['sockets']}/{SOCKET}"}

    def progress(self, kernel: str, message: str) -> float:
        """How far the statement that was sent as that message is, from 0 to 1, as far as its kernel has said."""
        try:
            found = self._left(kernel, PROGRESS)
            reached = float(found["progress"])
            return reached if found["statement"] == message and 0.0 <= reached <= 1.0 else 0.0
        except (FileNotFoundError, ValueError, LookupError, TypeError, RecursionError):
            return 0.0

    def _left(self, kernel: str, name: str) -> dict[str, Any]:
        """What the kernel's process has written. Raises FileNotFoundError, ValueError."""
        found: dict[str, Any] = json.loads(read_left(self.folder(kernel), name, LEFT_LIMIT))
        return found

    def log_file(self, kernel: str, name: str, stream: Path) -> Path:
        """A file in the kernel's folder that is the log stream's file: all that the kernel sees of the log groups."""
        stream.touch(0o600)
        file, link = self.folder(kernel) / f"{name}.jsonl", self.folder(kernel) / uuid.uuid4().hex
        os.link(stream, link)
        link.rename(file)
        link.unlink(missing_ok=True)  # it stays where both were the same file already
        return file

    def _spark(self, folder: Path, plan: Plan, archive: Sequence[Path], aws: Mapping[str, str]) -> dict[str, Any]:
        """Spark's settings, and how the JVM of its driver is started."""
        beyond = plan.on_yarn or plan.keys is not None
        found = self._runtimes.jars(plan.runtime, connect=plan.connect, formats=plan.formats, beyond=beyond)
        jars = [str(jar) for jar in found]
        conf = {**plan.conf, **self._places(folder, plan, jars), **_for_executors(plan, archive, aws)}
        # Executors elsewhere get them by a setting. The driver cannot: it fetches what it is to run from S3 before.
        driver = driver_launch(plan.runtime, plan.conf, jars, archive)
        if plan.on_yarn:
            driver["user"] = getpass.getuser()
        return {"conf": conf, "driver": driver}

    def _places(self, folder: Path, plan: Plan, jars: list[str]) -> dict[str, str]:
        """The settings that are of this kernel alone: where it keeps its files, and what executors find its jars by."""
        places = {
            "spark.eventLog.enabled": plan.conf.get("spark.eventLog.enabled", "true"),
            "spark.eventLog.dir": plan.conf.get("spark.eventLog.dir", f"file:{folder / EVENTS}"),
            **own_places(folder, folder / "tmp", plan.conf),
        }
        if plan.local:
            return places
        path, _ = self.belongings.laid_out(folder.name)
        return {
            **places,
            "spark.jars": _joined(jars, plan.conf, "spark.jars", ","),
            # Where executors fetch the classes of Scala statements from.
            "spark.repl.class.outputDir": str(folder / SCALA_CLASSES),
            **(far.settings(folder, path, plan.executors_python, plan.conf) if plan.keys is not None else {}),
        }

    def _site(self, plan: Plan) -> tuple[Path, ...]:
        """The folder of what comes with a Spark master of the person's own: certificates, archives, kubeconfig."""
        folder = self._settings.spark_conf
        return () if plan.local or folder is None else (folder.resolve(),)

    def _environment(self, kernel: str, plan: Plan) -> dict[str, str]:
        folder, runtime = self.folder(kernel), plan.runtime
        temporary = str(folder / "tmp")
        path, _ = self.belongings.laid_out(kernel)
        workload = self._identity.workloads.find(kernel)
        formats = with_python(self._runtimes.jars(runtime, formats=plan.formats)) if plan.formats else ()
        return {
            # By this name Hive's client says to the metastore who asks; all else that Spark names a user by is the other.
            "HADOOP_USER_NAME": workload.metastore_token if workload else "",
            "SPARK_USER": "hadoop",
            "JAVA_HOME": str(runtime.java_home),
            "PYSPARK_PYTHON": plan.executors_python,
            "PYTHONPATH": os.pathsep.join([*path, str(self._runtimes.packages), *formats]),
            # Of the driver's pages, wherever executors find the driver.
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_PUBLIC_DNS": "127.0.0.1",
            # SparkSubmit asks for it. YARN's settings come with Spark's; all that is in a folder would be sent to YARN.
            **({"HADOOP_CONF_DIR": str(folder / "none")} if plan.on_yarn else {}),
            **({"KUBECONFIG": str(site[0] / KUBECONFIG)} if (site := self._site(plan)) else {}),
            "SPARK_LOCAL_DIRS": temporary,
            "TMPDIR": temporary,
            "MPLCONFIGDIR": str(folder / "tmp" / "matplotlib"),
            "IPYTHONDIR": str(folder / "tmp" / "ipython"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }

    def _watch(self, child: Child, on_end: OnEnd) -> None:
        kernel = child.details["kernel"]
        self._processes.watch(child, lambda _, status: on_end(kernel, status))

    def alive(self, kernel: str) -> bool:
        child = self._processes.find(self._name(kernel))
        return child is not None and child.alive

    def adopt(self, kernel: str, on_end: OnEnd) -> bool:
        """Watch a kernel that a server before us started; whether it lives."""
        child = self._processes.find(self._name(kernel))
        if child is None or not child.alive:
            return False
        self._watch(child, on_end)
        return True

    def recorded(self) -> dict[str, str | None]:
        """Every kernel with a record, and the fingerprint of its plan if it was started ahead."""
        children = self._processes.children(self._kind)
        return {
            child.details["kernel"]: child.details["fingerprint"] if child.details["warm"] else None
            for child in children
        }

    def folders(self) -> list[str]:
        """The kernels that have a folder."""
        return [folder.name for folder in self._root.iterdir() if folder.is_dir()] if self._root.is_dir() else []

    def is_warm(self, kernel: str) -> bool:
        """Whether the kernel was started before anybody asked."""
        child = self._processes.find(self._name(kernel))
        return child is not None and bool(child.details["warm"])

    def interrupt(self, kernel: str) -> None:
        """Interrupt what the kernel runs."""
        child = self._processes.find(self._name(kernel))
        if child is not None:
            self._processes.interrupt(child)

    def end(self, kernel: str, grace: float = 5.0) -> None:
        """End the kernel, with `grace` seconds to stop Spark in, and remove all its files but the journal."""
        self._identity.workloads.end(kernel)
        child = self._processes.find(self._name(kernel))
        folder = self.folder(kernel)
        if child is not None:
            self._processes.stop(child, grace)
            sockets = child.details.get("sockets", str(folder))
            if sockets != str(folder):
                remove_left(Path(sockets))
        self.belongings.forget(kernel)
        for entry in folder.iterdir() if folder.is_dir() else ():
            if entry.name == "journal":
                continue
            if entry.is_dir() and not entry.is_symlink():
                remove_left(entry)
            else:
                entry.unlink(missing_ok=True)

    def discard(self, kernel: str) -> None:
        """End a kernel that nobody has used, and remove it: there is nothing in it to stop with care."""
        self.end(kernel, grace=0.0)
        self.remove(kernel)

    def remove(self, kernel: str) -> None:
        """Remove the folder and the log of a kernel that has ended."""
        remove_left(self.folder(kernel))
        self.belongings.forget(kernel)
        self._processes.log(self._name(kernel)).unlink(missing_ok=True)

    def log(self, kernel: str) -> list[str]:
        """The last lines of what the kernel's process, and Spark's driver beside it, have printed."""
        return _last(self._processes.log(self._name(kernel)), LOG_SHOWN).splitlines()

    def reason(self, kernel: str, status: int | None) -> str:
        """Why the kernel ended: what it said itself, else its signal or exit status and the end of its log."""
        try:
            return read_left(self.folder(kernel), "failure.txt", LEFT_LIMIT).decode(errors="replace")
        except FileNotFoundError:
            pass
        if status is None:
            how = "ended"
        elif status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        else:
            how = f"exited with status {status}"
        tail = _tail(self._processes.log(self._name(kernel)))
        what = "session's kernel" if self._kind == "session" else "application"
        return f"The {what} {how}." + (f" The end of its log: {tail}" if tail else "")


def _joined(ours: list[str], conf: Mapping[str, str], key: str, separator: str) -> str:
    return separator.join([*ours, *filter(None, [conf.get(key)])])


def _for_executors(plan: Plan, archive: Sequence[Path], aws: Mapping[str, str]) -> dict[str, str]:
    """What executors elsewhere are told; those of a local master are in the driver, and have all that it has."""
    if plan.local:
        return {}
    variables = executor_variables(aws, plan.keys)
    options = executor_options(plan.conf, archive)
    return {**variables, "spark.executor.extraJavaOptions": options} if options else variables


def _tail(log: Path) -> str:
    return telling(_last(log, LOG_TAIL))


def _last(log: Path, size: int) -> str:
    """The end of a log, of so many bytes at most; nothing where there is none."""
    try:
        return read_end(log, size)
    except OSError:
        return ""
