"""Where an image's environment comes from: made once on this machine, by whoever is there to make it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from studiolo.containers.image import Environment
from studiolo.domain import Conflict


class MakesEnvironments(Protocol):
    """Makes the environments that images name, each once on this machine."""

    def make(self, environment: Environment, on_progress: Callable[[str], object]) -> Path:
        """The environment's interpreter, made where it is not there. Raises DomainError."""
        ...


def made(
    environment: Environment | None, environments: MakesEnvironments | None, on_progress: Callable[[str], object]
) -> Path:
    """The interpreter of an image: Studiolo's own where it names no environment. Raises DomainError."""
    if environment is None:
        return Path(sys.executable)
    if environments is None:
        raise Conflict("The image needs an environment of its own, which cannot be made here.")
    return environments.make(environment, on_progress)
