"""Refusals that SageMaker words with a code of their own."""

from studiolo.domain import AlreadyExists, Conflict, NotFound


class NameInUse(AlreadyExists):
    """A job of that name exists: job names are never free again."""


class RecordMissing(NotFound):
    """There is no such entity of lineage, or model card."""


class RecordConflict(Conflict):
    """The present state of a record of the registry does not allow it."""


class JobMissing(NotFound):
    """There is no such compilation or tuning job."""
