"""Lake Formation of an account with two roles, over a catalog of one table."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from studiolo.catalog import Catalog, Column, Database, Partition, SerDe, StorageDescriptor, Table
from studiolo.domain import Scope, now
from studiolo.governance import GovernedCatalog, Kind, Lake, Location, Resource, Views
from studiolo.identity import AccessKey, Identity, Principal
from studiolo.state import State

SCOPE = Scope("123456789012", "eu-central-1")
ROOT = AccessKey("AKIAROOTROOTROOTROOT", "secret")
PEOPLE = Resource(Kind.TABLE, "air", "people")
PARQUET = SerDe(library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")
COLUMNS = tuple(Column(name, "string") for name in ("id", "name", "ssn", "city"))


def people() -> Table:
    storage = StorageDescriptor(columns=COLUMNS, location="s3://raw/wh/people", serde=PARQUET)
    hidden = {"numRows": "8", "spark.sql.sources.schema": "ssn", "classification": "parquet"}
    return Table("people", storage=storage, partition_keys=(Column("day", "string"),), parameters=hidden)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def identity(state: State) -> Identity:
    return Identity(state, ROOT, SCOPE.account, now)


@pytest.fixture
def catalog(state: State) -> Catalog:
    catalog = Catalog(state, now)
    catalog.create_database(SCOPE, Database("air"))
    catalog.create_table(SCOPE, "air", people())
    for day in ("1", "2"):
        place = StorageDescriptor(columns=COLUMNS, location=f"s3://raw/wh/people/day={day}", serde=PARQUET)
        catalog.create_partition(SCOPE, "air", "people", Partition((day,), storage=place))
    return catalog


@pytest.fixture
def lake(state: State, catalog: Catalog, identity: Identity) -> Lake:
    lake = Lake(state, catalog, identity, now)
    lake.register(SCOPE, Location("arn:aws:s3:::raw/wh", ""))
    return lake


@pytest.fixture
def governed(state: State, catalog: Catalog, lake: Lake) -> GovernedCatalog:
    return GovernedCatalog(state, now, catalog, lake, Views(state, catalog, lake, b"secret", now))


def _role(identity: Identity, name: str) -> Principal:
    statement = {"Effect": "Allow", "Principal": {"AWS": SCOPE.account}, "Action": "sts:AssumeRole"}
    role = identity.roles.create(name, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    allowed = {"Effect": "Allow", "Action": ["glue:*", "lakeformation:*"], "Resource": "*"}
    identity.roles.put_policy(name, "own", json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    return identity.session_of(role.arn, "test")


@pytest.fixture
def ana(identity: Identity) -> Principal:
    return _role(identity, "ana")


@pytest.fixture
def ben(identity: Identity) -> Principal:
    return _role(identity, "ben")


@pytest.fixture
def root(identity: Identity) -> Principal:
    found = identity.find_key(ROOT.id)
    assert found is not None
    return found[1]
