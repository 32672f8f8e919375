"""DynamicFrames by name."""

from collections.abc import Callable, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any, Generic, TypeVar

from awsglue.frame import Frame
from awsglue.host import Host

F = TypeVar("F", bound=Frame)


class DynamicFrameCollection(Generic[F]):
    """What a transform with several results gives."""

    def __init__(self, dynamic_frames: Mapping[str, F] | Sequence[F], glue_ctx: Host) -> None:
        """Of frames by name, or of a list of frames, which have names."""
        if isinstance(dynamic_frames, Mapping):
            self._frames = dict(dynamic_frames)
        else:
            self._frames = {frame.name: frame for frame in dynamic_frames}
        self.glue_ctx = glue_ctx

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._frames.keys()

    def values(self) -> ValuesView[F]:
        """The frames."""
        return self._frames.values()

    def select(self, key: str, transformation_ctx: str = "") -> F:
        """The frame of this name, or one without records and fields, as Glue gives for a name that is none."""
        if key in self._frames:
            return self._frames[key]
        empty: F = self.glue_ctx.empty_frame(key)
        return empty

    def __getitem__(self, key: str) -> F:
        return self._frames[key]

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def map(self, callable: Callable[[F, str], F], transformation_ctx: str = "") -> "DynamicFrameCollection[F]":
        """What the function makes of each frame (and of a context of its own), under the frame's name."""
        made = {key: callable(frame, f"{transformation_ctx}:{key}") for key, frame in self._frames.items()}
        for key, result in made.items():
            _check(key, result)
        return DynamicFrameCollection(made, self.glue_ctx)

    def flatmap(
        self,
        f: "Callable[[F, str], F | DynamicFrameCollection[F]]",
        transformation_ctx: str = "",
    ) -> "DynamicFrameCollection[F]":
        """The same, with all frames of the collections that the function makes; each under a name of its own."""
        made: dict[str, Any] = {}
        for key, frame in self._frames.items():
            result = f(frame, f"{transformation_ctx}:{key}")
            if isinstance(result, DynamicFrameCollection):
                made.update({f"{key}_{inner}": result[inner] for inner in result})
            else:
                _check(key, result)
                made[key] = result
        return DynamicFrameCollection(made, self.glue_ctx)


def _check(key: str, result: object) -> None:
    if not isinstance(result, Frame):
        raise TypeError(f"The function gave no DynamicFrame for {key}, and gave {type(result).__name__}.")
