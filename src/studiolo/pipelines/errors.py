"""Refusals that SageMaker words with codes of their own for pipelines."""

from studiolo.domain import Conflict, NotFound


class NoPipeline(NotFound):
    """There is no such pipeline, version or execution."""


class Busy(Conflict):
    """The state of a pipeline or execution does not allow it now."""


class Unresolved(Exception):
    """An expression of a definition has no value when a step is begun, in a sentence."""
