"""Refusals that SageMaker words with a code of their own."""

from studiolo.domain import AlreadyExists


class NameInUse(AlreadyExists):
    """A job of that name exists: job names are never free again."""
