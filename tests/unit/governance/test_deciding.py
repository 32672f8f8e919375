"""What grants let be seen and done, and what becomes of them."""

import inspect
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studiolo.catalog import Catalog, ChildCatalog, ColumnStatistics, Database, SerDe, StorageDescriptor, Table
from studiolo.domain import Denied, Invalid, NotFound, Scope, every
from studiolo.governance import (
    IAM_ALLOWED,
    CellsFilter,
    GovernedCatalog,
    Grant,
    Kind,
    Lake,
    OptIn,
    Resource,
    Settings,
    Tagged,
    Wanted,
)  # fmt: skip
from studiolo.governance.views import format_of, written_alike
from studiolo.identity import Principal, root_user
from tests.unit.governance.conftest import COLUMNS, PARQUET, PEOPLE, SCOPE, people

UNGOVERNED = {
    # What Lake Formation has no say about.
    "create_function", "function", "functions", "update_function", "delete_function", "create_connection", "connection",
    "connections", "update_connection", "delete_connection", "delete_connections", "test_connection",
    "create_classifier", "classifier", "classifiers", "update_classifier", "delete_classifier", "put_policy", "policy",
    "policies", "delete_policy", "encryption_settings", "put_encryption_settings", "tags",
    "change_tags", "create_catalog", "catalog", "catalogs", "update_catalog", "delete_catalog",
    # Deletes table by table, each by the method that asks.
    "delete_tables",
    # Tell where things are, and are asked beside the decisions.
    "behind", "place_of", "database_place", "link", "govern",
}  # fmt: skip


def columns(*names: str, excluded: tuple[str, ...] | None = None) -> Resource:
    return Resource(Kind.COLUMNS, "air", "people", names, excluded)


@pytest.fixture
def revoked(lake: Lake, root: Principal) -> Lake:
    """IAM alone no longer decides about the table."""
    lake.revoke(SCOPE, root, IAM_ALLOWED, PEOPLE, ["ALL"])
    return lake


@pytest.fixture
def seen(governed: GovernedCatalog, ana: Principal) -> GovernedCatalog:
    return governed.of(lambda: ana)


def names(table: Table) -> list[str]:
    assert table.storage is not None
    return [column.name for column in table.storage.columns]


def test_every_method_of_the_catalog_asks_lake_formation_or_is_known_not_to() -> None:
    methods = {name for name, _ in inspect.getmembers(Catalog, inspect.isfunction) if not name.startswith("_")}
    asking = {name for name in methods if getattr(GovernedCatalog, name).__module__.startswith("studiolo.governance")}
    assert methods - asking == UNGOVERNED


def test_until_something_is_revoked_everybody_sees_what_iam_lets_them(seen: GovernedCatalog) -> None:
    assert seen.table(SCOPE, "air", "people") == seen.everything.table(SCOPE, "air", "people")


def test_who_has_no_permission_sees_no_table(revoked: Lake, seen: GovernedCatalog) -> None:
    assert seen.tables(SCOPE, "air").items == []
    assert seen.table_names(SCOPE, "air") == []
    assert seen.search_tables([SCOPE]).items == []
    for ask in (seen.table, seen.partitions, seen.table_version, seen.partition_values, seen.delete_table):
        with pytest.raises(Denied, match="Insufficient Lake Formation permission"):
            ask(SCOPE, "air", "people")


def test_who_may_select_columns_sees_those_and_nothing_that_tells_of_others(
    revoked: Lake, root: Principal, ana: Principal, seen: GovernedCatalog
) -> None:
    revoked.grant(SCOPE, root, ana.identity_arn, columns("id", "day"), ["SELECT"])
    table = seen.table(SCOPE, "air", "people")
    assert names(table) == ["id"]
    assert table.parameters == {"classification": "parquet"}
    assert "ssn" not in repr(table)
    assert "raw" not in repr(table)
    assert "ssn" not in repr(seen.partitions(SCOPE, "air", "people"))
    # What is searched for is what is shown.
    assert seen.search_tables([SCOPE], text="ssn").items == []
    assert seen.column_statistics(SCOPE, "air", "people", ["ssn"]) == []
    with pytest.raises(Denied):
        seen.table_versions(SCOPE, "air", "people")


def test_hidden_partition_keys_and_partitions_without_permitted_rows_are_not_told(
    revoked: Lake, root: Principal, ana: Principal, seen: GovernedCatalog
) -> None:
    revoked.grant(SCOPE, root, ana.identity_arn, columns("id"), ["SELECT"])
    for ask in (seen.partitions, seen.partition_values):
        with pytest.raises(Denied, match="partition keys"):
            ask(SCOPE, "air", "people")
    revoked.create_filter(SCOPE, CellsFilter("air", "people", "first", "day = '1'", excluded=("ssn",)))
    revoked.grant(SCOPE, root, ana.identity_arn, Resource(Kind.FILTER, "air", "people", name="first"), ["SELECT"])
    revoked.revoke(SCOPE, root, ana.identity_arn, columns("id"), ["SELECT"])
    assert [each.values for each in seen.partitions(SCOPE, "air", "people").items] == [("1",)]
    assert seen.partition_values(SCOPE, "air", "people") == [("1",)]
    # The token of a page would name the next.
    assert seen.partitions(SCOPE, "air", "people", limit=1).next is None
    with pytest.raises(NotFound):
        seen.partition(SCOPE, "air", "people", ["2"])


def test_who_may_describe_a_table_is_told_no_statistics_of_its_rows(
    revoked: Lake, root: Principal, ana: Principal, seen: GovernedCatalog, catalog: Catalog
) -> None:
    known = ColumnStatistics("city", "string", "STRING", nulls=1, distinct=3)
    catalog.set_column_statistics(SCOPE, "air", "people", [known])
    revoked.grant(SCOPE, root, ana.identity_arn, PEOPLE, ["DESCRIBE"])
    assert seen.column_statistics(SCOPE, "air", "people", ["city"]) == []
    revoked.grant(SCOPE, root, ana.identity_arn, columns("city"), ["SELECT"])
    assert len(seen.column_statistics(SCOPE, "air", "people", ["city"])) == 1


def test_a_part_is_given_only_of_rows_that_are_written_as_the_table_says() -> None:
    lines = SerDe(library="org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", parameters={"field.delim": ","})
    storage = StorageDescriptor(columns=COLUMNS, location="s3://raw/wh/people", serde=lines)
    table = replace(people(), storage=storage)
    assert format_of(table) == "lines"
    assert format_of(replace(table, storage=replace(storage, input_format="x.SymlinkTextInputFormat"))) is None
    for name, value in {"skip.footer.line.count": "1", "case.insensitive": "false", "dots.in.keys": "TRUE"}.items():
        assert format_of(replace(table, parameters={name: value})) is None
        odd = replace(storage, serde=replace(lines, parameters={**lines.parameters, name: value}))
        assert not written_alike(table, odd)
    assert format_of(replace(table, parameters={"skip.footer.line.count": "0"})) == "lines"
    assert written_alike(table, storage)
    for other in (
        replace(storage, serde=replace(lines, parameters={"field.delim": ";"})),
        replace(storage, columns=tuple(reversed(storage.columns))),
        replace(storage, serde=PARQUET),
    ):
        assert not written_alike(table, other)


def test_permissions_add_up_and_a_revocation_takes_its_part_back(
    revoked: Lake, root: Principal, ana: Principal, seen: GovernedCatalog
) -> None:
    who = ana.identity_arn
    revoked.grant(SCOPE, root, who, columns("id", "day"), ["SELECT"])
    revoked.grant(SCOPE, root, who, columns("city"), ["SELECT"])
    assert names(seen.table(SCOPE, "air", "people")) == ["id", "city"]
    revoked.revoke(SCOPE, root, who, columns("id"), ["SELECT"])
    assert names(seen.table(SCOPE, "air", "people")) == ["city"]
    revoked.grant(SCOPE, root, who, PEOPLE, ["SELECT", "INSERT"])
    assert seen.table(SCOPE, "air", "people") == seen.everything.table(SCOPE, "air", "people")
    revoked.revoke(SCOPE, root, who, columns("ssn"), ["SELECT"])
    assert names(seen.table(SCOPE, "air", "people")) == ["id", "name", "city"]
    with pytest.raises(Invalid, match="No permissions revoked"):
        revoked.revoke(SCOPE, root, who, PEOPLE, ["DROP"])


def test_all_is_listed_as_aws_lists_it(revoked: Lake, root: Principal, ana: Principal) -> None:
    revoked.grant(SCOPE, root, ana.identity_arn, PEOPLE, ["ALL"])
    found = revoked.permissions(SCOPE, Wanted(ana.identity_arn), root).items
    told = {each.resource.kind: sorted(each.permissions) for each in found}
    assert told == {Kind.TABLE: ["ALL", "ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT"], Kind.COLUMNS: ["SELECT"]}


def pages(lake: Lake, wanted: Wanted, by: Principal, size: int) -> list[Grant]:
    return list(every(lambda after: lake.permissions(SCOPE, wanted, by, after, size)))


def test_lists_have_what_iam_is_left_with(lake: Lake, root: Principal, catalog: Catalog) -> None:
    """Of a resource link to a database that alone: what it leads to is in another list."""
    catalog.create_table(SCOPE, "air", Table("days"))
    catalog.create_database(SCOPE, Database("link", target_database={"DatabaseName": "air"}))
    found = [(each.resource.database, each.resource.table) for each in pages(lake, Wanted(), root, 1)]
    assert found == [("", ""), ("air", ""), ("air", "days"), ("air", "people"), ("link", "")]


THEIRS = "210987654321"
STEPS = st.tuples(
    st.booleans(),
    st.sampled_from("abc"),
    st.sampled_from([PEOPLE, columns("id"), columns(excluded=()), Resource(Kind.DATABASE, "air")]),
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(STEPS, max_size=4), size=st.integers(1, 5), kind=st.sampled_from([None, Kind.TABLE, Kind.COLUMNS])
)
def test_pages_of_permissions_have_each_once_whatever_was_granted_and_passed_on(
    lake: Lake, root: Principal, steps: list[tuple[bool, str, Resource]], size: int, kind: Kind | None
) -> None:
    head = root_user(THEIRS)
    for passed, name, resource in steps:
        may = ["DESCRIBE"] if resource.kind in (Kind.DATABASE, Kind.TABLE) else ["SELECT"]
        lake.grant(SCOPE, root, THEIRS, resource, may, may)
        lake.grant(SCOPE, head if passed else root, f"arn:aws:iam::{THEIRS}:role/{name}", resource, may)
    wanted = Wanted(kinds=None if kind is None else frozenset({kind}))
    for by in (root, head):
        (*whole,) = lake.permissions(SCOPE, wanted, by, None, 1000).items
        assert pages(lake, wanted, by, size) == whole


def test_only_who_may_pass_a_permission_on_can_grant_it(
    revoked: Lake, root: Principal, ana: Principal, ben: Principal
) -> None:
    with pytest.raises(Denied):
        revoked.grant(SCOPE, ana, ben.identity_arn, PEOPLE, ["SELECT"])
    revoked.grant(SCOPE, root, ana.identity_arn, columns("id"), ["SELECT"], ["SELECT"])
    revoked.grant(SCOPE, ana, ben.identity_arn, columns("id"), ["SELECT"])
    for resource in (columns("id", "ssn"), PEOPLE, columns(excluded=())):
        with pytest.raises(Denied):
            revoked.grant(SCOPE, ana, ben.identity_arn, resource, ["SELECT"])
    revoked.put_settings(SCOPE, Settings(admins=(ana.identity_arn,)))
    revoked.grant(SCOPE, ana, ben.identity_arn, PEOPLE, ["SELECT"])


def test_who_sees_a_part_changes_nothing(revoked: Lake, root: Principal, ana: Principal, seen: GovernedCatalog) -> None:
    revoked.grant(SCOPE, root, ana.identity_arn, columns("id", "day"), ["SELECT"])
    revoked.grant(SCOPE, root, ana.identity_arn, PEOPLE, ["ALTER", "INSERT"])
    with pytest.raises(Denied):
        seen.update_table(SCOPE, "air", people())
    with pytest.raises(Denied):
        seen.update_partitions(SCOPE, "air", "people", [])


def test_a_table_can_be_put_into_a_registered_location_by_who_may_use_that(
    lake: Lake, root: Principal, ana: Principal, seen: GovernedCatalog
) -> None:
    lake.begin(SCOPE)
    mine = Table("mine", storage=StorageDescriptor(location="s3://raw/wh/people"))
    with pytest.raises(Denied, match="location"):
        seen.create_table(SCOPE, "air", mine)
    lake.grant(
        SCOPE, root, ana.identity_arn, Resource(Kind.LOCATION, name="arn:aws:s3:::raw/wh"), ["DATA_LOCATION_ACCESS"]
    )
    seen.create_table(SCOPE, "air", mine)


def test_what_lies_around_a_registered_location_does_not_open_it(
    revoked: Lake, ana: Principal, seen: GovernedCatalog, catalog: Catalog
) -> None:
    revoked.put_settings(SCOPE, Settings(database_defaults=(), table_defaults=()))
    with pytest.raises(Denied, match="location"):
        seen.create_database(SCOPE, Database("around", location="s3://raw"))
    # It was made before the location was registered.
    catalog.create_database(SCOPE, Database("around", location="s3://raw", create_table_default_permissions=()))
    for place in ("s3://raw", "s3://raw/wh/people", "s3://raw/x/../wh/people"):
        with pytest.raises((Denied, Invalid), match="location"):
            seen.create_table(SCOPE, "around", Table("mine", storage=StorageDescriptor(location=place)))
    catalog.create_table(SCOPE, "around", Table("whole", storage=StorageDescriptor(location="s3://raw"), governed=True))
    revoked.settle(SCOPE, ana, Resource(Kind.TABLE, "around", "whole"), ())
    assert not revoked.opens(ana, "s3:GetObject", "raw", "wh/people/day=1/x")


def test_a_new_table_at_its_database_s_location_has_nothing_of_those_that_are_there(
    revoked: Lake, seen: GovernedCatalog, catalog: Catalog
) -> None:
    child = Scope(catalog.create_catalog(SCOPE, ChildCatalog("beside")).id, SCOPE.region)
    for number, scope in enumerate((SCOPE, child)):
        catalog.create_database(scope, Database("inside", location="s3://raw/wh", create_table_default_permissions=()))
        for place in ("s3://raw/wh/people", "s3://raw/wh/people/day=1", "s3://raw/wh"):
            with pytest.raises(Denied, match="location"):
                seen.create_table(scope, "inside", Table("mine", storage=StorageDescriptor(location=place)))
        mine = StorageDescriptor(location=f"s3://raw/wh/mine-{number}")
        seen.create_table(scope, "inside", Table("mine", storage=mine))


def test_what_is_made_without_default_permissions_is_its_maker_s_alone(
    lake: Lake, root: Principal, ana: Principal, ben: Principal, governed: GovernedCatalog
) -> None:
    lake.put_settings(SCOPE, Settings(database_defaults=(), table_defaults=()))
    mine, other = governed.of(lambda: ana), governed.of(lambda: ben)
    mine.create_database(SCOPE, Database("own"))
    mine.create_table(SCOPE, "own", Table("t"))
    assert mine.table(SCOPE, "own", "t").governed
    assert [each.name for each in other.databases(SCOPE).items] == ["air"]
    with pytest.raises(Denied):
        other.table(SCOPE, "own", "t")
    with pytest.raises(Denied):
        other.create_table(SCOPE, "own", Table("u"))


def test_a_table_that_is_made_again_has_nothing_of_the_one_before(
    revoked: Lake, root: Principal, ana: Principal, governed: GovernedCatalog
) -> None:
    revoked.grant(SCOPE, root, ana.identity_arn, PEOPLE, ["ALL"])
    owner = governed.of(lambda: root)
    owner.delete_table(SCOPE, "air", "people")
    owner.create_table(SCOPE, "air", people())
    assert revoked.permissions(SCOPE, Wanted(ana.identity_arn), root).items == []


def test_lf_tags_are_inherited_and_grant_what_has_them(
    revoked: Lake, root: Principal, ana: Principal, seen: GovernedCatalog
) -> None:
    revoked.create_tag(SCOPE, "level", ["open", "secret"])
    revoked.set_tags(SCOPE, Tagged("air"), {"level": "open"})
    revoked.set_tags(SCOPE, Tagged("air", "people", "ssn"), {"level": "secret"})
    resource = Resource(Kind.POLICY, type="TABLE", expression=(("level", ("open",)),))
    revoked.grant(SCOPE, root, ana.identity_arn, resource, ["SELECT"])
    assert names(seen.table(SCOPE, "air", "people")) == ["id", "name", "city"]
    revoked.set_tags(SCOPE, Tagged("air", "people"), {"level": "secret"})
    with pytest.raises(Denied):
        seen.table(SCOPE, "air", "people")


def test_who_has_opted_in_is_no_longer_left_to_iam(
    lake: Lake, root: Principal, ana: Principal, ben: Principal, governed: GovernedCatalog
) -> None:
    lake.opt_in(SCOPE, OptIn(ana.identity_arn, PEOPLE))
    with pytest.raises(Denied):
        governed.of(lambda: ana).table(SCOPE, "air", "people")
    assert names(governed.of(lambda: ben).table(SCOPE, "air", "people")) == ["id", "name", "ssn", "city"]


def test_a_filter_on_columns_that_are_not_there_or_cannot_be_compared_is_refused(lake: Lake) -> None:
    wrong: list[Any] = [{"rows": "x = 1"}, {"rows": "id = 1"}]
    for each in wrong:
        with pytest.raises(Invalid):
            lake.create_filter(SCOPE, CellsFilter("air", "people", "f", excluded=(), **each))
    with pytest.raises(NotFound, match="Columns not found"):
        lake.create_filter(SCOPE, CellsFilter("air", "people", "f", columns=("x",)))


def test_the_door_is_opened_to_whole_tables_and_closed_to_all_else_in_strict_mode(
    revoked: Lake, root: Principal, ana: Principal, ben: Principal
) -> None:
    revoked.grant(SCOPE, root, ana.identity_arn, PEOPLE, ["SELECT"])
    revoked.grant(SCOPE, root, ben.identity_arn, columns("id"), ["SELECT"])
    file, folder = "wh/people/day=1/x", "wh/people/"
    assert revoked.opens(ana, "s3:GetObject", "raw", file)
    assert revoked.opens(ana, "s3:ListBucket", "raw", folder)
    for action, key in (("s3:PutObject", file), ("s3:ListBucket", "wh/people"), ("s3:GetObject", "wh/people2/x")):
        assert not revoked.opens(ana, action, "raw", key)
    assert not revoked.opens(ben, "s3:GetObject", "raw", file)
    assert not revoked.closes(ana, "s3:GetObject", "raw", file)
    for who in (ben, None):
        for action, key in (("s3:GetObject", file), ("s3:GetObjectVersion", file), ("s3:ListBucket", "")):
            assert revoked.closes(who, action, "raw", key)
        assert revoked.closes(who, "s3:ListBucket", "raw", "w")
    assert not revoked.closes(ben, "s3:GetObject", "raw", "elsewhere/x")
    assert not revoked.closes(ben, "s3:ListBucket", "ra", "")
    revoked.revoke(SCOPE, root, ana.identity_arn, PEOPLE, ["SELECT"])
    assert not revoked.opens(ana, "s3:GetObject", "raw", file)
