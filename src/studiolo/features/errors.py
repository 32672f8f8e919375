"""Refusals that Feature Store words with a code of their own."""

from studiolo.domain import NotFound


class NoFeatureGroup(NotFound):
    """The feature group is not there: `ResourceNotFound`, where most of SageMaker says ValidationException."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}")


class NoFeature(NotFound):
    """The feature group has no such feature: `ResourceNotFound`."""
