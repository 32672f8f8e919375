"""Who looks: the clients that sign with a person's keys, kept between pages."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from studiolo import sdk
from studiolo.s3_config import s3_config

PEOPLE = 16
"""So many keys have clients kept: a client takes a tenth of a second and some MiB to make."""

READ_SECONDS = 60


@dataclass(frozen=True)
class Key:
    """An access key that a person signs with."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)


@dataclass(frozen=True)
class Made:
    """A call that a page made: what the same command is told from."""

    service: str
    operation: str
    parameters: dict[str, Any]


_calls: ContextVar[list[Made] | None] = ContextVar("calls", default=None)


@contextmanager
def noted() -> Iterator[list[Made]]:
    """The calls that are made in the block, by whichever client."""
    calls: list[Made] = []
    before = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(before)


Models = Callable[[str], Mapping[str, Any]]
"""The models of services that the server has: of some a second one would take 15 MB."""


class _Loader(Loader):  # type: ignore[misc]
    """Gives clients those."""

    def __init__(self, models: Models) -> None:
        super().__init__()
        self._models = models

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        if type_name == "service-2":
            return self._models(service_name)
        return super().load_service_model(service_name, type_name, api_version)

    def load_data_with_path(self, name: str) -> Any:
        return sdk.loader().load_data_with_path(name)


class Clients:
    """The boto3 clients of one key and region, made when they are first asked for."""

    def __init__(
        self, key: Key, region: str, endpoint: str, s3_endpoint: str, session: botocore.session.Session
    ) -> None:
        self.key = key
        self.region = region
        self.s3_endpoint = s3_endpoint
        self._endpoint = endpoint
        self._session = session
        self._made: dict[str, Any] = {}

    def of(self, service: str, making: threading.Lock) -> Any:
        """The client of a service, for any thread."""
        client = self._made.get(service)
        if client is None:
            with making:
                client = self._made.get(service) or self._make(service)
                self._made[service] = client
        return client

    def _make(self, service: str) -> Any:
        # A function that takes long would be invoked twice.
        attempts = 1 if service == "lambda" else 2
        config = Config(retries={"total_max_attempts": attempts}, read_timeout=READ_SECONDS, max_pool_connections=16)
        client = self._session.create_client(
            service,
            region_name=self.region,
            endpoint_url=self.s3_endpoint if service == "s3" else self._endpoint,
            aws_access_key_id=self.key.id,
            aws_secret_access_key=self.key.secret,
            aws_session_token=self.key.token,
            config=config.merge(s3_config()) if service == "s3" else config,
        )
        client.meta.events.register("provide-client-params.*.*", _note)
        client.meta.events.register("before-sign.*.*", _impatient)
        return client


class People:
    """The clients of the keys that were used last."""

    def __init__(self, endpoint: str, s3_endpoint: str, models: Models) -> None:
        self._endpoint = endpoint
        self._s3_endpoint = s3_endpoint
        self._session = sdk.new_session()
        self._session.register_component("data_loader", _Loader(models))
        self._clients: OrderedDict[tuple[Key, str], Clients] = OrderedDict()
        self._lock = threading.Lock()
        self._making = threading.Lock()

    def clients(self, key: Key, region: str) -> Callable[[str], Any]:
        """A factory of that key's clients in that region."""
        clients = self.of(key, region)
        return lambda service: clients.of(service, self._making)

    def of(self, key: Key, region: str) -> Clients:
        with self._lock:
            which = (key, region)
            clients = self._clients.pop(which, None)
            if clients is None:
                clients = Clients(key, region, self._endpoint, self._s3_endpoint, self._session)
            self._clients[which] = clients
            if len(self._clients) > PEOPLE:
                self._clients.popitem(last=False)
        return clients


def _note(params: dict[str, Any], model: Any, **_: Any) -> None:
    calls = _calls.get()
    if calls is not None:
        calls.append(Made(model.service_model.service_name, model.name, dict(params)))


def _impatient(request: Any, **_: Any) -> None:
    # A page shows what is now; it looks again by itself.
    request.headers["x-studiolo-patience"] = "none"
