"""Turns a model's shapes into functions, each shape once: what runs per request then asks the model nothing."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from threading import RLock
from typing import Any, TypeVar

from botocore.model import ServiceModel, Shape

Codec = Callable[..., Any]
CompilerT = TypeVar("CompilerT", bound="Compiler")


class Compiler(ABC):
    """Builds and keeps one function for every shape it is asked for; subclasses say which."""

    def __init__(self) -> None:
        self._codecs: dict[str, Codec] = {}
        self._building: set[str] = set()
        self._lock = RLock()

    def of(self, shape: Shape) -> Codec:
        """The function of a shape, as the member it is referred to by (its traits count)."""
        key = f"{shape.name} {shape.serialization}"
        with self._lock:
            if key in self._building:
                # A recursive shape meets itself: look the function up when it is called.
                codecs = self._codecs
                return lambda *arguments: codecs[key](*arguments)
            if key not in self._codecs:
                self._building.add(key)
                try:
                    self._codecs[key] = self.build(shape)
                finally:
                    self._building.discard(key)
            return self._codecs[key]

    @abstractmethod
    def build(self, shape: Shape) -> Codec:
        """Make the function of one shape."""


@lru_cache(maxsize=1024)
def compiler(kind: type[CompilerT], service: ServiceModel) -> CompilerT:
    """The compiler of that kind for one service, shared by its operations."""
    return kind()
