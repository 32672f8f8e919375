"""What a release label means: Spark, Java, Python and jars."""

from studiolo.runtimes.cds import Archives, NotMade
from studiolo.runtimes.compiled import NotCompiled
from studiolo.runtimes.environments import (
    Environment,
    EnvironmentInUse,
    EnvironmentUnavailable,
    environments_folder,
)
from studiolo.runtimes.gateway import enterprise_gateway
from studiolo.runtimes.jars import JarsUnavailable
from studiolo.runtimes.java import JavaMissing
from studiolo.runtimes.overlays import ModulesUnavailable, Overlays, TookTooLong
from studiolo.runtimes.releases import Release
from studiolo.runtimes.runtime import Runtime
from studiolo.runtimes.runtimes import Runtimes
from studiolo.runtimes.trino import Trino, trino

__all__ = [
    "Archives",
    "Environment",
    "EnvironmentInUse",
    "EnvironmentUnavailable",
    "JarsUnavailable",
    "JavaMissing",
    "ModulesUnavailable",
    "NotCompiled",
    "NotMade",
    "Overlays",
    "Release",
    "Runtime",
    "Runtimes",
    "TookTooLong",
    "Trino",
    "enterprise_gateway",
    "environments_folder",
    "trino",
]
