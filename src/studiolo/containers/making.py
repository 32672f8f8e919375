"""The Python of a container: that of its image's environment, made once on this machine, and what its code requires."""

import sys
from collections.abc import Callable
from pathlib import Path

from studiolo.containers.image import Environment, Foreign

Say = Callable[[str], object]


def made(
    environment: Environment | None,
    data: Path,
    say: Say,
    stopped: Callable[[], bool] = lambda: False,
    foreign: Foreign | None = None,
) -> Path:
    """The interpreter of an image: Studiolo's own where it names no environment. Raises DomainError.

    data: the data folder, which what builds packages does not see. It ends early once `stopped()`. foreign: an image
    that is brought to its engine.
    """
    if foreign is not None:
        from studiolo.containers.foreign import bring

        bring(foreign, say, stopped)
    if environment is None:
        return Path(sys.executable)
    # Most containers start without.
    from studiolo.containers.environments import Environments

    return Environments(data).make(environment, say, stopped)


def below(environment: Environment | None, data: Path, python: Path, root: Path, say: Say) -> tuple[Path, ...]:
    """The folders of packages that the code under `root` requires beyond its environment. Raises DomainError."""
    if environment is None:
        return ()
    from studiolo.containers import code
    from studiolo.containers.environments import Environments

    return code.below(Environments(data), python, root, say)
