"""The JVM of Spark's driver, started as spark-submit does, but without the JVM that spark-submit finds that out with.

It needs nothing of pyspark, so that it starts while Python imports that.
"""

import os
import shlex
import signal
import struct
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SUBMIT = "org.apache.spark.deploy.SparkSubmit"

LAUNCH = (
    "spark.driver.memory",
    "spark.driver.memoryOverhead",
    "spark.driver.extra",
    "spark.driver.default",
    "spark.driver.userClassPathFirst",
    "spark.jars",
    "spark.files",
    "spark.archives",
    "spark.submit.",
)
"""What must be known before the JVM starts. The rest is handed over inside, where no process list shows it."""

OPENED = (
    "java.base/java.lang",
    "java.base/java.lang.invoke",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.base/sun.nio.cs",
    "java.base/sun.security.action",
    "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
)
"""What Spark 3.5 and 4.1 must reach of Java's inside (org.apache.spark.launcher.JavaModuleOptions)."""

MODULES = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    *(f"--add-opens={package}=ALL-UNNAMED" for package in OPENED),
    "-Djdk.reflect.useDirectMethodHandle=false",
)

SCALA_CLASSES = "tmp/scala"
"""Where in a session's folder the classes of Scala statements are; executors of a cluster fetch them from there."""

DEFAULT_HEAP = "1g"
"""Spark's own for a driver whose memory nobody set."""

LOOK_AGAIN = 0.005
"""Seconds between looks for where the JVM listens."""

SLOW_START = "Java did not start with the archive of its classes, and starts without.\n"


class DriverFailed(Exception):
    """The JVM ended before it listened."""


def class_path(spark_home: Path, jars: Sequence[str] = ()) -> str:
    """What executors get, of a Spark without a folder of settings; then further jars.

    An archive of classes fits every class path that begins as the one did that it was made with.
    """
    return os.pathsep.join([f"{spark_home / 'conf'}{os.sep}", str(spark_home / "jars" / "*"), *jars])


def sharing(archive: str | None) -> list[str]:
    """Java's options for an archive of classes, whose files are joined by ":"; none for none.

    Its pages are to lie where the archive says. By itself Java puts them elsewhere: it would change each of them, in a
    copy of its own, before it begins: some 0.1 s of a processor, and all of their memory.
    """
    if not archive:
        return []
    return ["-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0", f"-XX:SharedArchiveFile={archive}"]


def heap(conf: Mapping[str, str]) -> str:
    """Java's option for the memory that the settings give to a driver."""
    return f"-Xmx{conf.get('spark.driver.memory', DEFAULT_HEAP)}"


def as_user(driver: Mapping[str, Any]) -> tuple[str, ...]:
    """What comes before a class that is run as another user of Hadoop than HADOOP_USER_NAME says."""
    return ("studiolo.HadoopUser", driver["user"]) if "user" in driver else ()


def java_options(conf: Mapping[str, str]) -> list[str]:
    """The options of Java among the settings of a driver."""
    names = ("spark.driver.defaultJavaOptions", "spark.driver.extraJavaOptions")
    return [option for name in names for option in shlex.split(conf.get(name, ""))]


class Driver:
    """A JVM that is starting, until `address` tells where it listens. It ends when its standard input closes.

    launch: `{"conf": Spark's settings, "driver": {"java": the program, "spark": SPARK_HOME, "jars": [further jars],
        "options": [Java's], "archive": files of classes, joined by ":", or null, "user": who it is to Hadoop, if it is
        to be told}}`.
    folder: where it leaves a note, once, that nobody else may read.
    """

    def __init__(self, launch: Mapping[str, Any], folder: Path) -> None:
        self._conf: Mapping[str, str] = launch["conf"]
        self._driver: Mapping[str, Any] = launch["driver"]
        self._note = folder / "driver.info"
        self.output, self._writing = os.pipe()
        archive = self._driver["archive"]
        # Where something comes before Spark's jars, an archive would be refused.
        self._archived = archive is not None and "spark.driver.extraClassPath" not in self._conf
        self.process = self._start(sharing(archive) if self._archived else [])

    def address(self) -> tuple[int, str]:
        """The port and the secret of its gateway. Raises DriverFailed."""
        try:
            while not self._note.is_file():
                if self.process.poll() is not None:
                    if not self._archived:
                        raise DriverFailed("Java ended before it listened.")
                    os.write(self._writing, SLOW_START.encode())
                    self._archived = False
                    self.process = self._start(["-Xshare:off"])
                time.sleep(LOOK_AGAIN)
            told = self._note.read_bytes()
        finally:
            os.close(self._writing)
            self._note.unlink(missing_ok=True)
        port, length = struct.unpack_from("!ii", told)
        return port, told[8 : 8 + length].decode()

    def _start(self, options: Sequence[str]) -> "subprocess.Popen[bytes]":
        self._note.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._note),
            "PYTHONHASHSEED": "0",
            "SPARK_HOME": self._driver["spark"],
            "SPARK_ENV_LOADED": "1",
        }
        if "spark.driver.extraLibraryPath" in self._conf:
            environment["LD_LIBRARY_PATH"] = self._conf["spark.driver.extraLibraryPath"]
        return subprocess.Popen(
            [*self._command(options)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=self._writing,
            stderr=subprocess.STDOUT,
            # An interrupt is for the statement.
            preexec_fn=_ignore_interrupts,
        )

    def _command(self, options: Sequence[str]) -> list[str]:
        conf = self._conf
        front = [conf[name] for name in ("spark.driver.extraClassPath",) if name in conf]
        return [
            self._driver["java"],
            *("-cp", os.pathsep.join([*front, class_path(Path(self._driver["spark"]), self._driver["jars"])])),
            *options,
            *self._driver["options"],
            heap(conf),
            *MODULES,
            *java_options(conf),
            *as_user(self._driver),
            SUBMIT,
            *(w for name, value in conf.items() if name.startswith(LAUNCH) for w in ("--conf", f"{name}={value}")),
            "pyspark-shell",
        ]


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
