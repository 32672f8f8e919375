"""Models and endpoint configurations: what is to be served, and how. Named, made once, never changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table

from studiolo.containers.images import Images
from studiolo.containers.surroundings import Surroundings
from studiolo.domain import AlreadyExists, Clock, Invalid, NotFound, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.names import arn, checked_name
from studiolo.ml.tables import endpoint_configs, models
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.state import State


@dataclass(frozen=True)
class ModelSpecification:
    """An image and the model.tar.gz that it serves, if any. `recorded` is kept and shown, and changes nothing.

    compressed: without it `data` is one object, or all below a prefix that ends with /, as they are. multi: `data` is
    a prefix instead, under which calls name the archive. further: containers after this first one, which pass a call
    on from one to the next, or, where they are `direct`, of which a call names one. Without an image it is no model:
    the room that inference components share, where only the role counts.
    """

    image: str
    data: str
    role: str
    environment: Mapping[str, str] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)
    multi: bool = False
    further: tuple["ModelSpecification", ...] = ()
    direct: bool = False
    compressed: bool = True

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ModelSpecification":
        return cls(**{**values, "further": tuple(cls.from_json(each) for each in values.get("further", ()))})

    @property
    def containers(self) -> tuple["ModelSpecification", ...]:
        return (self, *self.further) if self.image else ()

    def hostname(self, container: int) -> str:
        """What a container is called."""
        given: str | None = self.containers[container].recorded.get("ContainerHostname")
        return given or (f"container-{container + 1}" if self.further else "primary")

    @property
    def scripted(self) -> bool:
        """Whether functions of the user's serve it, also in the image of a built-in algorithm."""
        return not {"SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"}.isdisjoint(self.environment)


STARTUP_SECONDS = 8 * 60
"""What "How Your Container Should Respond to Health Check (Ping) Requests" gives one that says nothing else."""


@dataclass(frozen=True)
class Model:
    name: str
    arn: str
    specification: ModelSpecification
    created: datetime


@dataclass(frozen=True)
class ProductionVariant:
    """One model behind an endpoint, with its share of the calls. `startup_seconds` is what it has to answer /ping.

    `instances` is how many processes serve it at first. model: its name; "" where inference components are served.
    """

    name: str
    model: str
    weight: float = 1.0
    instances: int = 1
    startup_seconds: int = STARTUP_SECONDS
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def serverless(self) -> Mapping[str, Any] | None:
        """Its ServerlessConfig; None where it was asked to have instances."""
        return self.recorded.get("ServerlessConfig")

    @property
    def hosting(self) -> bool:
        """Whether inference components are served on its instances, and no model of its own."""
        return not self.model

    @property
    def most_calls(self) -> int | None:
        """How many calls it takes at once; None where there is no bound."""
        return None if self.serverless is None else self.serverless["MaxConcurrency"]


@dataclass(frozen=True)
class Asynchronous:
    """How an endpoint is called asynchronously: the S3 URIs under which answers and failures are put.

    most: calls of one instance at once. recorded: as it was asked for, with the topics that are told.
    """

    output: str
    failure: str | None = None
    most: int = 4
    recorded: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Capture:
    """What is captured of calls, and where to: the S3 URI, the share in percent, of Input and Output which.

    csv_types, json_types: content types whose bodies are captured as they are; others are in Base64.
    """

    uri: str
    percent: int
    modes: tuple[str, ...]
    csv_types: tuple[str, ...] = ()
    json_types: tuple[str, ...] = ()
    enabled: bool = True

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Capture":
        return cls(**{**values, **{name: tuple(values[name]) for name in ("modes", "csv_types", "json_types")}})


@dataclass(frozen=True)
class EndpointConfigSpecification:
    """Its production variants and their shadows, how it is called asynchronously, and what is captured of calls."""

    variants: tuple[ProductionVariant, ...]
    recorded: Mapping[str, Any] = field(default_factory=dict)
    asynchronous: Asynchronous | None = None
    shadows: tuple[ProductionVariant, ...] = ()
    capture: Capture | None = None

    @property
    def all(self) -> tuple[ProductionVariant, ...]:
        return (*self.variants, *self.shadows)

    @property
    def role(self) -> str | None:
        """The ARN of its ExecutionRoleArn, which inference components need."""
        return self.recorded.get("ExecutionRoleArn")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "EndpointConfigSpecification":
        asynchronous = values.get("asynchronous")
        return cls(
            tuple(ProductionVariant(**variant) for variant in values["variants"]),
            values["recorded"],
            asynchronous and Asynchronous(**asynchronous),
            tuple(ProductionVariant(**variant) for variant in values.get("shadows", ())),
            Capture.from_json(values["capture"]) if values.get("capture") else None,
        )


@dataclass(frozen=True)
class EndpointConfig:
    name: str
    arn: str
    specification: EndpointConfigSpecification
    created: datetime


class Models:
    """The models of every scope."""

    def __init__(self, state: State, surroundings: Surroundings, images: Images, clock: Clock) -> None:
        self._rows = _Rows(state, models, "model", "model", clock)
        self._surroundings = surroundings
        self._images = images

    def create(
        self, scope: Scope, principal: Principal, name: str, specification: ModelSpecification, tags: Mapping[str, str]
    ) -> Model:
        """Add a model. Raises AlreadyExists, Invalid, NotFound and Denied."""
        checked_name(name, "modelName")
        self._surroundings.check_role(principal, specification.role)
        self.check(scope, specification)
        return _as_model(self._rows.add(scope, name, asdict(specification), tags))

    def check(self, scope: Scope, specification: ModelSpecification) -> None:
        """Raise Invalid, NotFound or Denied where an image cannot serve, or a model is not there."""
        for container in specification.containers:
            image = self._images.resolve(container.image, "serve", scripted=container.scripted)
            image.command("serve")
            if not container.data and image.algorithm is not None:
                raise Invalid("The container needs the ModelDataUrl of the model that it serves.")
            # What is under a prefix of models may come later.
            if container.data and not container.multi:
                self._surroundings.check_model(scope, container.role, container.data)

    def get(self, scope: Scope, name: str) -> Model:
        """Raises NotFound."""
        return _as_model(self._rows.get(scope, name))

    def page(self, scope: Scope, listing: Listing) -> Page[Model]:
        found = self._rows.page(scope, listing)
        return Page([_as_model(row) for row in found.items], found.next)

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a model; endpoints that serve it go on. Raises NotFound."""
        self._rows.delete(scope, name)


class EndpointConfigs:
    """The endpoint configurations of every scope."""

    def __init__(self, state: State, surroundings: Surroundings, models: Models, clock: Clock) -> None:
        self._rows = _Rows(state, endpoint_configs, "endpoint-config", "endpoint configuration", clock)
        self._surroundings = surroundings
        self._models = models

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        specification: EndpointConfigSpecification,
        tags: Mapping[str, str],
    ) -> EndpointConfig:
        """Add a configuration. Raises AlreadyExists, Denied, Invalid, and NotFound for a model that is not there."""
        checked_name(name, "endpointConfigName")
        names = [checked_name(variant.name, "variantName") for variant in specification.all]
        if len(set(names)) != len(names):
            raise Invalid("The names of the production variants must differ.")
        if specification.role is not None and any(variant.hosting for variant in specification.variants):
            self._surroundings.check_role(principal, specification.role)
        for variant in specification.all:
            if not variant.hosting:
                self._models.get(scope, variant.model)
        return _as_config(self._rows.add(scope, name, asdict(specification), tags))

    def get(self, scope: Scope, name: str) -> EndpointConfig:
        """Raises NotFound."""
        return _as_config(self._rows.get(scope, name))

    def page(self, scope: Scope, listing: Listing) -> Page[EndpointConfig]:
        found = self._rows.page(scope, listing)
        return Page([_as_config(row) for row in found.items], found.next)

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a configuration; endpoints made from it go on. Raises NotFound."""
        self._rows.delete(scope, name)


class _Rows:
    """The rows of a kind of resource that is a name and a specification."""

    def __init__(self, state: State, table: Table, kind: str, words: str, clock: Clock) -> None:
        self._state = state
        self._table = table
        self._kind = kind
        self._words = words
        self._clock = clock

    def add(self, scope: Scope, name: str, specification: Mapping[str, Any], tags: Mapping[str, str]) -> Row[Any]:
        resource = arn(scope, self._kind, name)
        with self._state.transaction() as tx:
            if self._find(tx, scope, name) is not None:
                raise AlreadyExists(f'Cannot create already existing {self._words} "{resource}".')
            tx.execute(
                self._table.insert().values(
                    account=scope.account,
                    region=scope.region,
                    name=name,
                    created=self._clock(),
                    specification=specification,
                )
            )
            set_tags(tx, resource, tags)
        return self.get(scope, name)

    def get(self, scope: Scope, name: str) -> Row[Any]:
        with self._state.reading() as connection:
            return self._require(connection, scope, name)

    def page(self, scope: Scope, listing: Listing) -> Page[Row[Any]]:
        with self._state.reading() as connection:
            return select_page(connection, self._table, scope, listing)

    def delete(self, scope: Scope, name: str) -> None:
        with self._state.transaction() as tx:
            self._require(tx, scope, name)
            tx.execute(self._table.delete().where(self._is(scope, name)))
            drop_tags(tx, arn(scope, self._kind, name))

    def _require(self, connection: Connection, scope: Scope, name: str) -> Row[Any]:
        row = self._find(connection, scope, name)
        if row is None:
            raise NotFound(f'Could not find {self._words} "{arn(scope, self._kind, name)}".')
        return row

    def _find(self, connection: Connection, scope: Scope, name: str) -> Row[Any] | None:
        return connection.execute(self._table.select().where(self._is(scope, name))).first()

    def _is(self, scope: Scope, name: str) -> Any:
        columns = self._table.c
        return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)


def _as_model(row: Row[Any]) -> Model:
    scope = Scope(row.account, row.region)
    return Model(row.name, arn(scope, "model", row.name), ModelSpecification.from_json(row.specification), row.created)


def _as_config(row: Row[Any]) -> EndpointConfig:
    scope = Scope(row.account, row.region)
    specification = EndpointConfigSpecification.from_json(row.specification)
    return EndpointConfig(row.name, arn(scope, "endpoint-config", row.name), specification, row.created)
