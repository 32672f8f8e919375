"""Refusals that SageMaker words with a code of their own."""

from studiolo.domain import Conflict, NotFound


class InUse(Conflict):
    """Something is of that name, or is still in what is to be deleted: `ResourceInUse`."""


class Missing(NotFound):
    """A thing of Studio is not there: `ResourceNotFound`, where most of SageMaker says ValidationException."""
