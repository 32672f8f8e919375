"""What all transforms have: `apply`, `name`, and descriptions made of their signatures."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

ARGUMENTS = {
    "frame": "The DynamicFrame to transform.",
    "frame1": "The first DynamicFrame.",
    "frame2": "The second DynamicFrame.",
    "dfc": "The DynamicFrameCollection.",
    "mappings": "Tuples of source path, source type, target path and target type.",
    "paths": "Paths of fields.",
    "transformation_ctx": "A name for job bookmarks.",
    "info": "A remark for error records.",
    "stageThreshold": "How many records may fail in this transform; 0: any number.",
    "totalThreshold": "How many records may fail up to this transform; 0: any number.",
}
"""What the arguments are that several transforms have."""


class GlueTransform:
    """A transform of DynamicFrames, called by `apply`."""

    returns: ClassVar[str] = "DynamicFrame"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Carry out the transform. Those that people write themselves give this method."""
        raise TypeError(f"{type(self).__name__} does not say what it does: give it a method __call__.")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """The transform's result for the arguments."""
        return cls()(*args, **kwargs)

    @classmethod
    def name(cls) -> str:
        """The transform's name."""
        return cls.__name__

    @classmethod
    def parameters(cls) -> list[inspect.Parameter]:
        """What the transform is called with."""
        return list(inspect.signature(cls.__call__).parameters.values())[1:]

    @classmethod
    def describeArgs(cls) -> list[dict[str, Any]]:
        """Of each argument: its name, type, description, whether it is optional, and its default as text."""
        return [_described(parameter) for parameter in cls.parameters()]

    @classmethod
    def describeReturn(cls) -> dict[str, str]:
        """The type of the result, and what it is."""
        return {"type": cls.returns, "description": (inspect.getdoc(cls.__call__) or "").split("\n")[0]}

    @classmethod
    def describeTransform(cls) -> str:
        """What the transform does."""
        return (inspect.getdoc(cls) or "").split("\n")[0]

    @classmethod
    def describeErrors(cls) -> list[dict[str, str]]:
        """The errors that the transform raises."""
        return [{"type": "ValueError", "description": "An argument that is none."}]

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """All descriptions."""
        return {
            "transform": {
                "name": cls.name(),
                "args": cls.describeArgs(),
                "returns": cls.describeReturn(),
                "description": cls.describeTransform(),
                "raises": cls.describeErrors(),
                "location": "internal",
            }
        }

    def __repr__(self) -> str:
        return f"<Transform: {self.name()}>"


class FrameTransform(GlueTransform):
    """A transform that is a method of a DynamicFrame: called with the frame and the method's own arguments."""

    method: ClassVar[Callable[..., Any]]

    def __call__(self, frame: Any, *args: Any, **kwargs: Any) -> Any:
        """What the method gives."""
        return type(self).method(frame, *args, **kwargs)

    @classmethod
    def parameters(cls) -> list[inspect.Parameter]:
        """Those of the method, whose frame is called so."""
        frame, *others = inspect.signature(cls.method).parameters.values()
        return [frame.replace(name="frame", annotation="DynamicFrame"), *others]

    @classmethod
    def describeReturn(cls) -> dict[str, str]:
        """The type of the result, and what it is."""
        return {"type": cls.returns, "description": (inspect.getdoc(cls.method) or "").split("\n")[0]}


def _described(parameter: inspect.Parameter) -> dict[str, Any]:
    optional = parameter.default is not inspect.Parameter.empty or parameter.kind is inspect.Parameter.VAR_KEYWORD
    default = parameter.default if parameter.default is not inspect.Parameter.empty else None
    kind = parameter.annotation
    return {
        "name": parameter.name,
        "type": kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind)),
        "description": ARGUMENTS.get(parameter.name, ""),
        "optional": optional,
        "defaultValue": None if default is None else str(default),
    }
