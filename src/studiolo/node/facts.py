"""What the commands on a node know of their cluster: a file that the server leaves, read without a library of ours."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "STUDIOLO_NODE"
"""Names the folder of the cluster's files."""
STRICT = "STUDIOLO_CLUSTER_STRICT"
"""The server's setting by which nodes are strict."""


@dataclass(frozen=True)
class Facts:
    """folder: of the cluster's files; master: its URL; defaults: the file of Spark's settings.

    java, spark_home, jars, java_options, archive: what a driver's JVM is started with. python: the node's interpreter;
    base_python: the one whose packages it has too; site: its folder of packages; uv: what installs them. worker_cores,
    worker_memory: of the largest node that computes, the memory in MiB. heap: of a driver in which its executors are.
    yarn: Spark's settings of applications on YARN; none where there is none. elsewhere: the file of Spark's settings of
    drivers of that master, where it is none of the cluster's own; user: who they are to its Hadoop then. strict: whether
    what a node does not do fails.
    """

    folder: str
    master: str
    defaults: str
    java: str
    spark_home: str
    jars: tuple[str, ...]
    java_options: tuple[str, ...]
    archive: str
    python: str
    base_python: str
    site: str
    uv: str
    worker_cores: int
    worker_memory: int
    spark_environment: Mapping[str, str]
    heap: str = ""
    elsewhere: str = ""
    user: str = ""
    strict: bool = False
    yarn: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_node(cls) -> "Facts":
        """The facts of the node that this runs on."""
        values = json.loads((Path(os.environ[VARIABLE]) / "facts.json").read_text())
        return cls(**{**values, "jars": tuple(values["jars"]), "java_options": tuple(values["java_options"])})
