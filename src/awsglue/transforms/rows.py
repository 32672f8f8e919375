"""Transforms of a frame's records."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms.base import GlueTransform


class Filter(GlueTransform):
    """Keep the records for which a function is true."""

    def __call__(
        self,
        frame: DynamicFrame,
        f: Callable[[dict[str, Any]], Any],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame of the records."""
        return frame.filter(f, transformation_ctx, info, stageThreshold, totalThreshold)


class Map(GlueTransform):
    """Apply a function to each record."""

    def __call__(
        self,
        frame: DynamicFrame,
        f: Callable[[dict[str, Any]], Mapping[str, Any]],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame of what the function made."""
        return frame.map(f, False, transformation_ctx, info, stageThreshold, totalThreshold)


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


class mergeDynamicFrame(GlueTransform):
    """Replace records by those of a staging frame with the same keys."""

    def __call__(
        self,
        frame: DynamicFrame,
        stage_dynamic_frame: DynamicFrame,
        primary_keys: str | Iterable[str],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame of the records that are left and those of the staging frame."""
        return frame.mergeDynamicFrame(
            stage_dynamic_frame, primary_keys, transformation_ctx, None, info, stageThreshold, totalThreshold
        )


class Spigot(GlueTransform):
    """Write a sample of the records as JSON."""

    def __call__(
        self,
        frame: DynamicFrame,
        path: str,
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame as it is."""
        return frame.spigot(path, options, transformation_ctx, info, stageThreshold, totalThreshold)


class DropDuplicates(GlueTransform):
    """Drop records that repeat others."""

    def __call__(
        self,
        frame: DynamicFrame,
        columns: Iterable[str] | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrame:
        """The frame without repetitions."""
        return frame.drop_duplicates(columns)


class ErrorsAsDynamicFrame(GlueTransform):
    """Show the records that failed."""

    def __call__(self, frame: DynamicFrame) -> DynamicFrame:
        """The frame of the error records."""
        return frame.errorsAsDynamicFrame()
