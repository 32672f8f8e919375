"""Strict mode: what IAM lets be read of registered locations is closed, by whichever way it is asked for."""

import json
from unittest.mock import MagicMock

import pytest

from studiolo.catalog import Catalog, StorageDescriptor, Table
from studiolo.domain import Denied, now
from studiolo.door.actions import actions_of
from studiolo.door.admission import Caller
from studiolo.door.names import Named, Source
from studiolo.door.operations import operation_of
from studiolo.governance import GovernedCatalog, Lake
from studiolo.iceberg import IcebergTables
from studiolo.identity import Identity, Principal
from tests.unit.governance.conftest import COLUMNS, SCOPE

FILE = "wh/people/day=1/x"
CLOSED = [
    Named("GET", "raw", FILE),
    Named("HEAD", "raw", FILE),
    Named("GET", "raw", FILE, {"versionId": "1"}),
    Named("GET", "raw", FILE, {"attributes": ""}),
    Named("GET", "raw", FILE, {"tagging": ""}),
    Named("GET", "raw", ""),
    Named("GET", "raw", "", {"list-type": "2", "prefix": "w"}),
    Named("GET", "raw", "", {"list-type": "2", "prefix": "wh/people/"}),
    Named("GET", "raw", "", {"versions": ""}),
    Named("GET", "raw", "", {"uploads": ""}),
    Named("PUT", "mine", "x", source=Source("raw", FILE, None)),
    Named("PUT", "mine", "x", {"uploadId": "u", "partNumber": "1"}, source=Source("raw", FILE, "1")),
]
OPEN = [
    Named("HEAD", "raw", ""),
    Named("GET", "raw", "elsewhere/x"),
    Named("GET", "raw", "", {"list-type": "2", "prefix": "elsewhere/"}),
    Named("GET", "mine", ""),
]


@pytest.fixture
def strict(lake: Lake, identity: Identity) -> Lake:
    """And Ana has all of S3 by IAM."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    identity.roles.put_policy("ana", "own", json.dumps({"Version": "2012-10-17", "Statement": [everything]}))
    lake.strict = True
    return lake


def test_the_door_closes_what_tells_of_objects_and_nothing_else(
    ana: Principal, identity: Identity, strict: Lake
) -> None:
    caller = Caller(identity, strict, MagicMock(), ana)
    for named in CLOSED:
        refusal = caller.refusal(actions_of(named, operation_of(named)))
        assert refusal is not None, named
        assert "registered with Lake Formation" in str(refusal)
    for named in OPEN:
        assert caller.may(actions_of(named, operation_of(named))), named


def test_glue_tells_nothing_of_metadata_that_are_closed(
    ana: Principal, strict: Lake, catalog: Catalog, governed: GovernedCatalog, identity: Identity
) -> None:
    """A table of one's own may name another's metadata, which Glue reads past the S3 door."""
    place = "s3://raw/wh/people/metadata/1.metadata.json"
    storage = StorageDescriptor(columns=COLUMNS, location="s3://mine/t")
    told = {"table_type": "ICEBERG", "metadata_location": place}
    catalog.create_table(SCOPE, "air", Table("mine", storage=storage, parameters=told))
    store = MagicMock()
    with pytest.raises(Denied, match="registered with Lake Formation"):
        IcebergTables(governed, strict, store, identity, now).metadata(ana, SCOPE, "air", "mine")
    store.client.assert_not_called()
