"""What an image is here: a command for each task and the packages it runs with, in place of a container's layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from studiolo.containers.algorithm import Algorithm
from studiolo.domain import Invalid

Task = Literal["train", "serve", "process"]
PYTHON = "{python}"
"""The word of a command that stands for the interpreter of the image's environment."""
ENTRYPOINT = "{entrypoint}"
"""The first word of a command that the image's own entry point is to run, where a container engine runs the image."""


@dataclass(frozen=True)
class Environment:
    """A uv environment by what is in it: equal ones are one on disk.

    python: the version wanted, as `3.10`; the nearest that this machine has stands in.
    requirements: as `uv pip install` takes them; overrides: as its `--override` file does.
    jars: Maven coordinates, as `group:artifact:version`; they lie in `jars` beside its packages.
    folder: one of this machine with programs that it has as well, as they are when it is made; none where it is empty.
    image: one that it is of, for people.
    """

    python: str
    requirements: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    folder: str = ""
    image: str = field(default="", compare=False)
    jars: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Environment":
        tuples = {name: tuple(values.get(name, ())) for name in ("requirements", "overrides", "jars")}
        return cls(**{**values, **tuples})


@dataclass(frozen=True)
class Function:
    """A pickled function that a container is to run: its Python, as `3.11`, and the version of the SDK that pickled it."""

    python: str
    sdk: str


@dataclass(frozen=True)
class Tools:
    """What a container has beside its image's environment.

    programs: what it runs by a name on its PATH; PYTHON in that stands for the interpreter.
    seen: folders and files of this machine that it may read.
    """

    programs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seen: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Tools":
        return cls({name: tuple(words) for name, words in values["programs"].items()}, tuple(values["seen"]))


NO_TOOLS = Tools()


@dataclass(frozen=True)
class Foreign:
    """An image that a container engine runs, by that program, to which these variables say where the engine is."""

    engine: str
    name: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Image:
    """What an image URI resolves to.

    name: for people, as `xgboost 1.7-1`.
    train, serve, process: what its container runs for that task; None where it has nothing for it. PYTHON in it stands
        for the environment's interpreter. A ContainerEntrypoint takes its place.
    programs: what stands for the first word of a ContainerEntrypoint, by that: programs that the image has.
    environment: the packages it runs with; None for Studiolo's own interpreter.
    foreign: what a container engine is to run, in place of all that.
    variables: those that its container sets.
    port: the one at which its `serve` listens, where it does not at its socket.
    algorithm: the built-in one that it holds, which knows its hyperparameters, channels and metrics.
    spark: the version of Spark that it is of; empty where it is for something else.
    notes: what a job's log says first: which version stands in for the one asked for.
    """

    name: str
    train: tuple[str, ...] | None = None
    serve: tuple[str, ...] | None = None
    process: tuple[str, ...] | None = None
    programs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environment: Environment | None = None
    foreign: Foreign | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    algorithm: Algorithm | None = None
    spark: str = ""
    notes: tuple[str, ...] = ()

    def command(self, task: Task, entrypoint: tuple[str, ...] = ()) -> tuple[str, ...]:
        """What its container runs for the task: the entrypoint, if there is one. Raises Invalid where there is neither."""
        if entrypoint:
            return (*self.programs.get(entrypoint[0], entrypoint[:1]), *entrypoint[1:])
        found: tuple[str, ...] | None = getattr(self, task)
        if found is None:
            raise Invalid(f"The image of {self.name} has no command to {task}: it needs a ContainerEntrypoint.")
        return found
