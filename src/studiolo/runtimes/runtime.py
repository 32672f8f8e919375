"""A runtime: the software that sessions of some releases run on."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from studiolo.processes import interpreter
from studiolo.runtimes.environments import Environment


@dataclass(frozen=True)
class Runtime:
    """An interpreter with pyspark, a Java, Spark's base configuration.

    environment: that of the interpreter; None where it is the one that Studiolo is installed in.
    java: the folder of the Java that `java_home` starts, which may be another's.
    java_options: what its Spark starts Java with beyond what Spark 3.5 does.
    formats: the table formats whose jars it can add, by their versions.
    s3_credentials: the class by which S3A finds the keys of the session's role.
    sail: the packages that a session has beside where it runs on Sail instead; none where it cannot.
    """

    name: str
    pyspark: str
    scala: str
    java_home: Path
    java: Path
    java_options: tuple[str, ...]
    conf: Mapping[str, str]
    formats: Mapping[str, str]
    s3_credentials: str
    sail: tuple[str, ...]
    environment: Environment | None = None

    @property
    def python(self) -> Path:
        """Its interpreter, which may have to be made yet."""
        return Path(sys.executable) if self.environment is None else self.environment.python

    @property
    def ready(self) -> bool:
        """Whether its interpreter is there."""
        return self.environment is None or self.environment.ready

    @property
    def python_version(self) -> str:
        """As `3.11`; of an environment that is not made yet, what it would be made of at best."""
        if self.environment is None:
            return f"{sys.version_info.major}.{sys.version_info.minor}"
        if not self.environment.ready:
            return self.environment.pythons[0]
        return self.environment.packages.parent.name.removeprefix("python")

    @property
    def spark_home(self) -> Path:
        """The folder of pyspark. The interpreter must be there."""
        if self.environment is not None:
            return self.environment.packages / "pyspark"
        spark = find_spec("pyspark")
        assert spark is not None
        assert spark.origin is not None
        return Path(spark.origin).parent

    @property
    def seen(self) -> tuple[Path, ...]:
        """What a program that runs on it must see of the machine."""
        return (*interpreter(self.python), self.java_home, self.java)
