"""DynamicFrames by name."""

from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import TYPE_CHECKING

from pyspark.sql.types import StructType

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame


class DynamicFrameCollection:
    """What a transform with several results gives."""

    def __init__(
        self, dynamic_frames: "Mapping[str, DynamicFrame] | Sequence[DynamicFrame]", glue_ctx: "GlueContext"
    ) -> None:
        """Of frames by name, or of a list of frames, which have names."""
        if isinstance(dynamic_frames, Mapping):
            self._frames = dict(dynamic_frames)
        else:
            self._frames = {frame.name: frame for frame in dynamic_frames}
        self.glue_ctx = glue_ctx

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._frames.keys()

    def values(self) -> "ValuesView[DynamicFrame]":
        """The frames."""
        return self._frames.values()

    def select(self, key: str, transformation_ctx: str = "") -> "DynamicFrame":
        """The frame of this name, or one without records and fields, as Glue gives for a name that is none."""
        from awsglue.dynamicframe import DynamicFrame

        if key in self._frames:
            return self._frames[key]
        empty = self.glue_ctx.spark_session.createDataFrame([], StructType())
        return DynamicFrame(empty, self.glue_ctx, key)

    def __getitem__(self, key: str) -> "DynamicFrame":
        return self._frames[key]

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def map(
        self, callable: "Callable[[DynamicFrame, str], DynamicFrame]", transformation_ctx: str = ""
    ) -> "DynamicFrameCollection":
        """What the function makes of each frame (and of a context of its own), under the frame's name."""
        made = {key: callable(frame, f"{transformation_ctx}:{key}") for key, frame in self._frames.items()}
        for key, result in made.items():
            _check(key, result)
        return DynamicFrameCollection(made, self.glue_ctx)

    def flatmap(
        self,
        f: "Callable[[DynamicFrame, str], DynamicFrame | DynamicFrameCollection]",
        transformation_ctx: str = "",
    ) -> "DynamicFrameCollection":
        """The same, with all frames of the collections that the function makes; each under a name of its own."""
        made: dict[str, DynamicFrame] = {}
        for key, frame in self._frames.items():
            result = f(frame, f"{transformation_ctx}:{key}")
            if isinstance(result, DynamicFrameCollection):
                made.update({f"{key}_{inner}": result[inner] for inner in result})
            else:
                _check(key, result)
                made[key] = result
        return DynamicFrameCollection(made, self.glue_ctx)


def _check(key: str, result: object) -> None:
    from awsglue.dynamicframe import DynamicFrame

    if not isinstance(result, DynamicFrame):
        raise TypeError(f"The function gave no DynamicFrame for {key}, and gave {type(result).__name__}.")
