"""`smspark-submit` of SageMaker's images for Spark: `python -m studiolo.kernel.smspark BASE OPTIONS APP ARGUMENTS`.

BASE is the container's /opt/ml. `config/spark.json` in it says what Spark is here: `{"conf": its settings, "driver": as
`Driver` has it, "catalog": the settings that lead to the Data Catalog}`. It takes the options that SageMaker's takes, and
configurations of EMR from the input `conf`; its exit status is the application's, and why that failed is the container's
message. Source: the published sagemaker-spark-container.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from studiolo.kernel.classifications import CLIENT_FACTORY, DECIDED, HIVE, exports, flattened, spark_settings
from studiolo.kernel.doors import closed
from studiolo.kernel.driver import SUBMIT
from studiolo.kernel.failure import reason
from studiolo.kernel.places import places
from studiolo.kernel.submit import LAST_WORDS, command, properties

TOLD = "config/spark.json"
CONFIGURATION = "processing/input/conf/configuration.json"
MESSAGE = "output/message"
EVENTS = "spark-events"
"""Where Spark writes its event logs: in /opt/ml, so that links from one folder of that to another can be made."""

DEPENDENCIES = ("--jars", "--py-files", "--files")
"""Options with files: of a folder, all that are in it."""
LOCAL_EVENTS, S3_EVENTS = "--local-spark-event-logs-dir", "--spark-event-logs-s3-uri"
VALUED = ("--class", *DEPENDENCIES, LOCAL_EVENTS, S3_EVENTS)
FLAGS = ("-v", "--verbose")

KNOWN = (
    "core-site", "hadoop-env", "hadoop-log4j", "hive-env", "hive-exec-log4j", "hive-log4j", "hive-site", "spark-defaults",
    "spark-env", "spark-hive-site", "spark-log4j", "spark-metrics", "yarn-env", "yarn-site",
)  # fmt: skip
"""The classifications that SageMaker's images take."""
NOT_OBEYED = ("hadoop-log4j", "hive-env", "hive-exec-log4j", "hive-log4j", "spark-log4j", "spark-metrics")

DATA_CATALOG = "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"

LOOK_SECONDS = 1.0
TAIL_LINES = 2000
LONGEST_LINE = 64 * 1024


class Unusable(Exception):
    """What was asked for cannot be done, and why."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks for: options by name, whether to say more, the application and its arguments."""

    options: Mapping[str, str] = field(default_factory=dict)
    verbose: bool = False
    application: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Sequence[str]) -> "Asked":
        """Raises Unusable, as SageMaker's ends, for an option that is none, and without an application."""
        options: dict[str, str] = {}
        verbose, at = False, 0
        while at < len(words) and words[at].startswith("-") and words[at] != "--":
            name, equals, value = words[at].partition("=")
            at += 1
            if name in FLAGS:
                verbose = True
                continue
            if name not in VALUED:
                raise Unusable(f"no such option: {name}. Spark is configured by the processor's `configuration`.")
            if not equals:
                if at == len(words):
                    raise Unusable(f"{name} option requires an argument")
                value = words[at]
                at += 1
            options[name] = value
        application = tuple(words[at + 1 if words[at : at + 1] == ["--"] else at :])
        if not application:
            raise Unusable("missing parameter: app")
        return cls(options, verbose, application)

    def arguments(self) -> list[str]:
        """Those of spark-submit. Raises Unusable for files that are not there."""
        given = [word for name in ("--class",) if name in self.options for word in (name, self.options[name])]
        for name in DEPENDENCIES:
            if self.options.get(name):
                given += [name, ",".join(_files(self.options[name]))]
        return [*given, *(["--verbose"] if self.verbose else []), *self.application]


@dataclass(frozen=True)
class Configuration:
    """What the configurations of EMR come to: Spark's settings, variables, whether tables are the Data Catalog's."""

    spark: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    data_catalog: bool = False
    not_obeyed: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: Any) -> "Configuration":
        """Of one configuration or a list of them. Raises Unusable for a classification that SageMaker does not take."""
        entries = content if isinstance(content, list) else [content]
        for entry in entries:
            name = entry.get("Classification") if isinstance(entry, dict) else entry
            if name not in KNOWN:
                raise Unusable(f"Invalid classification: {name}. Must be one of {', '.join(KNOWN)}.")
        found = flattened(entries)
        factories = [found.get(name, {}).get(CLIENT_FACTORY) for name in HIVE]
        return cls(
            spark={name: str(value) for name, value in spark_settings(found).items() if name not in DECIDED},
            variables={name: str(value) for name, value in exports(found).items()},
            data_catalog=DATA_CATALOG in factories,
            not_obeyed=tuple(name for name in NOT_OBEYED if name in found),
        )


def settings(
    told: Mapping[str, Any], asked: Asked, configured: Configuration, base: Path, home: Path
) -> dict[str, str]:
    """Spark's settings: the machine's, then the configuration's, which win, then where its event logs go."""
    # Without the Data Catalog Spark has tables of its own, as anywhere.
    tables = told["catalog"] if configured.data_catalog else {"spark.sql.catalogImplementation": "in-memory"}
    conf = {**told["conf"], **tables, **configured.spark}
    conf |= places(home, Path(os.environ.get("TMPDIR", "/tmp")), conf)  # noqa: S108
    if asked.options.get(S3_EVENTS):
        uri = asked.options[S3_EVENTS]
        conf |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": uri.replace("s3://", "s3a://", 1)}
    elif asked.options.get(LOCAL_EVENTS):
        conf |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": (base / EVENTS).as_uri()}
    return conf


def main(base: Path, words: Sequence[str]) -> int:
    """Run the application on the first host; the others have nothing to do. The exit status is its own."""
    resources = json.loads((base / "config/resourceconfig.json").read_text())
    first = min(resources["hosts"])
    if resources["current_host"] != first:
        _say(f"Spark runs on {first}, with all cores of this machine: this host has nothing to do.")
        return 0
    try:
        asked = Asked.of(words)
        arguments = asked.arguments()
        configured = _configuration(base / CONFIGURATION)
    except Unusable as error:
        _say(str(error))
        _leave(base, str(error))
        return 1
    for name in configured.not_obeyed:
        _say(f"The classification {name} is not obeyed here.")
    told = json.loads((base / TOLD).read_text())
    home = Path.home()
    conf = settings(told, asked, configured, base, home)
    with _published_events(base, asked):
        status, why = _run({**told, "conf": conf, "arguments": arguments}, configured.variables, home)
    if status != 0:
        _leave(base, why)
    return status


def _configuration(file: Path) -> Configuration:
    try:
        return Configuration.of(json.loads(file.read_text()))
    except FileNotFoundError:
        return Configuration()
    except (ValueError, AttributeError, TypeError) as error:
        raise Unusable(f"{CONFIGURATION} cannot be read: {error}") from error


def _files(paths: str) -> list[str]:
    """The files that are meant by paths with commas between: objects as they are, of folders what is in them."""
    found: list[str] = []
    for path in filter(None, paths.split(",")):
        url = urlsplit(path)
        if url.scheme not in ("", "file"):
            found.append(path)
            continue
        file = Path(url.path)
        if not file.is_absolute():
            raise Unusable(f"file path {file} must be an absolute path to a file or directory")
        if not file.exists():
            raise Unusable(f"file path {file} does not exist")
        within = sorted(str(each) for each in file.iterdir() if each.is_file()) if file.is_dir() else [str(file)]
        if not within:
            raise Unusable(f"Found zero files in {file}")
        found += within
    return found


def _run(launch: Mapping[str, Any], variables: Mapping[str, str], home: Path) -> tuple[int, str]:
    """The exit status of the application, and why it failed. What it prints is printed."""
    file = home / "spark.conf"
    file.touch(0o600)
    file.write_text(properties(closed(launch["conf"])))
    java = subprocess.Popen(
        command(launch, [SUBMIT, "--properties-file", str(file), *launch["arguments"]]),
        env={**os.environ, "SPARK_HOME": launch["driver"]["spark"], "SPARK_ENV_LOADED": "1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: java.terminate())
    assert java.stdout is not None
    assert java.stderr is not None
    tails: list[deque[str]] = [deque(maxlen=TAIL_LINES), deque(maxlen=TAIL_LINES)]
    streams = ((java.stdout, sys.stdout.buffer, tails[0]), (java.stderr, sys.stderr.buffer, tails[1]))
    pumps = [threading.Thread(target=_pump, args=each, daemon=True) for each in streams]
    for pump in pumps:
        pump.start()
    status = java.wait()
    for pump in pumps:
        # What the application started may live on, and hold them open.
        pump.join(LAST_WORDS)
    return status if status >= 0 else 128 - status, reason(*("".join(tail) for tail in tails))


def _pump(reading: BinaryIO, writing: BinaryIO, tail: "deque[str]") -> None:
    for line in iter(lambda: reading.readline(LONGEST_LINE), b""):
        writing.write(line)
        writing.flush()
        tail.append(line.decode(errors="replace"))


@contextlib.contextmanager
def _published_events(base: Path, asked: Asked) -> Iterator[None]:
    """While the application runs, its event logs are also in the folder that was asked for, by their last names.

    They are links: what Spark adds is there at once, and none is there a second time as unfinished.
    """
    into = asked.options.get(LOCAL_EVENTS)
    if not into or asked.options.get(S3_EVENTS):
        yield
        return
    events, folder, over = base / EVENTS, Path(into), threading.Event()
    for each in (events, folder):
        each.mkdir(parents=True, exist_ok=True)

    def publish() -> None:
        for log in events.iterdir():
            with contextlib.suppress(OSError):
                (folder / log.name.removesuffix(".inprogress")).hardlink_to(log)

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            publish()

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        publish()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _leave(base: Path, why: str) -> None:
    with contextlib.suppress(OSError):
        (base / MESSAGE).write_text(why)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
