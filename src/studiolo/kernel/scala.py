"""Scala statements: Scala's own REPL in the JVM of the session's driver, made when the first one comes.

It shares the Spark session with Python: its views, tables and settings.
"""

import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

BEGINNING = """
@transient val spark = org.apache.spark.sql.SparkSession.getDefaultSession.get
@transient val sc = spark.sparkContext
@transient val sqlContext = spark.sqlContext
import org.apache.spark.SparkContext._
import spark.implicits._
import spark.sql
import org.apache.spark.sql.functions._
"""
"""What Spark's shell has ready, and Livy's sessions."""

HELPER = """
object StudioloStatement {
  import scala.tools.nsc.interpreter._
  private var running: Thread = null
  def interrupt(): Unit = synchronized { if (running != null) running.interrupt() }
  def run(repl: IMain, code: String, output: String): String = {
    val thread = Thread.currentThread
    synchronized { if (running != null) return "Busy" else running = thread }
    val loader = thread.getContextClassLoader
    val stream = new java.io.PrintStream(new java.io.FileOutputStream(output), true, "UTF-8")
    try {
      repl.setContextClassLoader()
      Console.withOut(stream) { Console.withErr(stream) { repl.interpret(code).toString } }
    } finally {
      stream.close()
      thread.setContextClassLoader(loader)
      Thread.interrupted()
      synchronized { running = null }
    }
  }
}
System.getProperties.put("studiolo.statement", StudioloStatement)
"""
"""Compiled by the REPL itself: runs a statement, what it prints going to a file; interrupts it."""

THROWN = re.compile(r"(?:[\w$]+\.)+([\w$]*(?:Exception|Error|Failure))\b:? ?(.*)")
"""How the stack trace of what a statement has thrown begins."""

STILL_RUNS = (
    "A Scala statement that was canceled still runs, with no Spark job to stop it by. Only the session's end ends it."
)
UNFINISHED = "error: the statement ends in the middle of an expression."


class ScalaError(Exception):
    """A statement that was not compiled, or that has thrown; shown as Scala's shell shows it."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self._said = said

    def _render_traceback_(self) -> list[str]:
        return self._said.splitlines()


class Scala:
    """A Scala REPL beside Python. `folder` is where it keeps the classes of its statements.

    On a cluster, executors fetch them from there: `spark.repl.class.outputDir` has told them so.
    """

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        jvm: Any = spark.sparkContext._jvm
        self._jvm = jvm
        self._folder = folder
        folder.mkdir(exist_ok=True, mode=0o700)
        self._messages = jvm.java.io.StringWriter()
        self._let_executors_see()
        self._repl = self._made(spark.sparkContext.getConf().get("spark.jars", ""))
        for code in (HELPER, BEGINNING):
            self._repl.interpret(code)
        # The REPL's own way to hand a value out goes by Scala's reflection, which takes longer than all the rest.
        self._helper = jvm.java.lang.System.getProperties().remove("studiolo.statement")
        self._said()

    def _let_executors_see(self) -> None:
        """Those of a local master look for classes where the driver does."""
        loader = self._jvm.java.lang.Thread.currentThread().getContextClassLoader()
        loader.addURL(self._jvm.java.io.File(str(self._folder)).toURI().toURL())

    def _made(self, jars: str) -> Any:
        interpreter = self._jvm.scala.tools.nsc.interpreter
        settings = self._jvm.scala.tools.nsc.Settings()
        known = self._jvm.java.lang.System.getProperty("java.class.path")
        path = os.pathsep.join([known, *(jar.removeprefix("file:") for jar in jars.split(",") if jar)])
        arguments = ["-Yrepl-class-based", "-Yrepl-outdir", str(self._folder), "-classpath", path]
        converted = self._jvm.scala.collection.JavaConverters.asScalaBuffer(arguments).toList()
        settings.processArguments(converted, True)
        writer = self._jvm.java.io.PrintWriter(self._messages, True)
        if self._jvm.scala.util.Properties.versionNumberString().startswith("2.12."):
            repl = interpreter.IMain(settings, writer)
            repl.initializeSynchronous()
        else:
            config = getattr(interpreter.shell, "ShellConfig$").__getattr__("MODULE$").apply(settings)
            repl = interpreter.IMain(settings, interpreter.shell.ReplReporterImpl(config, settings, writer))
            repl.initializeCompiler()
        return repl

    def run(self, code: str) -> None:
        """Run a statement, and print what it prints and the values it makes. Raises ScalaError."""
        pipe = self._folder / "output"
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe, 0o600)
        # Open for writing here too: who reads waits for no one, and ends when all have closed it.
        reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(reading, True)
        printing = threading.Thread(target=_print, args=(reading,), name="scala output", daemon=True)
        writing = os.open(pipe, os.O_WRONLY)
        printing.start()
        try:
            outcome = self._helper.run(self._repl, code, str(pipe))
        finally:
            os.close(writing)
        printing.join()
        said = self._said()
        if outcome == "Busy":
            raise ScalaError(STILL_RUNS)
        if outcome != "Success":
            raise _error(said if outcome == "Error" else UNFINISHED)
        sys.stdout.write(said)

    def interrupt(self) -> None:
        """Wake what a statement waits in. From another thread than the statement's."""
        self._helper.interrupt()

    def _said(self) -> str:
        """What the REPL has said since the last time."""
        buffer = self._messages.getBuffer()
        said: str = buffer.toString()
        buffer.setLength(0)
        return said


def _error(said: str) -> ScalaError:
    """The error, of a type named as what was thrown."""
    thrown = THROWN.match(said)
    name = thrown[1] if thrown else "Error"
    error: ScalaError = type(name, (ScalaError,), {})(said.strip())
    return error


def _print(reading: int) -> None:
    with open(reading, encoding="utf-8", errors="replace", newline="") as lines:
        while text := lines.readline():
            sys.stdout.write(text)
