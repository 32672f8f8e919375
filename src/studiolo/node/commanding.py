"""The commands that scripts for EMR call, as they are on a node: `main([name, *arguments])`."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from studiolo.kernel.driver import MODULES, class_path, sharing
from studiolo.node import submit, waking
from studiolo.node.facts import STRICT, Facts

SQL = "org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver"
LOCAL_HIVE = re.compile(r"^(jdbc:hive2://)(localhost|127\.0\.0\.1)(?=[:/]|$)")
SHELL, BEELINE, JAR = "org.apache.hadoop.fs.FsShell", "org.apache.hive.beeline.BeeLine", "org.apache.hadoop.util.RunJar"

HDFS = {
    name: f"org.apache.hadoop.hdfs.tools.{main}"
    for name, main in {"dfsadmin": "DFSAdmin", "fsck": "DFSck", "getconf": "GetConf", "groups": "GetGroups"}.items()
}
APPLICATIONS = "ApplicationCLI"
YARN = {
    "version": "org.apache.hadoop.util.VersionInfo",
    **{
        name: f"org.apache.hadoop.yarn.client.cli.{main}"
        for name, main in {
            "application": APPLICATIONS,
            "applicationattempt": APPLICATIONS,
            "container": APPLICATIONS,
            "cluster": "ClusterCLI",
            "logs": "LogsCLI",
            "node": "NodeCLI",
            "queue": "QueueCLI",
            "rmadmin": "RMAdminCLI",
        }.items()
    },
}
"""The classes of the subcommands of `hdfs` and `yarn`."""

NO_HADOOP = (
    "the cluster has no HDFS and no YARN: it was asked for without Hadoop, or with runtime roles, or computes elsewhere"
)

SQL_OPTIONS = ("-f", "-e", "-i", "-d", "--define", "--database", "--hivevar", "--hiveconf")
SQL_FLAGS = ("-S", "--silent", "-v", "-H")
"""The options of `hive` and `spark-sql` that are not spark-submit's."""

SCALA = "org.apache.spark.repl.Main"
SCALA_OPTIONS, SCALA_FLAGS = ("-i", "-I", "-e"), ("-nc", "-Xnojline")
"""The class and the options of Scala's shell."""

OF_HIVE = ("-database", "-define", "-hiveconf", "-hivevar", "-silent")
"""Long options that Hive takes with one hyphen, too."""

OF_MAPREDUCE = ("hadoop-streaming", "hadoop-mapreduce-examples")
"""The jars of Hadoop's that programs name by places of EMR's (`/usr/lib/hadoop-mapreduce/…`)."""

CARRIED, PLACES = ("-files", "-archives", "-libjars"), ("-input", "-output")
"""The options of a job's own files, which are of the node's disk unless they say otherwise, and of where its data are."""

OPTIONS = ("HADOOP_OPTS", "HADOOP_CLIENT_OPTS")
"""Name the variables of Java's options for Hadoop's programs, as scripts and `hadoop-env` set them."""

QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xmx512m")

NOT_HERE = 127


def main(words: Sequence[str]) -> int:
    """Carry out a command; its exit status, where it does not become another program."""
    name, *arguments = words
    try:
        return COMMANDS[name](arguments)
    except waking.NotThere as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1


def spark_submit(arguments: Sequence[str]) -> int:
    return submit.main(arguments)


def spark_sql(arguments: Sequence[str]) -> int:
    """Spark's SQL shell."""
    return _shell(SQL, arguments, SQL_OPTIONS, SQL_FLAGS)


def spark_shell(arguments: Sequence[str]) -> int:
    """Spark's shell of Scala: a script by `-i` or `-I`, or what comes by its input."""
    class_path = ["--conf", "spark.driver.defaultJavaOptions=-Dscala.usejavacp=true"]
    return _shell(SCALA, [*class_path, *arguments], SCALA_OPTIONS, SCALA_FLAGS, "spark-shell")


def _shell(
    main_class: str,
    arguments: Sequence[str],
    options: Sequence[str],
    flags: Sequence[str],
    application: str = submit.INTERNAL,
) -> int:
    """A shell of Spark's: its own options go behind the application, Spark's before."""
    own: list[str] = []
    spark: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        option = word.partition("=")[0]
        if option in flags:
            own.append(word)
        elif option in options:
            own += [word] if "=" in word and option.startswith("--") else [word, *rest[:1]]
            rest = rest if "=" in word and option.startswith("--") else rest[1:]
        elif option in submit.FLAGS or "=" in word:
            spark.append(word)
        else:
            spark += [word, *rest[:1]]
            rest = rest[1:]
    return submit.main([*spark, application, *own], ["--class", main_class])


def hive(arguments: Sequence[str]) -> int:
    """Hive's command line, by Spark SQL."""
    return spark_sql([f"-{word}" if word.partition("=")[0] in OF_HIVE else word for word in arguments])


def hive_script(arguments: Sequence[str]) -> int:
    """EMR's: `hive-script --run-hive-script --args -f s3://… -d NAME=value`."""
    rest = list(arguments)
    if "--args" in rest:
        rest = rest[rest.index("--args") + 1 :]
    return hive([word for word in rest if word not in ("--run-hive-script", "--install-hive")])


def spark_example(arguments: Sequence[str]) -> int:
    """`spark-example SparkPi 10`."""
    name, *rest = arguments or [""]
    name = name if "." in name else f"org.apache.spark.examples.{name}"
    return submit.main([submit.INTERNAL, *rest], ["--class", name])


def hadoop(arguments: Sequence[str]) -> int:
    """`hadoop fs …`, `hadoop jar …`, `hadoop version`, `hadoop distcp …`."""
    command, *rest = arguments or ["help"]
    if command in ("fs", "dfs"):
        facts = Facts.of_node()
        if facts.yarn and waking.needs_hdfs(rest):
            waking.wake(facts)
        return _java(SHELL, rest)
    if command == "jar":
        return jar(rest)
    if command == "version":
        return _java("org.apache.hadoop.util.VersionInfo", rest)
    if command == "distcp":
        return s3_dist_cp([f"--src={rest[0]}", f"--dest={rest[1]}"] if len(rest) == 2 else rest)
    return _refused(f"hadoop {command}", "there are fs, jar, distcp and version")


def hdfs(arguments: Sequence[str]) -> int:
    command, *rest = arguments or ["help"]
    if command == "dfs":
        return hadoop(["fs", *rest])
    facts = Facts.of_node()
    if not facts.yarn:
        return _refused(f"hdfs {command}", f"{NO_HADOOP}; `hdfs dfs` works on its disk")
    if command in HDFS:
        if command != "getconf":
            waking.wake(facts)
        return _java(HDFS[command], rest)
    return _refused(f"hdfs {command}", f"there are dfs, {', '.join(HDFS)}")


def yarn(arguments: Sequence[str]) -> int:
    """`yarn application -list`, `-kill`, …: YARN's own commands."""
    command, *rest = arguments or ["help"]
    facts = Facts.of_node()
    if not facts.yarn and not facts.user:
        return _refused(f"yarn {command}", NO_HADOOP)
    command = "application" if command == "app" else command
    if command == "jar":
        return jar(rest)
    if command not in YARN:
        return _refused(f"yarn {command}", f"there are jar, {', '.join(YARN)}")
    if facts.yarn and command != "version":
        waking.wake(facts)
    # One program has these three, and is told which it is.
    own = [command] if command in ("application", "applicationattempt", "container") else []
    return _java(YARN[command], [*own, *rest])


def jar(arguments: Sequence[str]) -> int:
    """A jar, by RunJar: MapReduce has its local job runner. Hadoop's own jars are where its daemons' are."""
    path, *rest = arguments or [""]
    own = next((name for name in OF_MAPREDUCE if Path(path).name.startswith(name)), None)
    if own is None or Path(path).exists():
        return _java(JAR, arguments)
    facts = Facts.of_node()
    if not facts.yarn:
        return _refused(own, NO_HADOOP)
    # It keeps files of its own in HDFS, and the jars are here by then.
    waking.wake(facts)
    hadoop_s = next(jar for jar in _of_daemons(facts) if Path(jar).name.startswith(own))
    hdfs = submit.properties(Path(facts.defaults).read_text())["spark.hadoop.fs.defaultFS"]
    return _java(JAR, [hadoop_s, *on_disk(rest, hdfs)])


def on_disk(arguments: Sequence[str], hdfs: str) -> list[str]:
    """The words of a job; hdfs: the URL of its file system.

    One that has files with it has them by the local job runner where the disk is the file system: then the job's places
    say that they are HDFS's.
    """
    if not set(CARRIED) & set(arguments):
        return [*arguments]
    words = [*arguments]
    for at, (option, place) in enumerate(pairwise(arguments), 1):
        if option in (*PLACES, *CARRIED):
            words[at] = ",".join(_of_hdfs(each, hdfs, option in PLACES) for each in place.split(","))
    return ["-fs", "file:///", *words]


def _of_hdfs(place: str, hdfs: str, untold: bool) -> str:
    """The place with the URL where it is HDFS's; untold: whether one without a scheme is."""
    if place.startswith("hdfs:///"):
        return f"{hdfs}/{place.removeprefix('hdfs:///')}"
    if not untold or "://" in place or place.startswith("file:"):
        return place
    return f"{hdfs}{place}" if place.startswith("/") else f"{hdfs}/user/hadoop/{place}"


def streaming(arguments: Sequence[str]) -> int:
    return jar(["hadoop-streaming.jar", *arguments])


def beeline(arguments: Sequence[str]) -> int:
    """As scripts have it, HiveServer2 is at `localhost`: here it is at the cluster's own address."""
    host = Facts.of_node().master.partition("://")[2].partition(":")[0]
    return _java(BEELINE, [LOCAL_HIVE.sub(rf"\g<1>{host}", word) if host else word for word in arguments])


def s3_dist_cp(arguments: Sequence[str]) -> int:
    """It needs the interpreter's packages, which this program was started without."""
    facts = Facts.of_node()
    words = [word for given in arguments for word in given.split("=", 1)]
    places = [place for option, place in pairwise(words) if option in ("--src", "--dest", "--srcPrefixesFile")]
    if facts.yarn and any(map(waking.is_on_hdfs, places)):
        waking.wake(facts)
    program = "import sys; from studiolo.node.distcp import copy; sys.exit(copy(sys.argv[1:]))"
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(Path(__file__).parents[2])]))
    return os.execve(facts.python, [facts.python, "-c", program, *arguments], {**os.environ, "PYTHONPATH": path})


def pip(arguments: Sequence[str]) -> int:
    facts = Facts.of_node()
    return os.execv(facts.python, [facts.python, "-m", "pip", *arguments])


def aws(arguments: Sequence[str]) -> int:
    """The AWS CLI: that of the interpreter, else the machine's, else one that is installed now."""
    facts = Facts.of_node()
    run = [facts.python, "-m", "awscli", *arguments]
    if subprocess.run([facts.python, "-c", "import awscli"], capture_output=True).returncode == 0:
        return os.execv(facts.python, run)
    path = os.pathsep.join(p for p in os.get_exec_path() if not p.startswith(facts.folder))
    if (machine := shutil.which("aws", path=path)) is not None and _works(machine):
        return os.execv(machine, ["aws", *arguments])
    sys.stderr.write("aws: the AWS CLI is installed on the cluster now\n")
    done = subprocess.run([facts.python, "-m", "pip", "install", "-q", "awscli"])
    if done.returncode != 0:
        return _refused("aws", "the AWS CLI is not here and cannot be installed")
    return os.execv(facts.python, run)


def _works(program: str) -> bool:
    return subprocess.run([program, "--version"], capture_output=True).returncode == 0


def packages(name: str) -> Callable[[Sequence[str]], int]:
    """A package manager, or a manager of services, of the system: it says what it does not do, and that all is well.

    On a strict node it is not.
    """

    def say(arguments: Sequence[str]) -> int:
        strict = Facts.of_node().strict
        named = [word for word in arguments if not word.startswith("-")]
        why = f", and {STRICT} lets nothing pass that is not" if strict else ""
        sys.stderr.write(f"{name}: {' '.join(named) or 'nothing'}: not done here, the node is this machine{why}\n")
        return NOT_HERE if strict else 0

    return say


def state_pusher(_arguments: Sequence[str]) -> int:
    sys.stdout.write("Logs are at hand as soon as a step ends: there is nothing to be set up for debugging.\n")
    return 0


def _java(main_class: str, arguments: Sequence[str]) -> int:
    facts = Facts.of_node()
    # What manages HDFS comes with its daemons, and what reads logs of YARN.
    daemons = _of_daemons(facts) if main_class in (*HDFS.values(), YARN["logs"]) else []
    path = class_path(Path(facts.spark_home), [*facts.jars, *daemons, f"{facts.folder}/etc/hadoop"])
    log = f"-Dlog4j2.configurationFile=file:{facts.folder}/etc/log4j2-quiet.properties"
    home = f"-Duser.home={os.environ.get('HOME', facts.folder)}"
    asked = [word for name in OPTIONS for word in shlex.split(os.environ.get(name, ""))]
    options = [*sharing(facts.archive), *QUICK, *MODULES, log, home, *asked]
    command = [facts.java, "-cp", path, *options, main_class, *arguments]
    # By the name of the cluster's token Hadoop would show who owns things.
    return os.execve(facts.java, command, {**os.environ, "HADOOP_USER_NAME": facts.user or "hadoop"})


def _of_daemons(facts: Facts) -> list[str]:
    """The jars of Hadoop's daemons; none while the server still fetches them."""
    try:
        jars: list[str] = json.loads(Path(facts.folder, "hadoop.json").read_text())["jars"]
    except FileNotFoundError:
        return []
    return jars


def _refused(command: str, reason: str) -> int:
    sys.stderr.write(f"{command}: {reason}.\n")
    return NOT_HERE


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "aws": aws,
    "beeline": beeline,
    "hadoop": hadoop,
    "hadoop-streaming": streaming,
    "hdfs": hdfs,
    "hive": hive,
    "hive-script": hive_script,
    "pig-script": lambda _: _refused("pig-script", "Pig is not on the cluster"),
    "pip": pip,
    "pip3": pip,
    "pyspark": spark_submit,
    "run-example": spark_example,
    "s3-dist-cp": s3_dist_cp,
    "spark-example": spark_example,
    "spark-shell": spark_shell,
    "spark-sql": spark_sql,
    "spark-submit": spark_submit,
    "state-pusher-script": state_pusher,
    "yarn": yarn,
    **{
        name: packages(name) for name in ("amazon-linux-extras", "apt-get", "dnf", "rpm", "service", "systemctl", "yum")
    },
}
