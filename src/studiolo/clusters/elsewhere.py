"""A cluster whose executors are at the master that the server's settings name: what its drivers, on the nodes, are told.

The nodes are this machine then as ever, and compute nothing but drivers; there are no workers on them.
"""

import getpass
from typing import TYPE_CHECKING

from studiolo.engine.drivers import executor_options
from studiolo.engine.elsewhere import Elsewhere, executor_variables, executors
from studiolo.engine.far import keys_files
from studiolo.engine.size import Machine, within
from studiolo.identity import client_environment, container_variables
from studiolo.kernel.doors import STREAM_DOOR
from studiolo.node.submit import JOINED

if TYPE_CHECKING:
    from studiolo.clusters.world import World

PLACE = "etc/spark-elsewhere.conf"
"""The file of these drivers' settings, in the folder of the nodes."""

OPTIONS = "spark.driver.extraJavaOptions"


def settings(world: "World", there: Elsewhere) -> dict[str, str]:
    """All of Spark's settings of a driver on the nodes whose executors are there."""
    asked, site = world.configured.spark, there.site.spark
    base = world.spark_conf()
    # That of the cluster's own daemons is nobody's there.
    del base["spark.authenticate.secret"]
    found = {
        **base,
        "spark.authenticate": str(there.has_own_secret).lower(),
        **sizes(world, there),
        **there.driver(world.python),
        "spark.hadoop.fs.s3a.aws.credentials.provider": there.s3_credentials(world.release.runtime.s3_credentials),
        **executor_variables(_variables(world), there.keys),
        **asked,
        # Those of the nodes, and what was asked for.
        OPTIONS: " ".join(filter(None, [base[OPTIONS], site.get(OPTIONS)])),
    }
    files = [] if there.keys is None else keys_files(world.own / "etc", _python(world, there))
    ours = {"spark.jars": map(str, world.jars), "spark.files": files, "spark.extraListeners": [STREAM_DOOR]}
    for name in JOINED:
        if told := [each for each in (*ours[name], site.get(name), asked.get(name)) if each]:
            found[name] = ",".join(told)
    of_executors = {
        "spark.executor.cores": found["spark.executor.cores"],
        **site,
        **asked,
        "spark.master": there.master,
    }
    return {**found, "spark.executor.extraJavaOptions": executor_options(of_executors, world.archive)}


def sizes(world: "World", there: Elsewhere) -> dict[str, str]:
    """As many executors as nodes that compute, as large as the largest, as far as the master's own settings are silent."""
    number, _, _ = world.executors()
    machine, largest = Machine(world.around.machine_cores, world.around.machine_memory), world.largest()
    size = within(machine, number, largest.cores, largest.containers)
    found = executors(there.master, number, size.executor_cores, size.executor_heap)
    return {name: value for name, value in found.items() if name not in there.site.spark}


def of_sessions(world: "World", there: Elsewhere) -> dict[str, str]:
    """The settings of sessions and batches of the cluster, whose drivers are not on the nodes."""
    found = {**sizes(world, there), **world.configured.spark}
    return {name: value for name, value in found.items() if name != "spark.master"}


def variables(world: "World", there: Elsewhere) -> dict[str, str]:
    """The variables of what runs on the nodes, beside those of all clusters."""
    # YARN is sent all that is in the folder; its settings come with Spark's.
    yarn = {"HADOOP_CONF_DIR": str(world.own / "none")} if there.on_yarn else {}
    return {"PYSPARK_PYTHON": _python(world, there), **yarn, **there.variables()}


def facts(world: "World", there: Elsewhere) -> dict[str, str]:
    """What `studiolo.node.facts` has of it."""
    return {"elsewhere": str(world.own / PLACE), "user": getpass.getuser() if there.on_yarn else ""}


def _python(world: "World", there: Elsewhere) -> str:
    """The interpreter of the executors."""
    here = "python3" if there.keys is not None else str(world.release.runtime.python)
    return there.site.spark.get("spark.pyspark.python", here)


def _variables(world: "World") -> dict[str, str]:
    """The variables by which AWS clients in executors find the server, and the role's keys."""
    around = world.around
    credentials = container_variables(around.s3_endpoint, world.token)
    found = client_environment(around.endpoint, around.s3_endpoint, world.cluster.scope.region, credentials)
    return {name: value for name, value in found.items() if name.startswith("AWS_")}
