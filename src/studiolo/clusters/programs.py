"""What a step, or a bootstrap action, runs: a program's words from a jar and its arguments."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

S3 = ("s3://", "s3a://", "s3n://")

COMMAND_RUNNER, SCRIPT_RUNNER = "command-runner.jar", "script-runner.jar"
RUN_IF = "run-if"

COMMANDS = (
    "amazon-linux-extras", "apt-get", "dnf", "rpm", "service", "systemctl", "yum",
    "beeline", "hadoop", "hadoop-streaming", "hdfs", "hive", "hive-script", "pig-script", "pip", "pip3", "pyspark",
    "run-example", "s3-dist-cp", "spark-example", "spark-shell", "spark-sql", "spark-submit",
    "state-pusher-script", "aws", "yarn",
)  # fmt: skip
"""The commands on a node that are Python of ours (`studiolo.node.commanding`)."""

AT_EMR = re.compile(r"(/usr(/lib/[\w-]+)?)?/bin/(?P<name>[\w-]+)")
"""Where EMR has commands, by which steps may name them."""

OPTIONS = "HADOOP_CLIENT_OPTS"
"""Names the variable of Java's options for the programs of Hadoop."""

Fetch = Callable[[str], str]
"""Brings an object of S3: where it is on the node then. Raises CannotRun."""


class CannotRun(Exception):
    """Why there is no program to be run, in a sentence."""


def of_step(jar: str, main: str | None, arguments: Sequence[str], fetch: Fetch) -> list[str]:
    """The program of a step ("Run commands and scripts on an Amazon EMR cluster", EMR Management Guide)."""
    name = PurePosixPath(jar).name
    if name == COMMAND_RUNNER:
        if not arguments:
            raise CannotRun("command-runner.jar needs arguments: a program and what is handed to it.")
        found = AT_EMR.fullmatch(arguments[0])
        return [found["name"] if found and found["name"] in COMMANDS else arguments[0], *arguments[1:]]
    if name == SCRIPT_RUNNER:
        if not arguments:
            raise CannotRun("script-runner.jar needs an argument: the script, as s3://bucket/key.")
        return [_here(arguments[0], fetch), *arguments[1:]]
    if name.startswith("hadoop-streaming"):
        return ["hadoop-streaming", *arguments]
    return ["hadoop", "jar", _here(jar, fetch), *([main] if main else []), *arguments]


def with_properties(environment: Mapping[str, str], properties: Mapping[str, str]) -> Mapping[str, str]:
    """The variables of a step's program whose Java is to have these properties, by what `hadoop` hands to it."""
    if not properties:
        return environment
    told = [shlex.quote(f"-D{name}={value}") for name, value in properties.items()]
    return {**environment, OPTIONS: " ".join([*filter(None, [environment.get(OPTIONS)]), *told])}


def of_bootstrap(path: str, arguments: Sequence[str], instance: Mapping[str, Any], fetch: Fetch) -> list[str]:
    """The program of a bootstrap action; none where `run-if` says that it is for other nodes."""
    if path.startswith(S3) and PurePosixPath(path).name == RUN_IF and ".elasticmapreduce" in f".{path[5:]}":
        condition, *command = arguments or [""]
        subject, _, value = condition.partition("=")
        if str(instance.get(subject.removeprefix("instance."))).lower() != value.lower():
            return []
        if len(command) == 1 and not command[0].startswith(S3):
            # As in EMR's own example, "echo running on master node": a line for a shell.
            return ["bash", "-c", command[0]]
        return [_here(command[0], fetch), *command[1:]] if command else []
    return [_here(path, fetch), *arguments]


def _here(path: str, fetch: Fetch) -> str:
    return fetch(path) if path.startswith(S3) else path.removeprefix("file://")
