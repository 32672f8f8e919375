"""Transforms that take or give collections of frames."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from awsglue.collection import DynamicFrameCollection
from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms.base import GlueTransform


class SplitFields(GlueTransform):
    """Split a frame into one with some fields and one with the others."""

    returns: ClassVar[str] = "DynamicFrameCollection"

    def __call__(
        self,
        frame: DynamicFrame,
        paths: str | Iterable[str],
        name1: str | None = None,
        name2: str | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection[DynamicFrame]:
        """The two frames, under the frame's own name and a number when no names are given."""
        name = frame.name or "frame"
        names = (name1 or f"{name}1", name2 or f"{name}2")
        return frame.split_fields(paths, *names, transformation_ctx, info, stageThreshold, totalThreshold)


class SplitRows(GlueTransform):
    """Split a frame into one with some records and one with the others."""

    returns: ClassVar[str] = "DynamicFrameCollection"

    def __call__(
        self,
        frame: DynamicFrame,
        comparison_dict: dict[str, dict[str, object]],
        name1: str = "frame1",
        name2: str = "frame2",
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection[DynamicFrame]:
        """The two frames."""
        return frame.split_rows(comparison_dict, name1, name2, transformation_ctx, info, stageThreshold, totalThreshold)


class Relationalize(GlueTransform):
    """Make flat tables of nested records."""

    returns: ClassVar[str] = "DynamicFrameCollection"

    def __call__(
        self,
        frame: DynamicFrame,
        staging_path: str | None = None,
        name: str = "roottable",
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection[DynamicFrame]:
        """The tables."""
        return frame.relationalize(
            name, staging_path, options, transformation_ctx, info, stageThreshold, totalThreshold
        )


class SelectFromCollection(GlueTransform):
    """Take one frame of a collection."""

    def __call__(
        self, dfc: DynamicFrameCollection[DynamicFrame], key: str, transformation_ctx: str = ""
    ) -> DynamicFrame:
        """The frame of the key."""
        return dfc.select(key, transformation_ctx)


class MapToCollection(GlueTransform):
    """Apply a function to each frame of a collection."""

    returns: ClassVar[str] = "DynamicFrameCollection"

    def __call__(
        self,
        dfc: DynamicFrameCollection[DynamicFrame],
        callable: Callable[[DynamicFrame, str], DynamicFrame],
        transformation_ctx: str = "",
    ) -> DynamicFrameCollection[DynamicFrame]:
        """The collection of the results, under the names of what they are made of.

        The function gets a frame and a name for its bookmarks, as the public library calls it.
        """
        return dfc.map(callable, transformation_ctx)


class FlatMap(GlueTransform):
    """Apply a transform to each frame of a collection, and put the frames of its results together."""

    returns: ClassVar[str] = "DynamicFrameCollection"

    def __call__(
        self,
        dfc: DynamicFrameCollection[DynamicFrame],
        BaseTransform: type[GlueTransform],
        frame_name: str,
        transformation_ctx: str = "",
        **base_kwargs: Any,
    ) -> DynamicFrameCollection[DynamicFrame]:
        """The collection of the results. `frame_name` is what the transform calls its frame."""

        def change(frame: DynamicFrame, context: str) -> Any:
            return BaseTransform.apply(**{**base_kwargs, frame_name: frame, "transformation_ctx": context})

        return dfc.flatmap(change, transformation_ctx)
