"""`spark-submit` on a node: Spark's own, with the driver's JVM started by us, and YARN's words put into the cluster's.

spark-submit starts a JVM to find out how the driver's is started; here that is this file, which needs Python's own
library alone. On a cluster without YARN its master is the cluster's own; on one with YARN, who names that, or deploy mode
cluster, has it, and who names no master has the cluster's own, which is quicker and leaves YARN asleep. Where executors
are elsewhere that master stands for the cluster's own and for YARN.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.kernel.driver import MODULES, class_path, sharing
from studiolo.node import waking
from studiolo.node.facts import Facts

FLAGS = ("--verbose", "-v", "--supervise", "--help", "-h", "--version", "--usage-error")
"""The options of spark-submit that have no value (org.apache.spark.launcher.SparkSubmitOptionParser)."""

MAIN = "org.apache.spark.deploy.SparkSubmit"

THRIFT = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
"""It has a user of each client's, and is nobody's proxy."""

HADOOP_USER = "studiolo.HadoopUser"
"""Runs a class as the user that its first argument names, to Hadoop."""

JOINED = ("spark.jars", "spark.files", "spark.extraListeners")
"""Settings of drivers whose executors are elsewhere that a command line adds to, and does not replace."""

APP_MASTER = "spark.yarn.appMasterEnv."
DRIVER_HEAP = "1g"

INTERNAL = "spark-internal"
"""The application of a class that is on the driver's class path."""

EXAMPLES = "/usr/lib/spark/examples/jars/spark-examples"
"""How EMR's places of the jar of Spark's examples begin. PyPI's Spark has none: ours are with our doors."""

LOCAL = ("local", "spark://", "k8s://", "mesos://")
"""How masters begin that are taken as they are."""


class Refused(Exception):
    """Why the command is not carried out, in a sentence."""


@dataclass
class Submission:
    """The command line, taken apart: spark-submit's options in order, then the application and its arguments."""

    options: list[tuple[str, str | None]] = field(default_factory=list)
    conf: dict[str, str] = field(default_factory=dict)
    application: list[str] = field(default_factory=list)

    def value(self, option: str) -> str | None:
        """The last value of an option."""
        return next((value for name, value in reversed(self.options) if name == option), None)


def parsed(arguments: Sequence[str]) -> Submission:
    """The command line of spark-submit. Raises Refused for an option without its value."""
    found, rest = Submission(), list(arguments)
    while rest and rest[0].startswith("-"):
        option, equals, value = rest.pop(0).partition("=")
        if option in FLAGS:
            found.options.append((option, None))
            continue
        if not equals:
            if not rest:
                raise Refused(f"Missing argument for option '{option}'.")
            value = rest.pop(0)
        if option in ("--conf", "-c"):
            name, equals, setting = value.partition("=")
            if not equals:
                raise Refused(f"Spark config without '=': {value}")
            found.conf[name.strip()] = setting
        else:
            found.options.append((option, value))
    found.application = [*map(place, rest[:1]), *rest[1:]]
    return found


def place(file: str) -> str:
    """Where an application is that may be named by its place on EMR."""
    plain = file.removeprefix("local://").removeprefix("file://")
    return INTERNAL if plain.startswith(EXAMPLES) else file


def properties(text: str) -> dict[str, str]:
    """A file of Spark's settings: a name and a value a line, apart by blanks, `=` or `:`."""
    found = {}
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith(("#", "!")):
            name, _, value = line.replace("=", " ", 1).partition(" ") if "=" in line.split()[0] else line.partition(" ")
            found[name] = value.strip()
    return found


@dataclass(frozen=True)
class Launch:
    """How the driver's JVM is started, what is said before, and what is asked for that the cluster does otherwise.

    carried: the lists of files and of archives that are to be in the driver's folder.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    notes: tuple[str, ...]
    carried: tuple[str, str] = ("", "")


def launch(submission: Submission, defaults: Mapping[str, str], facts: Facts) -> Launch:
    """The start of a driver. Raises Refused."""
    notes: list[str] = []
    given = {**defaults, **submission.conf}
    options = [(name, value) for name, value in submission.options if name not in MAPPED]
    if facts.yarn and _for_yarn(submission):
        return _on_yarn(submission, given, facts)
    master = _master(submission, given, facts)
    if _is_elsewhere(submission, facts):
        options = [
            (name, _joined(defaults, f"spark.{name[2:]}", value) if name in ("--jars", "--files") else value)
            for name, value in options
        ]
    carried = ("", "")
    if _deploy_mode(submission, given) == "cluster":
        asked = submission.conf
        files, archives = (submission.value(f"--{of}") or asked.get(f"spark.{of}", "") for of in ("files", "archives"))
        carried = (files, archives)
        notes.append("deploy mode cluster: the driver runs on the cluster's only machine, in this step.")
    conf = {**submission.conf, **_executors(submission, given, facts)}
    if _is_elsewhere(submission, facts):
        conf |= {name: _joined(defaults, name, conf[name]) for name in JOINED if name in conf}
    if (queue := submission.value("--queue")) is not None and master == "yarn":
        conf["spark.yarn.queue"] = queue
    elif queue is not None:
        notes.append(f"queue {queue}: the cluster has one queue.")
    environment = {name[len(APP_MASTER) :]: value for name, value in given.items() if name.startswith(APP_MASTER)}
    command = _command(submission, [("--master", master), *options], given, conf, facts)
    return Launch(command, environment, tuple(notes), carried)


def _master(submission: Submission, given: Mapping[str, str], facts: Facts) -> str:
    asked = submission.value("--master") or given.get("spark.master") or "yarn"
    return asked if asked.startswith(LOCAL) else facts.master


def _is_elsewhere(submission: Submission, facts: Facts) -> bool:
    """Whether the executors are at a master that is not the cluster's."""
    given = {"spark.master": facts.master, **submission.conf}
    return bool(facts.elsewhere) and _master(submission, given, facts) == facts.master


def _joined(defaults: Mapping[str, str], name: str, value: str | None) -> str:
    """A setting that the command line gives, behind what must be there, too."""
    return ",".join(filter(None, [defaults.get(name), value]))


def _command(
    submission: Submission,
    options: Sequence[tuple[str, str | None]],
    given: Mapping[str, str],
    conf: Mapping[str, str],
    facts: Facts,
) -> tuple[str, ...]:
    conf = {name: value for name, value in conf.items() if name not in ("spark.master", "spark.submit.deployMode")}
    if given.get("spark.dynamicAllocation.enabled") == "true":
        # There is no shuffle service on the nodes.
        conf |= {"spark.shuffle.service.enabled": "false", "spark.dynamicAllocation.shuffleTracking.enabled": "true"}
    words = [word for pair in options for word in pair if word is not None]
    if facts.yarn and submission.value("--proxy-user") is None and submission.value("--class") != THRIFT:
        words += ["--proxy-user", "hadoop"]
    words += [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
    user = [HADOOP_USER, facts.user] if facts.user and _is_elsewhere(submission, facts) else []
    return (*_java(submission, {**given, **conf}, facts), *user, MAIN, *words, *submission.application)


def _for_yarn(submission: Submission) -> bool:
    """Whether the command line asks for YARN: by name, or by deploy mode cluster, which the cluster's master has not."""
    master = submission.value("--master") or submission.conf.get("spark.master") or ""
    return master.startswith("yarn") or (
        not master.startswith(LOCAL) and _deploy_mode(submission, submission.conf) == "cluster"
    )


def _on_yarn(submission: Submission, given: Mapping[str, str], facts: Facts) -> Launch:
    """The start of a driver of an application on YARN, or of what submits it in deploy mode cluster."""
    mode = "client" if submission.value("--master") == "yarn-client" else _deploy_mode(submission, submission.conf)
    mode = "cluster" if submission.value("--master") == "yarn-cluster" else mode
    options = [
        (n, v) for n, v in submission.options if n not in ("--master", "--deploy-mode", "--principal", "--keytab")
    ]
    conf = {**facts.yarn, **submission.conf}
    first: list[tuple[str, str | None]] = [("--master", "yarn"), ("--deploy-mode", mode)]
    return Launch(_command(submission, [*first, *options], given, conf, facts), {}, ())


MAPPED = ("--master", "--deploy-mode", "--num-executors", "--queue", "--principal", "--keytab")
"""The options that are not handed on as they are."""


def _deploy_mode(submission: Submission, given: Mapping[str, str]) -> str:
    return submission.value("--deploy-mode") or given.get("spark.submit.deployMode") or "client"


def _executors(submission: Submission, given: Mapping[str, str], facts: Facts) -> dict[str, str]:
    """The settings of the executors asked for. Raises Refused for one larger than every node, as YARN does."""
    memory = submission.value("--executor-memory") or given.get("spark.executor.memory") or "1g"
    if (asked := mebibytes(memory)) > facts.worker_memory:
        raise Refused(
            f"Required executor memory ({asked} MB) is above the max threshold ({facts.worker_memory} MB) of this "
            "cluster! Please check the instance type of its core nodes."
        )
    cores = int(submission.value("--executor-cores") or given.get("spark.executor.cores") or 1)
    if cores > facts.worker_cores:
        raise Refused(
            f"Required executor cores ({cores}) is above the max threshold ({facts.worker_cores}) of this cluster! "
            "Please check the instance type of its core nodes."
        )
    number = submission.value("--num-executors") or given.get("spark.executor.instances")
    if number is None or "spark.cores.max" in submission.conf:
        return {}
    return {"spark.cores.max": str(int(number) * cores), "spark.executor.instances": number}


def _java(submission: Submission, given: Mapping[str, str], facts: Facts) -> list[str]:
    front = [
        path for path in (submission.value("--driver-class-path"), given.get("spark.driver.extraClassPath")) if path
    ]
    # Where something comes before Spark's jars, an archive would be refused.
    archive = [] if front else sharing(facts.archive)
    hadoop = [f"{facts.folder}/etc/hadoop"] if facts.yarn else []
    heap = facts.heap or submission.value("--driver-memory") or given.get("spark.driver.memory") or DRIVER_HEAP
    extra = submission.value("--driver-java-options") or given.get("spark.driver.extraJavaOptions", "")
    return [
        facts.java,
        *("-cp", os.pathsep.join([*front, class_path(Path(facts.spark_home), [*facts.jars, *hadoop])])),
        *archive,
        *facts.java_options,
        f"-Xmx{heap}",
        *MODULES,
        *shlex.split(given.get("spark.driver.defaultJavaOptions", "")),
        *shlex.split(extra),
    ]


def mebibytes(text: str) -> int:
    """An amount of memory as Spark reads it: a number of MiB, or one with a unit."""
    text = text.strip().lower().removesuffix("b")
    units = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024**2}
    try:
        return int(float(text[:-1]) * units[text[-1]]) if text[-1:] in units else int(text)
    except ValueError:
        raise Refused(f"{text} is no amount of memory, such as 2g.") from None


def main(arguments: Sequence[str], program: Sequence[str] = ()) -> int:
    """Become the driver's JVM; `program` comes before the arguments, such as the class of a shell."""
    facts = Facts.of_node()
    try:
        submission = parsed([*program, *arguments])
        defaults = facts.elsewhere if _is_elsewhere(submission, facts) else facts.defaults
        file = submission.value("--properties-file") or defaults
        made = launch(submission, properties(Path(file).read_text()), facts)
    except (Refused, OSError) as error:
        sys.stderr.write(f'Exception in thread "main" java.lang.IllegalArgumentException: {error}\n')
        return 1
    if facts.yarn:
        # Who wants no YARN may want HDFS, and does not come while it starts.
        (waking.wake if _for_yarn(submission) else waking.wait)(facts)
    for note in made.notes:
        sys.stderr.write(f"spark-submit: {note}\n")
    sys.stderr.flush()
    environment = {**os.environ, **facts.spark_environment, **made.environment}
    if any(made.carried):
        # It needs the interpreter's packages, which this program was started without.
        path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(Path(__file__).parents[2])]))
        words = [facts.python, "-m", "studiolo.kernel.carried", *made.carried]
        subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, check=False)
    command = list(made.command)
    if submission.value("--properties-file") is None:
        at = command.index(MAIN) + 1
        command[at:at] = ["--properties-file", file]
    return os.execve(command[0], command, environment)
