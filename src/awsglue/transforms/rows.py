"""Transforms of a frame's records."""

from collections.abc import Iterable

from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms.base import FrameTransform, GlueTransform


class Filter(FrameTransform):
    """Keep the records for which a function is true."""

    method = DynamicFrame.filter


class Map(FrameTransform):
    """Apply a function to each record."""

    method = DynamicFrame.map


class Join(GlueTransform):
    """Join two frames on equal keys."""

    def __call__(
        self,
        frame1: DynamicFrame,
        frame2: DynamicFrame,
        keys1: str | Iterable[str],
        keys2: str | Iterable[str],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame of the pairs of records."""
        return frame1.join(keys1, keys2, frame2, transformation_ctx, info, stageThreshold, totalThreshold)


class Union(GlueTransform):
    """Put the records of two frames together."""

    def __call__(
        self,
        frame1: DynamicFrame,
        frame2: DynamicFrame,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame of all records."""
        return frame1.union(frame2, transformation_ctx, info, stageThreshold, totalThreshold)


class mergeDynamicFrame(FrameTransform):
    """Replace records by those of a staging frame with the same keys."""

    method = DynamicFrame.mergeDynamicFrame


class Spigot(FrameTransform):
    """Write a sample of the records as JSON."""

    method = DynamicFrame.spigot


class DropDuplicates(FrameTransform):
    """Drop records that repeat others."""

    method = DynamicFrame.drop_duplicates


class Repartition(FrameTransform):
    """Spread the records over so many partitions."""

    method = DynamicFrame.repartition


class Coalesce(FrameTransform):
    """Put the records into fewer partitions."""

    method = DynamicFrame.coalesce


class ErrorsAsDynamicFrame(FrameTransform):
    """Show the records that failed."""

    method = DynamicFrame.errorsAsDynamicFrame
