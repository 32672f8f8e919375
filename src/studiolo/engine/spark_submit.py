"""The options of spark-submit, as Spark's settings (org.apache.spark.launcher.SparkSubmitOptionParser)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studiolo.domain import Invalid
from studiolo.node.submit import INTERNAL, place

SETTINGS: Mapping[str, str] = {
    "--name": "spark.app.name",
    "--jars": "spark.jars",
    "--packages": "spark.jars.packages",
    "--exclude-packages": "spark.jars.excludes",
    "--repositories": "spark.jars.repositories",
    "--py-files": "spark.submit.pyFiles",
    "--files": "spark.files",
    "--archives": "spark.archives",
    "--driver-memory": "spark.driver.memory",
    "--driver-cores": "spark.driver.cores",
    "--driver-java-options": "spark.driver.extraJavaOptions",
    "--driver-library-path": "spark.driver.extraLibraryPath",
    "--driver-class-path": "spark.driver.extraClassPath",
    "--executor-memory": "spark.executor.memory",
    "--executor-cores": "spark.executor.cores",
    "--num-executors": "spark.executor.instances",
    "--total-executor-cores": "spark.cores.max",
    "--queue": "spark.yarn.queue",
}
"""Options with a value that are a setting."""

DECIDED = ("--master", "--deploy-mode", "--proxy-user", "--principal", "--keytab")
"""Options with a value that is decided where the application is submitted: they are read over."""

FLAGS = ("--verbose", "-v", "--supervise")

SPARK = "/usr/lib/spark/"
"""Where EMR has Spark: examples are named by it."""


@dataclass(frozen=True)
class Options:
    """What comes before the application's file: settings, and the class of its main method."""

    conf: Mapping[str, str] = field(default_factory=dict)
    main: str | None = None


def options(words: Sequence[str]) -> tuple[Options, Sequence[str]]:
    """The options that the words begin with, and the words behind them. Raises Invalid."""
    conf: dict[str, str] = {}
    main = None
    at = 0
    while at < len(words) and words[at].startswith("-"):
        name, equals, value = words[at].partition("=")
        at += 1
        if name in FLAGS:
            continue
        if name not in (*SETTINGS, *DECIDED, "--class", "--conf", "-c"):
            raise Invalid(f"spark-submit's option {name} is not available here.")
        if not equals:
            if at == len(words):
                raise Invalid(f"spark-submit's option {name} needs a value.")
            value = words[at]
            at += 1
        if name == "--class":
            main = value
        elif name in ("--conf", "-c"):
            key, sign, setting = value.partition("=")
            if not sign or not key.strip():
                raise Invalid(f"--conf takes a setting like spark.sql.shuffle.partitions=8, and cannot read: {value}")
            conf[key.strip()] = setting
        elif name in SETTINGS:
            conf[SETTINGS[name]] = value
    return Options(conf, main), words[at:]


def application(file: str, main: str | None, arguments: Sequence[str], spark_home: str) -> tuple[str, ...]:
    """The arguments of spark-submit behind its settings. Raises Invalid for a file that is not in S3 or with Spark."""
    found = place(file)
    plain = found.removeprefix("local://").removeprefix("file://")
    if plain.startswith(SPARK):
        found = f"{spark_home}/{plain.removeprefix(SPARK)}"
    elif found != INTERNAL and not found.startswith(("s3://", "s3a://")):
        raise Invalid(
            f"The application comes from S3 (s3://bucket/key), or is one of Spark's own ({SPARK}…), and not: {file}"
        )
    return (*(("--class", main) if main is not None else ()), found, *arguments)
