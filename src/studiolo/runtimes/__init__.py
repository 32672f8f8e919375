"""What a release label means: Spark, Java, Python and jars."""

from studiolo.runtimes.cds import Archives, NotMade
from studiolo.runtimes.compiled import NotCompiled
from studiolo.runtimes.jars import JarsUnavailable
from studiolo.runtimes.java import JavaMissing
from studiolo.runtimes.overlays import ModulesUnavailable, Overlays, TookTooLong
from studiolo.runtimes.runtimes import Runtime, Runtimes

__all__ = [
    "Archives",
    "JarsUnavailable",
    "JavaMissing",
    "ModulesUnavailable",
    "NotCompiled",
    "NotMade",
    "Overlays",
    "Runtime",
    "Runtimes",
    "TookTooLong",
]
