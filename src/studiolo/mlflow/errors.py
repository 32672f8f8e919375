"""Refusals that SageMaker words with a code of their own."""

from studiolo.domain import Conflict, NotFound


class Busy(Conflict):
    """A tracking server is in a state in which that cannot be done: `ConflictException`."""


class NoServer(NotFound):
    """There is no tracking server of that name: `ResourceNotFound`."""
