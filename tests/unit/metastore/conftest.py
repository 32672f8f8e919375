"""A metastore without an object store, of an account with one role."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from studiolo.catalog import Catalog, Database, StorageDescriptor, Table
from studiolo.domain import Scope, now
from studiolo.governance import GovernedCatalog, Lake, Views
from studiolo.identity import AccessKey, Identity, metastore_token
from studiolo.metastore.listener import Listener
from studiolo.metastore.locks import Locks
from studiolo.metastore.room import House
from studiolo.metastore.rooms import conversations
from studiolo.metastore.stream import Limits
from studiolo.metastore.warehouse import Warehouse
from studiolo.state import State

SCOPE = Scope("123456789012", "eu-central-1")
ROOT = AccessKey("AKIAROOTROOTROOTROOT", "secret")
ME = metastore_token(ROOT.id, ROOT.secret)


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def identity(state: State) -> Identity:
    return Identity(state, ROOT, SCOPE.account, now)


@pytest.fixture
def reader(identity: Identity) -> str:
    """The token of what runs as the role `Reader`, which may read tables and no more."""
    trust = policy(Principal={"AWS": SCOPE.account}, Action="sts:AssumeRole")
    role = identity.roles.create("Reader", trust)
    identity.roles.put_policy("Reader", "own", policy(Action="glue:GetTable", Resource="*"))
    workload = identity.workloads.add("kernel")
    identity.workloads.give("kernel", role.arn, "ada")
    return workload.metastore_token


@pytest.fixture
def catalog(state: State) -> Catalog:
    """With the table `days` of the database `air`."""
    catalog = Catalog(state, now)
    catalog.create_database(SCOPE, Database("air", location="file:/air"))
    catalog.create_table(SCOPE, "air", Table("days", storage=StorageDescriptor(location="file:/air/days")))
    return catalog


@pytest.fixture
def lake(state: State, catalog: Catalog, identity: Identity) -> Lake:
    return Lake(state, catalog, identity, now)


@pytest.fixture
def house(state: State, catalog: Catalog, lake: Lake) -> House:
    governed = GovernedCatalog(state, now, catalog, lake, Views(state, catalog, lake, b"secret", now))
    return House(SCOPE, governed, Warehouse(Mock()), Locks(lambda: now().timestamp()))


@pytest.fixture
def listening(house: House, identity: Identity) -> Iterator[Callable[[Limits], str]]:
    """Starts a metastore with limits; its URI."""
    started: list[Listener] = []

    def start(limits: Limits) -> str:
        listener = Listener(0, limits)
        listener.start(lambda: conversations(house, identity, Mock()))
        started.append(listener)
        return f"thrift://127.0.0.1:{listener.port}"

    yield start
    for each in started:
        each.close()


@pytest.fixture
def uri(listening: Callable[[Limits], str]) -> str:
    """A metastore with the limits that it has unless told otherwise."""
    return listening(Limits())
