"""DynamicFrames by name."""

from collections.abc import Callable, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame


class DynamicFrameCollection:
    """What a transform with several results gives."""

    def __init__(self, dynamic_frames: "Mapping[str, DynamicFrame]", glue_ctx: "GlueContext") -> None:
        self._frames = dict(dynamic_frames)
        self.glue_ctx = glue_ctx

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._frames.keys()

    def values(self) -> "ValuesView[DynamicFrame]":
        """The frames."""
        return self._frames.values()

    def select(self, key: str) -> "DynamicFrame":
        """The frame of this name. Raises KeyError, with the names there are."""
        if key not in self._frames:
            raise KeyError(f"There is no frame {key} in the collection of {', '.join(self._frames)}.")
        return self._frames[key]

    def __getitem__(self, key: str) -> "DynamicFrame":
        return self.select(key)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def map(
        self, callable: "Callable[[DynamicFrame, str], DynamicFrame]", transformation_ctx: str = ""
    ) -> "DynamicFrameCollection":
        """What the function makes of each frame (and of a context of its own), under the frame's name."""
        made = {key: callable(frame, transformation_ctx + key) for key, frame in self._frames.items()}
        return DynamicFrameCollection(made, self.glue_ctx)

    def flatmap(
        self,
        f: "Callable[[DynamicFrame, str], DynamicFrame | DynamicFrameCollection]",
        transformation_ctx: str = "",
    ) -> "DynamicFrameCollection":
        """The same, with all frames of the collections that the function makes."""
        made: dict[str, DynamicFrame] = {}
        for key, frame in self._frames.items():
            result = f(frame, transformation_ctx + key)
            if isinstance(result, DynamicFrameCollection):
                made.update({f"{key}_{inner}": result[inner] for inner in result})
            else:
                made[key] = result
        return DynamicFrameCollection(made, self.glue_ctx)
