"""Clusters and steps as values: what was asked for, what can be changed of it, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from studiolo.domain import Scope

STARTING, BOOTSTRAPPING, RUNNING, WAITING = "STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"
TERMINATING, TERMINATED, TERMINATED_WITH_ERRORS = "TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"
STATES = (STARTING, BOOTSTRAPPING, RUNNING, WAITING, TERMINATING, TERMINATED, TERMINATED_WITH_ERRORS)
ENDED = (TERMINATED, TERMINATED_WITH_ERRORS)
READY = (RUNNING, WAITING)

PENDING, CANCEL_PENDING, STEP_RUNNING = "PENDING", "CANCEL_PENDING", "RUNNING"
COMPLETED, CANCELLED, FAILED, INTERRUPTED = "COMPLETED", "CANCELLED", "FAILED", "INTERRUPTED"
STEP_ENDED = (COMPLETED, CANCELLED, FAILED, INTERRUPTED)

CONTINUE, CANCEL_AND_WAIT, TERMINATE = "CONTINUE", "CANCEL_AND_WAIT", "TERMINATE_CLUSTER"

ROLES = ("MASTER", "CORE", "TASK")

GONE, GONE_MESSAGE = "CLUSTER_TERMINATED", "Job flow terminated"
"""Why instances, and their groups, have ended that ended with their cluster."""


@dataclass(frozen=True)
class Group:
    """Instances of one kind: an instance group, or an instance fleet where `fleet`.

    count: how many are wanted. types: for each instance type what an instance of it counts as, the first is taken.
    recorded: what is shown as it was given. state, since, ready: what became of it, in seconds since 1970.
    """

    id: str
    name: str
    role: str
    count: int
    types: Mapping[str, int]
    market: str = "ON_DEMAND"
    spot: int = 0
    state: str = "PROVISIONING"
    created: float = 0.0
    ready: float | None = None
    ended: float | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The instance type of its instances."""
        return next(iter(self.types))


@dataclass(frozen=True)
class Instance:
    """One machine of a cluster; `number` is that of its worker, None for a master that computes nothing.

    leaving: since when it is to go.
    """

    id: str
    ec2_id: str
    group: str
    type: str
    number: int | None
    address: str
    state: str
    created: float
    market: str = "ON_DEMAND"
    ready: float | None = None
    ended: float | None = None
    leaving: bool = False
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class BootstrapAction:
    name: str
    path: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuntimeRoles:
    """That what is run on a cluster has a role of its own each: by which id and tag its instance profile takes those.

    tag: the value of `LakeFormationAuthorizedCaller`, where the security configuration names one.
    """

    external_id: str
    tag: str | None = None


@dataclass(frozen=True)
class ClusterRequest:
    """What was asked for. `recorded` is kept and shown, and changes nothing. runtime_roles: as its security
    configuration had it when the cluster was made.
    """

    name: str
    release: str
    profile: str
    role: str
    service_role: str
    log_uri: str | None = None
    applications: tuple[str, ...] = ()
    configurations: tuple[Mapping[str, Any], ...] = ()
    bootstrap: tuple[BootstrapAction, ...] = ()
    fleets: bool = False
    security_configuration: str | None = None
    runtime_roles: RuntimeRoles | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ClusterRequest":
        given = values.get("runtime_roles")
        roles = None if given is None else RuntimeRoles(**given)
        bootstrap = tuple(BootstrapAction(a["name"], a["path"], tuple(a["arguments"])) for a in values["bootstrap"])
        lists = {name: tuple(values[name]) for name in ("applications", "configurations")}
        return cls(**{**values, **lists, "bootstrap": bootstrap, "runtime_roles": roles})


@dataclass(frozen=True)
class Settings:
    """What can be changed of a cluster while it lives. idle_timeout: seconds; scaling: a ManagedScalingPolicy."""

    keep_alive: bool = False
    protected: bool = False
    replace_unhealthy: bool = False
    visible: bool = True
    concurrency: int = 1
    idle_timeout: int | None = None
    scaling: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """What became of a cluster. Moments are seconds since 1970; `code` and `message` are the state change's reason.

    outcome: what it will be when it has ended; idle: since when it has had nothing to do.
    """

    host: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)
    code: str | None = None
    message: str | None = None
    ready: float | None = None
    ended: float | None = None
    outcome: str = TERMINATED
    idle: float | None = None
    bootstrapped: int = 0
    groups: tuple[Group, ...] = ()
    instances: tuple[Instance, ...] = ()
    details: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Progress":
        groups = tuple(Group(**group) for group in values["groups"])
        instances = tuple(Instance(**instance) for instance in values["instances"])
        return cls(**{**values, "groups": groups, "instances": instances, "details": tuple(values["details"])})

    def group(self, identifier: str) -> Group | None:
        """The group or fleet of that id."""
        return next((group for group in self.groups if group.id == identifier), None)

    def with_group(self, group: Group) -> "Progress":
        return replace(self, groups=tuple(group if group.id == one.id else one for one in self.groups))

    def with_instance(self, instance: Instance) -> "Progress":
        return replace(self, instances=tuple(instance if instance.id == i.id else i for i in self.instances))

    def living(self, group: str | None = None) -> Sequence[Instance]:
        """The instances that are not TERMINATED, of one group or of all."""
        return [i for i in self.instances if i.state != "TERMINATED" and group in (None, i.group)]


@dataclass(frozen=True)
class Cluster:
    id: str
    scope: Scope
    state: str
    created: datetime
    asked: ClusterRequest
    settings: Settings
    progress: Progress

    @property
    def arn(self) -> str:
        scope = self.scope
        return f"arn:{scope.partition}:elasticmapreduce:{scope.region}:{scope.account}:cluster/{self.id}"

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class StepRequest:
    """A program to be run; `on_failure` says what becomes of the others then. role: whose rights it has."""

    name: str
    jar: str
    arguments: tuple[str, ...] = ()
    main: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    on_failure: str = TERMINATE
    role: str | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "StepRequest":
        return cls(**{**values, "arguments": tuple(values["arguments"])})


@dataclass(frozen=True)
class StepProgress:
    """What became of a step; `reason`, `message` and `log_file` say why it failed. applications: their ids in Spark."""

    started: float | None = None
    ended: float | None = None
    reason: str | None = None
    message: str | None = None
    log_file: str | None = None
    applications: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "StepProgress":
        return cls(**{**values, "applications": tuple(values["applications"])})


@dataclass(frozen=True)
class Step:
    id: str
    cluster: str
    number: int
    state: str
    created: datetime
    asked: StepRequest
    progress: StepProgress


def as_json(value: Any) -> dict[str, Any]:
    """A value of this file as JSON has it."""
    return asdict(value)
