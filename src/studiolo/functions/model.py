"""Functions, versions, aliases and layers as values."""

import base64
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from studiolo.domain import Invalid, Scope

LATEST = "$LATEST"
ACTIVE, PENDING, FAILED = "Active", "Pending", "Failed"


@dataclass(frozen=True)
class Code:
    """A zip that was uploaded. sha256: of the zip, in hexadecimal digits; size: its bytes."""

    sha256: str
    size: int

    @property
    def digest(self) -> str:
        """As Lambda tells it."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()


@dataclass(frozen=True)
class Settings:
    """How a function runs.

    timeout: seconds; memory and storage: MiB, which are only recorded, and told to the function. layers: ARNs of
    versions, the later over the earlier. dead_letter: an ARN. recorded: what is told again and has no effect.
    """

    role: str
    runtime: str
    handler: str
    description: str = ""
    timeout: int = 3
    memory: int = 128
    storage: int = 512
    variables: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    dead_letter: str | None = None
    architecture: str = "x86_64"
    log_group: str | None = None
    log_format: str = "Text"
    log_level: str | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Settings":
        return cls(**{**kept, "layers": tuple(kept["layers"])})


@dataclass(frozen=True)
class Standing:
    """Whether a function can be invoked (Pending, Active, Failed), and how its last change went."""

    state: str = ACTIVE
    update: str = "Successful"
    reason: str | None = None

    @property
    def moving(self) -> bool:
        return self.state == PENDING or self.update == "InProgress"


@dataclass(frozen=True)
class Function:
    """A version of a function; `version` is LATEST, or a number's digits."""

    scope: Scope
    name: str
    version: str
    settings: Settings
    code: Code
    standing: Standing
    modified: datetime
    revision: str
    published: int = 0
    reserved: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Without its version."""
        return function_arn(self.scope, self.name)

    @property
    def version_arn(self) -> str:
        return function_arn(self.scope, self.name, self.version)

    @property
    def log_group(self) -> str:
        return self.settings.log_group or f"/aws/lambda/{self.name}"

    def with_(self, **changes: Any) -> "Function":
        return replace(self, **changes)


@dataclass(frozen=True)
class Alias:
    """A name of a version. weights: what share of the calls goes to another version, by its number."""

    scope: Scope
    function: str
    name: str
    version: str
    description: str
    weights: Mapping[str, float]
    revision: str

    @property
    def arn(self) -> str:
        return function_arn(self.scope, self.function, self.name)


@dataclass(frozen=True)
class EventConfig:
    """How what is invoked asynchronously is handled. age: seconds; on_success, on_failure: ARNs."""

    scope: Scope
    function: str
    qualifier: str
    retries: int | None
    age: int | None
    on_success: str | None
    on_failure: str | None
    modified: datetime

    @property
    def arn(self) -> str:
        return function_arn(self.scope, self.function, self.qualifier)


@dataclass(frozen=True)
class Layer:
    """A version of a layer. told: what is said of it (runtimes, architectures, license)."""

    scope: Scope
    name: str
    number: int
    code: Code
    description: str
    told: Mapping[str, Any]
    created: datetime

    @property
    def arn(self) -> str:
        return f"arn:{self.scope.partition}:lambda:{self.scope.region}:{self.scope.account}:layer:{self.name}"

    @property
    def version_arn(self) -> str:
        return f"{self.arn}:{self.number}"


@dataclass(frozen=True)
class Event:
    """Something that a function is to handle in its time."""

    id: str
    scope: Scope
    name: str
    qualifier: str | None
    payload: bytes
    attempts: int
    created: datetime


@dataclass(frozen=True)
class Result:
    """What an invocation came to. error: `Unhandled` for a failed one; log: the end of what it printed, 4 KiB at most."""

    payload: bytes
    version: str
    request_id: str
    error: str | None = None
    log: bytes = b""


def function_arn(scope: Scope, name: str, qualifier: str | None = None) -> str:
    """The ARN of a function, or of one of its versions or aliases."""
    arn = f"arn:{scope.partition}:lambda:{scope.region}:{scope.account}:function:{name}"
    return arn if qualifier is None else f"{arn}:{qualifier}"


_NAMED = re.compile(
    r"(?:arn:[^:]+:lambda:(?P<region>[^:]*):)?(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[a-zA-Z0-9-_.]+)"
    r"(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)


def function_named(text: str) -> tuple[str, str | None]:
    """The name and the version or alias, of a name, a part of an ARN or an ARN. Raises Invalid."""
    found = _NAMED.fullmatch(text)
    if found is None:
        raise Invalid(
            f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?"
            "(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
        )
    return found["name"], found["qualifier"]
