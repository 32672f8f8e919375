"""What Service Catalog words with codes of its own."""

from studiolo.domain import AlreadyExists, Conflict, NotFound


class Missing(NotFound):
    """There is no such portfolio, product, artifact, constraint, record: or the caller sees none."""


class Exists(AlreadyExists):
    """There is one of that name, or of the same content."""


class InUse(Conflict):
    """Others hang on what is to be deleted."""


class WrongState(Conflict):
    """Something is being done to it."""
