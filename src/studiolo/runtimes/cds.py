"""Archives of classes (Java's class-data sharing): with one, Spark's driver starts in a third of the time.

An archive holds the classes of Java and of Spark as Java has them in memory, and fits exactly one Java and one list of
jars. It is made in the background at a runtime's first use, and kept in the person's cache, where the servers of all data
folders find it. It is never a condition: where there is none, or none that fits, a driver starts without.
"""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from platformdirs import user_cache_path

from studiolo.processes import Processes, child_environment
from studiolo.runtimes.java import feature_release
from studiolo.runtimes.runtime import Runtime
from studiolo.runtimes.runtimes import Runtimes

log = logging.getLogger(__name__)

KIND = "classes"

FILES = ("base.jsa", "app.jsa")
"""The classes of Java alone, and on top of them those of Spark."""

NOTE = "made.json"
"""`{"sums": the checksums of the files, "spark_home": the folder that they fit}`; its time is that of the last use."""

OLDEST_JAVA = 17
"""The first whose archives were tried."""

ROOM = 1024**3
"""Bytes of the disk that stay free."""

KEPT_DAYS = 30
"""How long an archive is kept that nobody uses: it is 170 MB, and another pyspark or Java has another one."""

KEPT_BYTES = 3 * 1024**3
"""How much is kept of those used last, when another is made: each Studiolo on the machine has its own."""

LOOK_AGAIN = 0.5
"""Seconds between looks at an archive that another server makes."""

LATER = 3.0
"""Seconds between looks for a moment in which no session is at work."""

END_SECONDS = 5.0

DAY = 24 * 60 * 60
BLOCK = 1024 * 1024


class NotMade(Exception):
    """Why there is no archive, in a sentence."""


def kept_in() -> Path:
    """The folder of archives in the person's cache."""
    return user_cache_path("studiolo") / "classes"


def key(java_home: Path, spark_home: Path) -> str:
    """The name of the archive that fits this Java and this Spark's jars. Raises OSError."""
    program = java_home / "bin" / "java"
    facts = [(java_home / "release").read_text(), str(program.resolve()), _facts(program.resolve())]
    # In the order in which the folder has them, as Java takes them.
    jars = [(entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(spark_home / "jars")]
    training = files("studiolo.kernel").joinpath("training.py").read_text()
    content = json.dumps({"java": facts, "spark_home": str(spark_home), "jars": jars, "training": training})
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _facts(file: Path) -> tuple[int, int]:
    known = file.stat()
    return known.st_size, known.st_mtime_ns


class Archives:
    """The archives of the runtimes; of those that are missing one is made at a time, whoever asks for them."""

    def __init__(self, processes: Processes, runtimes: Runtimes, folder: Path | None = None) -> None:
        self._processes = processes
        self._runtimes = runtimes
        self._folder = kept_in() if folder is None else folder
        self._sound: dict[str, list[tuple[int, int]]] = {}
        self._given_up: set[str] = set()
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._closed = threading.Event()
        self._busy: Callable[[], bool] = lambda: False

    def start(self, busy: Callable[[], bool]) -> None:
        """End what a server that crashed was making. From now on none is begun while `busy()`."""
        self._busy = busy
        self._end()

    def close(self) -> None:
        """End what is being made."""
        self._closed.set()
        self._end()
        # Until what there was of it is removed.
        if self._making.acquire(timeout=END_SECONDS):
            self._making.release()

    def _end(self) -> None:
        for child in self._processes.children(KIND):
            self._processes.stop(child, 0.0)

    def look(self, runtime: Runtime) -> None:
        """Check the runtime's archive, in the background, before a session waits for that."""

        def look() -> None:
            with contextlib.suppress(OSError):
                self._find(key(runtime.java, runtime.spark_home))

        threading.Thread(target=look, name="classes", daemon=True).start()

    def find(self, runtime: Runtime) -> tuple[Path, ...]:
        """The files of the runtime's archive, in Java's order; none where it is not there, and then it will be made."""
        try:
            name = key(runtime.java, runtime.spark_home)
            found = self._find(name)
        except OSError as error:
            log.warning("Spark starts without an archive of its classes: %s", error)
            return ()
        if not found and self._may_be_made(runtime, name):
            threading.Thread(target=self._make_later, args=(runtime, name), name="classes", daemon=True).start()
        return found

    def prepare(self, runtime: Runtime, *, patient: bool = False) -> tuple[Path, ...]:
        """The files of the runtime's archive, made now if need be. Raises NotMade and OSError.

        `patient`: at a lower priority than what else is done.
        """
        release = feature_release(runtime.java)
        if release is None or release < OLDEST_JAVA:
            raise NotMade(f"{runtime.java} is not Java {OLDEST_JAVA} or later.")
        name = key(runtime.java, runtime.spark_home)
        while not (found := self._find(name)):
            with self._making, self._alone(name) as alone:
                if alone and not self._find(name):
                    self._make(runtime, name, patient)
            if not alone and self._closed.wait(LOOK_AGAIN):
                raise NotMade("The server ends.")
        return found

    def _find(self, name: str) -> tuple[Path, ...]:
        """The files, if they are there and as they were made: Java maps them as they are, and would crash."""
        folder = self._folder / name
        paths = tuple(folder / file for file in FILES)
        with self._lock:
            try:
                now = [_facts(path) for path in paths]
                if self._sound.get(name) != now:
                    sums = json.loads((folder / NOTE).read_text())["sums"]
                    if sums != [_checksum(path) for path in paths]:
                        raise ValueError("it is not as it was made")
                    self._sound[name] = now
                os.utime(folder / NOTE)
            except FileNotFoundError:
                return ()
            except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
                log.warning("The archive of classes %s is removed: %s.", folder, error)
                _remove(folder)
                return ()
        return paths

    def _may_be_made(self, runtime: Runtime, name: str) -> bool:
        with self._lock:
            if name in self._given_up or self._closed.is_set():
                return False
            self._given_up.add(name)
        release = feature_release(runtime.java)
        return release is not None and release >= OLDEST_JAVA

    def _make_later(self, runtime: Runtime, name: str) -> None:
        # It takes a processor for half a minute: not from those that somebody waits for.
        while True:
            if self._closed.wait(LATER):
                return
            if not self._busy():
                break
        began = time.monotonic()
        try:
            self.prepare(runtime, patient=True)
        except Exception as error:  # noqa: BLE001 (whatever it is, sessions start without)
            if not self._closed.is_set():
                log.warning("Spark starts without an archive of its classes, which was not made: %s", error)
            return
        with self._lock:
            # If it should be removed, another is made.
            self._given_up.discard(name)
        log.info("An archive of the classes of %s is made after %.0f s.", runtime.name, time.monotonic() - began)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[bool]:
        """Whether no other server makes, or removes, this archive; none does until the end of the block."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{name}.lock"
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # It may have been removed since it was opened.
                alone = os.path.samestat(os.fstat(file.fileno()), path.stat())
            except (BlockingIOError, FileNotFoundError):
                alone = False
            yield alone

    def _make(self, runtime: Runtime, name: str, patient: bool) -> None:
        self._remove_parts(name)
        self._purge()
        _remove(self._folder / name)
        if shutil.disk_usage(self._folder).free < ROOM:
            raise NotMade(f"less than {ROOM // 1024**3} GiB of the disk of {self._folder} is free.")
        part = Path(tempfile.mkdtemp(prefix=f"{name}.", suffix=".part", dir=self._folder))
        try:
            self._train(runtime, part, patient)
            made = part / "made"
            sums = [_checksum(made / file) for file in FILES]
            (made / NOTE).write_text(json.dumps({"sums": sums, "spark_home": str(runtime.spark_home)}))
            made.rename(self._folder / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _train(self, runtime: Runtime, part: Path, patient: bool) -> None:
        (part / "made").mkdir()
        launch = {
            "conf": {**runtime.conf, **_training_conf(part), "spark.jars": str(self._runtimes.doors(runtime))},
            "driver": {
                "java": str(runtime.java / "bin" / "java"),
                "spark": str(runtime.spark_home),
                "jars": [],
                "options": list(runtime.java_options),
                "archive": None,
            },
            "archive": [str(part / "made" / file) for file in FILES],
            "patient": patient,
        }
        (part / "launch.json").write_text(json.dumps(launch))
        child = self._processes.start(
            f"classes-{runtime.name}",
            KIND,
            [str(runtime.python), "-m", "studiolo.kernel.training", str(part)],
            environment=child_environment(
                {
                    "PYTHONPATH": str(self._runtimes.packages),
                    "SPARK_LOCAL_IP": "127.0.0.1",
                    "PYSPARK_PYTHON": str(runtime.python),
                }
            ),
            folder=part,
        )
        if self._closed.is_set():
            self._processes.stop(child, 0.0)
        status = self._processes.wait(child)
        self._processes.forget(child.name)
        if status != 0:
            raise NotMade(f"the run that makes it ended with status {status}; its log is {child.log}.")

    def _purge(self) -> None:
        """Remove archives that nobody uses any more, and what is left of runs that did not end."""
        names = {entry.name.partition(".")[0] for entry in self._folder.iterdir()}
        used = {name: used for name in names if (used := self._last_use(self._folder / name)) is not None}
        kept = 0
        for name in sorted(names, key=lambda name: used.get(name, 0.0), reverse=True):
            archive = self._folder / name
            kept += _size(archive)
            with contextlib.suppress(OSError), self._alone(name) as alone:
                # Where it is not, somebody makes the archive.
                if alone:
                    self._remove_parts(name)
                    if name not in used or kept > KEPT_BYTES:
                        _remove(archive)
                        (self._folder / f"{name}.lock").unlink()

    def _last_use(self, folder: Path) -> float | None:
        """When it was; None where it is not complete, or nobody will use it again."""
        try:
            note = folder / NOTE
            spark_home = Path(json.loads(note.read_text())["spark_home"])
            used = note.stat().st_mtime
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return used if spark_home.is_dir() and used > time.time() - KEPT_DAYS * DAY else None

    def _remove_parts(self, name: str) -> None:
        for left in self._folder.glob(f"{name}.*.part"):
            shutil.rmtree(left, ignore_errors=True)


def _training_conf(part: Path) -> dict[str, str]:
    return {
        "spark.master": "local[2]",
        "spark.app.name": "studiolo",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.port": "0",
        "spark.sql.warehouse.dir": f"file:{part / 'warehouse'}",
        # There is none: what asks for one is loaded, and gives up.
        "spark.hadoop.hive.metastore.uris": "thrift://127.0.0.1:1",
        "spark.hadoop.hive.metastore.connect.retries": "0",
        "spark.hadoop.hive.metastore.failure.retries": "0",
        "spark.hadoop.hive.metastore.client.connect.retry.delay": "0s",
        "spark.hadoop.hive.exec.scratchdir": f"file:{part / 'hive'}",
        "spark.hadoop.hive.exec.local.scratchdir": str(part / "hive-local"),
        "spark.hadoop.hive.downloaded.resources.dir": str(part / "hive-resources"),
        "spark.hadoop.hadoop.tmp.dir": str(part),
        "spark.local.dir": str(part),
        "spark.network.timeout": "600s",
        "spark.driver.extraJavaOptions": f"-XX:-UsePerfData -Djava.io.tmpdir={part} -Duser.home={part}",
    }


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    # Which leaves what is a file.
    with contextlib.suppress(OSError):
        path.unlink()


def _size(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(entry.stat().st_size for entry in os.scandir(folder))
    return 0


def _checksum(file: Path) -> int:
    found = 0
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            found = zlib.crc32(block, found)
    return found
