"""What a job run means to the engine, and what it uses."""

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from studiolo.domain import Invalid, LimitExceeded
from studiolo.engine import Size, Streams, Wanted, this_machine, within
from studiolo.engine.size import HEAP_SHARE
from studiolo.engine.spark_submit import Options, application, options
from studiolo.kernel.classifications import DECIDED
from studiolo.runtimes import Release
from studiolo.serverless.model import (
    JSON,
    Application,
    ApplicationRequest,
    Capacity,
    HiveJob,
    Run,
    RunRequest,
    SparkJob,
    Utilization,
)

DRIVER_ENVIRONMENT = "spark.emr-serverless.driverEnv."
DEFAULTS = {"cores": 4, "memory": 14.0, "executors": 3}
"""Of drivers and executors (EMR Serverless, "Spark job properties"); memory in GB."""

OVERHEAD = 0.1
"""The part of its memory that a worker has beyond its heap."""

STORAGE = 20.0
"""GB of disk of each worker, which are free of charge."""

LEAST_SECONDS = 60
"""Seconds that a worker is billed for at least."""

LOG_GROUP = "/aws/emr-serverless"

MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*(g|m|t)?b?", re.IGNORECASE)
HIVE = "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver"


def check_kind(asked: ApplicationRequest, release: Release) -> None:
    """Raises Invalid for a type of application that the release does not have."""
    if asked.kind.upper() not in ("SPARK", "HIVE"):
        raise Invalid(f"Applications of type {asked.kind} are not available; SPARK and HIVE are.")
    if asked.sessions and not release.runtime.formats:
        raise Invalid(f"{asked.label} has no interactive sessions.")


def wanted(app: Application, run: Run, release: Release) -> Wanted:
    """The run as the engine takes it. Raises Invalid."""
    asked = run.asked
    given, arguments = _submitted(asked, release)
    conf = {**_defaults(app, asked), **given.conf}
    prefix = DRIVER_ENVIRONMENT
    return Wanted(
        release=release,
        role=asked.role,
        acts_as=f"emr-serverless-{run.id}",
        size=size(conf, workers - 1 if (workers := of_workers(app, run).workers) else None),
        kept_by=app.id,
        conf={name: value for name, value in conf.items() if name not in DECIDED and not name.startswith(prefix)},
        arguments=tuple(arguments),
        environment={name.removeprefix(prefix): value for name, value in conf.items() if name.startswith(prefix)},
        streams=streams(app, run),
        timeout=timedelta(minutes=asked.timeout) if asked.timeout and asked.mode == "BATCH" else None,
    )


def kept(app: Application, release: Release) -> tuple[Wanted, int]:
    """What an application's drivers are kept ready for, by its own settings, and how many: its initial capacity."""
    conf = spark_defaults(app.asked.runtime)
    prefix = DRIVER_ENVIRONMENT
    wanted = Wanted(
        release=release,
        role="",
        acts_as="",
        size=size(conf),
        conf={name: value for name, value in conf.items() if name not in DECIDED and not name.startswith(prefix)},
    )
    return wanted, sum(of.count for kind, of in app.asked.initial.items() if kind.upper().endswith("DRIVER"))


def _submitted(asked: RunRequest, release: Release) -> tuple[Options, Sequence[str]]:
    """The settings, and the arguments of spark-submit behind them."""
    spark_home = str(release.runtime.spark_home)
    if asked.spark is not None:
        return _spark(asked.spark, asked.name, spark_home)
    assert asked.hive is not None
    return Options(), _hive(asked.hive)


def _spark(job: SparkJob, name: str | None, spark_home: str) -> tuple[Options, Sequence[str]]:
    try:
        words = shlex.split(job.parameters)
    except ValueError as error:
        raise Invalid(f"sparkSubmitParameters cannot be read: {error}.") from None
    given, rest = options(words)
    if rest:
        raise Invalid(f"sparkSubmitParameters has {rest[0]!r} in the place of an option.")
    named = {"spark.app.name": name or job.file.rpartition("/")[2]}
    return Options({**named, **given.conf}, given.main), application(job.file, given.main, job.arguments, spark_home)


def _hive(job: HiveJob) -> Sequence[str]:
    """A query of Hive is run by Spark SQL's own program for its files."""
    words = shlex.split(job.parameters)
    text = ("-f", job.query) if job.query.startswith(("s3://", "s3a://")) else ("-e", job.query)
    init = ("-i", job.init) if job.init is not None else ()
    return ("--class", HIVE, "spark-internal", *init, *words, *text)


def spark_defaults(configurations: Sequence[JSON]) -> dict[str, str]:
    """Spark's settings among the classifications; the others are recorded."""
    conf: dict[str, str] = {}
    for each in configurations:
        if each["classification"] == "spark-defaults":
            conf |= each.get("properties") or {}
        conf |= spark_defaults(each.get("configurations") or ())
    return conf


def _defaults(app: Application, asked: RunRequest) -> dict[str, str]:
    """The settings that a run has by its application, and by its own configuration."""
    return {**spark_defaults(app.asked.runtime), **spark_defaults(asked.runtime)}


def size(conf: Mapping[str, str], most: int | None = None) -> Size:
    """What the settings ask for, as far as this machine has it, of `most` executors."""
    executors, cores, memory = _workers(conf, "executor")
    executors = executors if most is None else min(executors, most)
    return within(this_machine(), max(1, executors), cores, int(memory * 1024 / HEAP_SHARE))


def _workers(conf: Mapping[str, str], of: str) -> tuple[int, int, float]:
    """Of the executors, or the driver: how many, their cores, GB of memory of each. Raises Invalid."""
    try:
        count = int(conf.get("spark.executor.instances", DEFAULTS["executors"])) if of == "executor" else 1
        cores = int(conf.get(f"spark.{of}.cores", DEFAULTS["cores"]))
    except ValueError as error:
        raise Invalid(f"A number of {of}s or cores cannot be read: {error}.") from None
    return count, cores, gigabytes(conf.get(f"spark.{of}.memory", f"{DEFAULTS['memory']}g"))


def gigabytes(text: str) -> float:
    """Memory as it is given to Spark, `512m` or `4g`, or to EMR, `16GB`. Raises Invalid."""
    found = MEMORY.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} is no amount of memory: give it as 512m or 4g.")
    return float(found[1]) * {"m": 1 / 1024, "g": 1.0, "t": 1024.0}[(found[2] or "g").lower()]


WORKERS: Mapping[float, Sequence[int]] = {
    1: range(2, 9),
    2: range(4, 17),
    4: range(8, 31),
    8: range(16, 61, 4),
    16: range(32, 121, 8),
    32: (60, 120, 244),
}
"""GB of memory that workers can have, by their virtual CPUs (EMR Serverless, "Supported worker configurations")."""


KINDS = {"SPARK": ("DRIVER", "EXECUTOR"), "HIVE": ("HIVE_DRIVER", "TEZ_TASK")}
"""The kinds of workers by the type of application."""


def check_initial(asked: ApplicationRequest) -> None:
    """Raises Invalid for initial workers that there are not, and for more than the application may have."""
    cpu, memory, maximum, kinds = 0.0, 0.0, asked.maximum, KINDS[asked.kind.upper()]
    for kind, of in asked.initial.items():
        if kind.upper().replace("_", "") not in [known.replace("_", "") for known in kinds]:
            raise Invalid(
                f"Applications of type {asked.kind} have workers of the kinds {' and '.join(kinds)}, not {kind}."
            )
        if of.cpu is None or of.memory is None:
            continue
        each = cpus(of.cpu), gigabytes(of.memory)
        if each[1] not in WORKERS.get(each[0], ()):
            raise Invalid(
                f"Workers of {of.cpu} and {of.memory} are not available ({kind}): there are those of "
                + ", ".join(f"{size} vCPU and {min(gb)} to {max(gb)} GB" for size, gb in WORKERS.items())
                + "."
            )
        cpu, memory = cpu + of.count * each[0], memory + of.count * each[1]
    if maximum is not None and (cpu > cpus(maximum["cpu"]) or memory > gigabytes(maximum["memory"])):
        raise Invalid(
            f"The initial capacity, {cpu:g} vCPU and {memory:g} GB, is more than the maximum capacity, "
            f"{maximum['cpu']} and {maximum['memory']}."
        )


def cpus(text: str) -> float:
    """Virtual CPUs as EMR has them, `4vCPU`. Raises Invalid."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(vcpu)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise Invalid(f"{text!r} is no number of virtual CPUs: give it as 4vCPU.")
    return float(found[1])


def capacity(app: Application, asked: RunRequest) -> Capacity:
    """What a run's workers count as: its driver, and of the executors that it asks for as many as there may be beside it.

    Raises Invalid, and LimitExceeded where the application may not have a driver and an executor.
    """
    conf = _defaults(app, asked)
    if asked.spark is not None:
        conf |= options(shlex.split(asked.spark.parameters))[0].conf
    (_, *driver), (number, *executor) = (_workers(conf, of) for of in ("driver", "executor"))
    one, each = ((cores, math.ceil(memory * (1 + OVERHEAD)), STORAGE) for cores, memory in (driver, executor))
    limits = app.asked.maximum
    if limits is not None:
        most = (
            cpus(limits["cpu"]),
            gigabytes(limits["memory"]),
            gigabytes(limits["disk"]) if limits.get("disk") else math.inf,
        )
        left = [limit - taken for limit, taken in zip(most, one, strict=True)]
        fit = min(room / part for room, part in zip(left, each, strict=True))
        if min(left) < 0 or fit < min(1, number):
            raise LimitExceeded(
                f"Job failed as application has exceeded maximumCapacity settings: {limits['cpu']} and {limits['memory']}. "
                f"Its driver is {one[0]} vCPU and {one[1]} GB, an executor {each[0]} vCPU and {each[1]} GB."
            )
        number = int(min(number, fit))
    return Capacity(one[0] + number * each[0], one[1] + number * each[1], 1 + number)


def of_workers(app: Application, run: Run) -> Capacity:
    """What a run's workers count as; nothing where the application may not have them."""
    try:
        return run.asked.capacity or capacity(app, run.asked)
    except LimitExceeded:
        return Capacity(0.0, 0.0, 0)


def utilization(app: Application, run: Run, now: datetime) -> tuple[Utilization, Utilization]:
    """What a run has used, and what of it is billed: by the second, a minute at least, without the free storage."""
    if run.started is None:
        return Utilization(0.0, 0.0, 0.0), Utilization(0.0, 0.0, 0.0)
    seconds = seconds_of(run, now)
    of, hours, billed = of_workers(app, run), seconds / 3600, max(seconds, LEAST_SECONDS) / 3600
    used = Utilization(round(of.cpu * hours, 3), round(of.memory * hours, 3), round(of.workers * STORAGE * hours, 3))
    return used, Utilization(round(of.cpu * billed, 3), round(of.memory * billed, 3), 0.0)


def seconds_of(run: Run, now: datetime) -> int:
    """Seconds that a run's last attempt has run, rounded up."""
    return 0 if run.started is None else math.ceil(((run.ended or now) - run.started).total_seconds())


def monitoring(app: Application, asked: RunRequest) -> dict[str, Any]:
    """What is to be done with logs: the run's own word for each kind, else the application's."""
    return {**app.asked.monitoring, **asked.monitoring}


def log_path(run: Run) -> str:
    """Where the logs of a run are, below a bucket's prefix or in the names of log streams."""
    attempt = f"/attempts/{run.attempt}" if run.asked.attempts > 1 else ""
    return f"applications/{run.application}/jobs/{run.id}{attempt}/{'HIVE' if run.asked.hive else 'SPARK'}_DRIVER"


def streams(app: Application, run: Run) -> Streams | None:
    """The log streams that a run is to write, if it is."""
    asked = monitoring(app, run.asked).get("cloudWatchLoggingConfiguration")
    if not asked or not asked.get("enabled"):
        return None
    group, prefix = asked.get("logGroupName") or LOG_GROUP, asked.get("logStreamNamePrefix")
    path = f"{prefix}/{log_path(run)}" if prefix else log_path(run)
    return Streams((group, f"{path}/stdout"), (group, f"{path}/stderr"))
