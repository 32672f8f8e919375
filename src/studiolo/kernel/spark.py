"""The Spark driver of a session: its JVM, its context, and stopping what a statement started."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JNetworkError
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from studiolo.kernel.connect import serve_connect
from studiolo.kernel.doors import closed, dashboard, guard_callbacks
from studiolo.kernel.driver import SCALA_CLASSES, Driver
from studiolo.kernel.engine import LAST_WORDS, Engine, NotModifiable, end_kernel, how_it_ended
from studiolo.kernel.libraries import Libraries
from studiolo.kernel.output import SessionLog
from studiolo.kernel.progress import Progress, look

if TYPE_CHECKING:
    from studiolo.kernel.scala import Scala

GROUPS = "spark.hadoop.hadoop.security.group.mapping"

CANCEL_AGAIN, CANCEL_SECONDS = 0.25, 15.0
"""How often, and for how long, the jobs of a canceled statement are canceled: a busy JVM may start one late."""

ENDS_WITHIN = 2.0
"""Seconds in which a JVM has ended that closed its connections."""


class SparkEngine(Engine):
    """Apache Spark: its driver is a JVM beside this process, which may serve Spark Connect clients too.

    The session ends with it, as it does when memory runs out: without the JVM the kernel ends, and says why.
    """

    def __init__(self, folder: Path, launch: Mapping[str, Any], driver: Driver, log: SessionLog) -> None:
        self._folder = folder
        conf = closed(launch["conf"])
        _silence_loggers()
        self._spark = start_spark(conf, driver, log.driver)
        if launch["warm"]:
            self._spark.range(1).count()
        self._scala: Scala | None = None
        self._catalog: threading.Thread | None = None
        port = None if launch["connect"] is None else serve_connect(self._spark, launch["connect"])
        context = self._spark.sparkContext
        ui = dashboard(conf, context.uiWebUrl)
        self.addresses = {"ui": ui, "connect": port, "application": context.applicationId}
        self._progress = Progress(folder, look)
        self._end = threading.Thread(target=self._end_with_it, name="spark end", daemon=True)
        self._end.start()

    def _end_with_it(self) -> None:
        gateway: Any = SparkContext._gateway
        end_kernel(self._folder, f"Spark's driver {how_it_ended(gateway.proc.wait())}.")

    def names(self) -> dict[str, Any]:
        from awsglue.context import GlueContext

        context = self._spark.sparkContext
        return {
            "spark": self._spark,
            "sc": context,
            "sqlContext": _sql_context(self._spark),
            "glueContext": GlueContext(context),
        }

    def claim(self, content: Mapping[str, Any]) -> None:
        adapt(self._spark, content["conf"])
        told = (content["catalog"], self._catalog is None)
        self._catalog = threading.Thread(target=self._use_catalog, args=told, name="catalog", daemon=True)
        self._catalog.start()
        context = self._spark.sparkContext
        for file in content["py_files"]:
            # A second time changes nothing, and Spark says so in the log.
            context.addPyFile(file)
        # Python workers get what is known of their environment at this moment, not at the JVM's start.
        context.environment.update(content["workers"])
        if content["installer"] is not None:
            Libraries(self._folder, content["installer"]).offer()

    def _use_catalog(self, conf: Mapping[str, str], needed: bool) -> None:
        """Beside the answer to the claim: Spark first makes all of its SQL for it. The first statement waits for it.

        needed: whether it was never told; later the session's code may have stopped Spark.
        """
        try:
            use_catalog(self._spark, conf)
        except Exception as error:  # noqa: BLE001
            if needed:
                end_kernel(self._folder, f"Spark's catalog could not be told where the tables are: {error}")

    def begin(self, statement: str, code: str) -> None:
        if self._catalog is not None:
            self._catalog.join()
        begin_statement(statement, code)
        self._progress.begin(statement)

    def end(self, error: BaseException | None) -> None:
        self._progress.end()
        if isinstance(error, Py4JNetworkError):
            # If it is the JVM that has ended, this process ends now, with a reason better than this error.
            self._end.join(ENDS_WITHIN)

    def scala(self, code: str) -> None:
        if self._scala is None:
            from studiolo.kernel.scala import Scala

            self._scala = Scala(self._spark, self._folder / SCALA_CLASSES)
        self._scala.run(code)

    def cancel(self, statement: str) -> None:
        cancel_statement(statement)


def _silence_loggers() -> None:
    """Keep pyspark 4 from printing each error of Spark's a second time, as JSON, into what the statement prints."""
    with suppress(ImportError):
        from pyspark.logger import PySparkLogger

        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            PySparkLogger.getLogger(name).disabled = True


def _sql_context(spark: SparkSession) -> Any:
    import warnings

    from pyspark.sql import SQLContext

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return SQLContext(spark.sparkContext, spark)


def start_spark(conf: Mapping[str, str], driver: Driver, log: Callable[[str], None]) -> SparkSession:
    """A Spark session with the configuration; `log` is called with what the JVM prints, from a thread."""
    pump = threading.Thread(target=_pump, args=(driver.output, log), name="driver log", daemon=True)
    pump.start()
    try:
        gateway = _connect(*driver.address())
    except Exception:
        # What the JVM said before it ended is the reason that a person can use.
        pump.join(LAST_WORDS)
        raise
    gateway.proc = driver.process
    guard_callbacks(gateway)
    SparkContext._ensure_initialized(gateway=gateway)
    _keep(conf)
    _tell_hadoop(conf)
    SparkContext(conf=SparkConf())
    return SparkSession.builder.getOrCreate()


def _connect(port: int, secret: str) -> Any:
    """pyspark's gateway to a JVM that runs."""
    told = {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}
    os.environ.update(told)
    try:
        return launch_gateway()
    finally:
        for name in told:
            del os.environ[name]


def _keep(conf: Mapping[str, str]) -> None:
    """Make the settings the JVM's own: a context that a statement makes after it stopped the first has them too."""
    jvm: Any = SparkContext._jvm
    put = jvm.java.lang.System.setProperty
    for name, value in conf.items():
        put(name, value)


def _tell_hadoop(conf: Mapping[str, str]) -> None:
    """Have Hadoop find the groups of users as the settings say, although it may have been asked before it knew these.

    Where there are jars to look at SparkSubmit asks. Then Hadoop would look for the user's name on this machine, and write
    into the log that there is none: that name is a token.
    """
    if "spark.jars" not in conf or GROUPS not in conf:
        return
    hadoop: Any = SparkContext._jvm.org.apache.hadoop  # type: ignore[union-attr, unused-ignore]
    settings = hadoop.conf.Configuration()
    settings.set(GROUPS.removeprefix("spark.hadoop."), conf[GROUPS])
    hadoop.security.Groups.getUserToGroupsMappingServiceWithLoadedConfiguration(settings)
    hadoop.security.UserGroupInformation.setConfiguration(settings)


def _pump(reading: int, log: Callable[[str], None]) -> None:
    with open(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            log(line)


def begin_statement(statement: str, code: str) -> None:
    """Put the jobs of this thread into a group of the statement's own, so that they can be canceled together."""
    context = SparkContext._active_spark_context
    if context is not None and context._jsc is not None:
        context.setJobGroup(statement, code.strip().split("\n", 1)[0][:200], True)


def cancel_statement(statement: str) -> None:
    """Cancel the statement's jobs. An interrupt alone ends the cell and leaves its jobs running.

    To be called in a signal handler of the main thread: it drops that thread's connection to the JVM, on which an
    answer is still to come that nobody waits for, and cancels from a new thread, over a connection of its own.
    """
    context = SparkContext._active_spark_context
    if context is None or context._jsc is None:
        return
    client: Any = SparkContext._gateway._gateway_client  # type: ignore[union-attr, unused-ignore]
    connection = client.get_thread_connection()
    if connection is not None:
        client.thread_connection.connection = None
        if connection in client.deque:
            client.deque.remove(connection)
    threading.Thread(target=_cancel_jobs, args=(context, statement), name="cancel", daemon=True).start()


def _cancel_jobs(context: SparkContext, statement: str) -> None:
    """Cancel the group's jobs, and for a while those that the JVM was just being told of and starts a moment later."""
    last = time.monotonic() + CANCEL_SECONDS
    while time.monotonic() < last and context._jsc is not None:
        context.cancelJobGroup(statement)
        time.sleep(CANCEL_AGAIN)


def adapt(spark: SparkSession, conf: Mapping[str, str]) -> None:
    """Change settings of the running session. Raises NotModifiable before anything is changed."""
    for key in conf:
        if not spark.conf.isModifiable(key):
            raise NotModifiable(key)
    for key, value in conf.items():
        spark.conf.set(key, value)
    _keep(conf)


def use_catalog(spark: SparkSession, conf: Mapping[str, str]) -> None:
    """Set where the metastore and the warehouse are, although Spark takes these settings for static.

    It reads them when a statement first asks for its catalog: until then they can be put where it will look.
    """
    _keep(conf)
    session: Any = spark._jsparkSession
    shared, context = session.sharedState(), session.sparkContext()
    for name, value in conf.items():
        for settings in (shared.conf(), context.conf()):
            settings.set(name, value)
        # Spark tells Hadoop its warehouse by Hive's name for it, which Iceberg's Hive catalog goes by.
        of_hadoop = "hive.metastore.warehouse.dir" if name == "spark.sql.warehouse.dir" else name
        if of_hadoop.startswith(("hive.", "spark.hadoop.")):
            for settings in (shared.hadoopConf(), context.hadoopConfiguration()):
                settings.set(of_hadoop.removeprefix("spark.hadoop."), value)
        session.sessionState().conf().setConfString(name, value)
