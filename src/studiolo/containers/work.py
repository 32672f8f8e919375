"""What is carried out in containers, and what is told of it: values that know S3 and /opt/ml, and no service."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.batch.specification import Batch
from studiolo.containers.image import NO_TOOLS, Environment, Foreign, Tools

BASE = "/opt/ml"
"""Where a program finds its files. Where the machine allows no fence, the folder in its place is named instead."""

PREPARING, DOWNLOADING, RUNNING, UPLOADING = "preparing", "downloading", "running", "uploading"
"""The stages of work: its environment is made, its inputs come, its program runs, its outputs go."""

COMPLETED, FAILED, STOPPED, OVERDUE, INTERRUPTED = "completed", "failed", "stopped", "overdue", "interrupted"
"""How work ends. OVERDUE: its time was over; INTERRUPTED: its instance was taken away, as a spot instance is."""


@dataclass(frozen=True)
class Input:
    """Objects of S3 that a program finds at `path`.

    source: `S3Prefix`, or a `ManifestFile` or `AugmentedManifestFile` at `uri`. mode: they are files (`File`), or pipes
    `path`_0, `path`_1, … that are written while they are read (`Pipe`). sharded: each host gets its part. wrapped: each
    object, or attribute, is a RecordIO record. seed: they are shuffled. groups: the instance groups that get it; all
    where there are none. optional: there may be none.
    """

    name: str
    path: str
    uri: str
    source: str = "S3Prefix"
    mode: Literal["File", "Pipe"] = "File"
    sharded: bool = False
    gzip: bool = False
    wrapped: bool = False
    seed: int | None = None
    attributes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Output:
    """What is taken from `path` to S3 when the program has ended in one of the ways that `when` lists.

    packed: all hosts' files in one model.tar.gz, say, at `uri`; else each file under it. continuous: while it runs, too.
    even_empty: an archive of nothing is written as well where the work is completed.
    """

    name: str
    path: str
    uri: str
    when: tuple[str, ...]
    packed: bool = False
    continuous: bool = False
    even_empty: bool = False


@dataclass(frozen=True)
class Instance:
    """One container: its host's name, what it runs, what is in its /opt/ml before (texts by path), its log's file."""

    host: str
    command: tuple[str, ...]
    variables: Mapping[str, str]
    files: Mapping[str, str]
    log: str
    group: str = ""


@dataclass(frozen=True)
class Work:
    """All that is needed to carry something out.

    `kind` and `name` are for people; `id` tells it from all other. `failure` is the file, below /opt/ml, in which a
    program says why it failed, `message` the one in which it leaves word however it ends. `seconds` is what it may run;
    `interrupted_after` are the seconds of its run after which its instance is taken away. `batch`: its programs serve a
    model, through which these objects go. `foreign`: a container engine runs this image. `tools`: what its programs have
    beside its environment.
    """

    id: str
    kind: str
    name: str
    account: str
    region: str
    role: str
    instances: tuple[Instance, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    seconds: float
    folders: tuple[str, ...] = ()
    environment: Environment | None = None
    foreign: Foreign | None = None
    tools: Tools = NO_TOOLS
    notes: tuple[str, ...] = ()
    metrics: tuple[MetricDefinition, ...] = ()
    failure: str = "output/failure"
    message: str | None = None
    interrupted_after: float | None = None
    batch: Batch | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Work":
        environment, foreign = values["environment"], values.get("foreign")
        return cls(
            **{
                **values,
                "instances": tuple(
                    Instance(**{**each, "command": tuple(each["command"])}) for each in values["instances"]
                ),
                "inputs": tuple(Input(**_with_tuples(each, "attributes", "groups")) for each in values["inputs"]),
                "outputs": tuple(Output(**_with_tuples(each, "when")) for each in values["outputs"]),
                "metrics": tuple(MetricDefinition(**each) for each in values["metrics"]),
                "environment": environment and Environment.from_json(environment),
                "foreign": foreign and Foreign(**foreign),
                "folders": tuple(values["folders"]),
                "tools": Tools.from_json(values["tools"]),
                "notes": tuple(values["notes"]),
                "batch": Batch(**_with_tuples(values["batch"], "logs")) if values["batch"] else None,
            }
        )


@dataclass(frozen=True)
class Metric:
    """The last value of a metric and when it was seen, in seconds since 1970."""

    name: str
    value: float
    time: float


@dataclass(frozen=True)
class Stage:
    """A stage and when it began, in seconds since 1970."""

    name: str
    start: float


@dataclass(frozen=True)
class Report:
    """What has become of work so far. `outputs` are the URIs of what was written, by the outputs' names.

    Once it has ended: when and how, why it failed in SageMaker's form, and the message that it left.
    """

    stages: tuple[Stage, ...] = ()
    metrics: tuple[Metric, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    ended: float | None = None
    outcome: str | None = None
    reason: str | None = None
    message: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Report":
        return cls(
            **{
                **values,
                "stages": tuple(Stage(**stage) for stage in values["stages"]),
                "metrics": tuple(Metric(**metric) for metric in values["metrics"]),
            }
        )


def _with_tuples(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {**values, **{name: tuple(values[name]) for name in names}}
