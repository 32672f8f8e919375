"""The options of Java with which Spark's drivers, and executors on this machine, start fast."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from studiolo.domain import Invalid
from studiolo.kernel.driver import sharing
from studiolo.runtimes import Runtime

SERIAL_CORES = 2
"""Most cores on which Java's simplest collector of garbage holds up no more than the others, and starts the quickest."""

PATIENT = (
    "-XX:Tier4InvocationThreshold=20000",
    "-XX:Tier4MinInvocationThreshold=2400",
    "-XX:Tier4CompileThreshold=60000",
    "-XX:Tier4BackEdgeThreshold=160000",
)
"""Options of Java for what starts quickly and may compute much: its best compiler takes four times the calls to begin.

By default it works as long as all else of a short application, on methods that will not be called again.
"""

COLLECTOR = re.compile(r"-XX:\+Use\w*GC\b")
LOCAL_CORES = re.compile(r"local\[(\d+|\*)")


def check_options(conf: Mapping[str, str]) -> None:
    """Raises Invalid for a heap given as an option of Java, as Spark does."""
    for name in ("spark.driver.defaultJavaOptions", "spark.driver.extraJavaOptions"):
        if "-Xmx" in conf.get(name, ""):
            raise Invalid(f"{name} sets the heap: give it as spark.driver.memory instead.")


def driver_launch(
    runtime: Runtime, conf: Mapping[str, str], jars: Sequence[str], archive: Sequence[Path]
) -> dict[str, Any]:
    """What `studiolo.kernel.driver` takes of how the driver is started, with an archive of classes if there is one."""
    return {
        "java": str(runtime.java / "bin" / "java"),
        "spark": str(runtime.spark_home),
        "jars": list(jars),
        "options": [
            *runtime.java_options,
            *_collector(conf, "driver", _local_cores(conf["spark.master"])),
            *PATIENT,
        ],
        "archive": _joined(archive) or None,
    }


def executor_options(conf: Mapping[str, str], archive: Sequence[Path]) -> str:
    """The value of `spark.executor.extraJavaOptions` for executors of a cluster: ours, then the user's."""
    options = _collector(conf, "executor", int(conf.get("spark.executor.cores", "1")))
    if archive and _on_this_machine(conf["spark.master"]):
        # Where the executors have another Spark or Java, Java says that it does not fit, and goes on.
        options += sharing(_joined(archive))
    return " ".join([*options, *filter(None, [conf.get("spark.executor.extraJavaOptions")])])


def _collector(conf: Mapping[str, str], of: str, cores: int) -> list[str]:
    """The option for the collector of garbage that starts quickest, on few cores, unless the user has chosen one."""
    chosen = [conf.get(f"spark.{of}.{kind}JavaOptions", "") for kind in ("default", "extra")]
    return ["-XX:+UseSerialGC"] if cores <= SERIAL_CORES and not COLLECTOR.search(" ".join(chosen)) else []


def _local_cores(master: str) -> int:
    """The cores that a driver computes on: of a local master."""
    found = LOCAL_CORES.match(master)
    if found is None:
        return 1
    return (psutil.cpu_count() or 1) if found[1] == "*" else int(found[1])


def _on_this_machine(master: str) -> bool:
    """Whether the executors of the master, `spark://host:port`, are surely here."""
    host = urlsplit(master.partition(",")[0]).hostname or ""
    return host == "localhost" or host.startswith("127.")


def _joined(archive: Sequence[Path]) -> str:
    return os.pathsep.join(map(str, archive))
