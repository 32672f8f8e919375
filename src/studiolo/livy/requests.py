"""What a request to Livy means to the engine."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from studiolo.domain import Invalid
from studiolo.engine import Extras, Size, Wanted, this_machine, within
from studiolo.engine.formats import JARS, format_at_emr
from studiolo.engine.requirements import S3
from studiolo.engine.size import HEAP_SHARE
from studiolo.livy.model import KINDS, Place, SessionRequest, duration, mebibytes
from studiolo.runtimes import Release

EXECUTORS, CORES, MEMORY = 5, 4, 16 * 1024
"""What a session has that asks for nothing, its memory in MiB: what Glue's has, so that one kept ready fits both."""

OURS = ("spark.master", "spark.submit.deployMode")
"""Settings that the server decides, as Livy does."""


def check_kind(asked: SessionRequest) -> None:
    """Raises Invalid for a kind of session that does not run here, and what is recorded that cannot be."""
    if asked.kind == "sparkr":
        raise Invalid("Sessions of kind sparkr need R, which is not here; pyspark, spark and sql are.")
    if asked.kind not in KINDS:
        raise Invalid(f"Invalid kind: {asked.kind}. There are {', '.join(KINDS)}.")
    if asked.driverMemory is not None:
        mebibytes(asked.driverMemory)
    if asked.archives:
        raise Invalid("archives are not unpacked for sessions here: give Python code by pyFiles.")


def wanted(place: Place, asked: SessionRequest, release: Release, acts_as: str, role: str | None) -> Wanted:
    """The session as the engine takes it; role: another than the server's. Raises Invalid."""
    master, conf = place.spark(role)
    idle = timedelta(minutes=place.idle_minutes) if asked.idleTimeout is None else duration(asked.idleTimeout)
    return Wanted(
        release=release,
        role=role or place.role,
        acts_as=acts_as,
        size=size_of(asked.executorMemory, asked.numExecutors, asked.executorCores),
        conf=with_jars({**conf, **spark_conf(asked.conf)}, asked.jars),
        formats=place.formats,
        master=master,
        extras=Extras(
            jars=_in_s3("jars", tuple(jar for jar in asked.jars if format_at_emr(jar) is None)),
            py_files=_in_s3("pyFiles", asked.pyFiles),
            files=_in_s3("files", asked.files),
        ),
        timeout=None if asked.ttl is None else duration(asked.ttl),
        idle_timeout=idle,
    )


def size_of(memory: str | None, executors: int | None, cores: int | None) -> Size:
    """What is given of this machine; memory that is asked for is a heap's, as Spark has it. Raises Invalid."""
    wanted = MEMORY if memory is None else int(mebibytes(memory) / HEAP_SHARE)
    return within(this_machine(), executors or EXECUTORS, cores or CORES, wanted)


def spark_conf(conf: Mapping[str, str]) -> dict[str, str]:
    """Spark's settings among those asked for."""
    return {name: value for name, value in conf.items() if name.startswith("spark.") and name not in OURS}


def with_jars(conf: Mapping[str, str], jars: Sequence[str]) -> dict[str, str]:
    """The settings, with the jars among these that EMR has of table formats: the engine knows them by their places."""
    named = [jar for jar in jars if format_at_emr(jar) is not None]
    return {**conf, **({JARS: ",".join([*filter(None, [conf.get(JARS)]), *named])} if named else {})}


def _in_s3(name: str, addresses: tuple[str, ...]) -> tuple[str, ...]:
    for address in addresses:
        if not address.startswith(S3) or not address.partition("://")[2].partition("/")[2]:
            raise Invalid(f"{name} takes objects in S3 such as s3://bucket/key, and cannot read: {address}")
    return addresses
