"""Transforms that are refused."""

from typing import ClassVar

from awsglue.transforms.base import UnsupportedTransform


class EvaluateDataQuality(UnsupportedTransform):
    """Data quality rules evaluated on a frame."""

    instead: ClassVar[str] = "check the frame's toDF() with Spark."


class FillMissingValues(UnsupportedTransform):
    """Missing values filled in by a trained model."""

    instead: ClassVar[str] = "fill them with toDF().fillna(…), or with a model of your own."


class FindMatches(UnsupportedTransform):
    """Records that match each other, found by a trained model."""

    instead: ClassVar[str] = "there are no machine-learning transforms."


class FindIncrementalMatches(UnsupportedTransform):
    """New records that match known ones, found by a trained model."""

    instead: ClassVar[str] = "there are no machine-learning transforms."
