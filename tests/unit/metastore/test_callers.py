"""Who says nothing is told nothing; who says who it is may what it may in Glue; and no token is ever shown."""

from typing import Any

import pytest
from hive_metastore import ttypes as hive
from thrift.Thrift import TApplicationException

from studiolo.governance import Kind, Lake, Resource
from studiolo.governance.model import IAM_ALLOWED
from studiolo.identity import Identity, metastore_token
from studiolo.metastore import caller as callers
from studiolo.metastore.caller import Caller
from studiolo.metastore.room import House
from tests.hive import connected
from tests.unit.metastore.conftest import ME, ROOT, SCOPE, policy


def test_a_stranger_is_told_how_to_say_who_it_is_and_nothing_else(uri: str) -> None:
    with connected(uri, None) as hms:
        with pytest.raises(hive.MetaException, match="does not know who asks.*HADOOP_USER_NAME"):
            hms.get_all_databases()
        # A method that declares no exception for it has the protocol's own, with the same words.
        with pytest.raises(TApplicationException, match="does not know who asks"):
            hms.lock(hive.LockRequest(component=[], user="me", hostname="here"))
        with pytest.raises(TApplicationException, match="does not know who asks"):
            hms.open_txns(hive.OpenTxnRequest(num_txns=1, user="me", hostname="here"))
        assert hms.getStatus() == 2


@pytest.mark.parametrize("name", ["", "hadoop", "kernel.", "kernel." + 64 * "0", ME[:-1], ME + "0"])
def test_a_name_that_is_no_token_is_refused_and_remembered(uri: str, reader: str, name: str) -> None:
    with connected(uri, None) as hms:
        for call in (lambda: hms.set_ugi(name, []), lambda: hms.get_table("air", "days")):
            with pytest.raises(hive.MetaException, match="does not know who asks. The token is nobody's"):
                call()


def test_a_connection_that_says_another_name_is_no_longer_who_it_was(uri: str) -> None:
    with connected(uri, ME) as hms:
        with pytest.raises(hive.MetaException):
            hms.set_ugi("hadoop", [])
        with pytest.raises(hive.MetaException, match="does not know who asks"):
            hms.get_table("air", "days")
        hms.set_ugi(ME, [])
        assert hms.get_table("air", "days").tableName == "days"


def test_what_is_answered_to_a_name_has_no_token_in_it(uri: str) -> None:
    with connected(uri, None) as hms:
        assert hms.set_ugi(ME, ["users", ME]) == ["users"]


def test_a_role_that_may_read_tables_reads_them_and_does_nothing_else(uri: str, reader: str) -> None:
    words = (
        f"User: arn:aws:sts::{SCOPE.account}:assumed-role/Reader/ada is not authorized to perform: glue:DeleteTable "
        r"on resource: arn:aws:glue:[\w-]*:\d*:catalog because no identity-based policy allows the glue:DeleteTable action"
    )
    with connected(uri, reader) as hms:
        assert hms.get_table("air", "days").tableName == "days"
        with pytest.raises(hive.MetaException, match=words):
            hms.drop_table("air", "days", False)
        with pytest.raises(hive.MetaException, match="glue:GetTables"):
            hms.get_all_tables("air")
        with pytest.raises(hive.MetaException, match="glue:CreateTable"):
            hms.create_table(hms.get_table("air", "days"))
        assert hms.get_table("air", "days").tableName == "days"


def test_a_right_that_is_taken_away_is_gone_at_once(uri: str, reader: str, identity: Identity) -> None:
    with connected(uri, reader) as hms:
        hms.get_table("air", "days")
        identity.roles.delete_policy("Reader", "own")
        with pytest.raises(hive.MetaException, match="glue:GetTable"):
            hms.get_table("air", "days")


def test_a_key_that_is_switched_off_is_nobody_s_at_once(
    uri: str, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "BELIEVED", 3600.0)
    identity.users.create("ada")
    identity.users.put_policy("ada", "own", policy(Action="glue:*", Resource="*"))
    key = identity.access_keys.create("ada")
    with connected(uri, metastore_token(key.id, key.secret)) as hms:
        hms.get_table("air", "days")
        identity.access_keys.set_active("ada", key.id, False)
        with pytest.raises(hive.MetaException, match="The token is nobody's"):
            hms.get_table("air", "days")


def test_tables_of_a_database_that_is_denied_are_in_no_list_of_all(uri: str, reader: str, identity: Identity) -> None:
    identity.roles.put_policy("Reader", "own", policy(Action="glue:*", Resource="*"))
    with connected(uri, reader) as hms:
        assert [each.tableName for each in hms.get_table_meta("a*", "*", [])] == ["days"]
        denied = {"Effect": "Deny", "Action": "glue:GetTables", "Resource": "arn:aws:glue:*:*:database/air"}
        identity.roles.put_policy("Reader", "more", policy(**denied))
        assert hms.get_table_meta("a*", "*", []) == []


def test_what_has_ended_may_nothing_more_on_the_connection_that_it_had(
    uri: str, reader: str, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "BELIEVED", 0.0)
    with connected(uri, reader) as hms:
        hms.get_table("air", "days")
        identity.workloads.end("kernel")
        with pytest.raises(hive.MetaException, match="something that has ended"):
            hms.get_table("air", "days")


def test_the_metastore_of_another_account_refuses_the_token(house: House, identity: Identity) -> None:
    other = Caller(identity, type(SCOPE)("000000000000", SCOPE.region), lambda _: None, lambda *_: ())
    with pytest.raises(callers.Denied, match="the metastore of account 000000000000"):
        other.introduce(ME)
    assert not other.known


def test_clients_that_put_the_user_name_into_what_they_make_show_the_role_s_name(
    uri: str, reader: str, identity: Identity
) -> None:
    identity.roles.put_policy("Reader", "own", policy(Action="glue:*", Resource="*"))
    columns = [hive.FieldSchema("a", "int", None)]
    storage = hive.StorageDescriptor(columns, "file:/air/t", serdeInfo=hive.SerDeInfo(parameters={}), parameters={})
    keys = [hive.FieldSchema("year", "int", None)]
    grant = hive.PrivilegeGrantInfo("ALL", 0, reader, hive.PrincipalType.USER, True)
    table = hive.Table(
        tableName="t",
        dbName="air",
        owner=reader,
        sd=storage,
        partitionKeys=keys,
        parameters={"last_modified_by": reader},
        privileges=hive.PrincipalPrivilegeSet(userPrivileges={reader: [grant]}),
    )
    with connected(uri, reader) as hms:
        would = hms.translate_table_dryrun(hive.CreateTableRequest(table=table))
        hms.create_table(table)
        made = hms.get_table("air", "t")
        assert (made.owner, made.parameters["last_modified_by"]) == ("Reader", "Reader")
        partition = hive.Partition(["2024"], "air", "t", sd=storage, parameters={"last_modified_by": reader})
        told = hms.add_partition(partition)
        assert told.parameters["last_modified_by"] == "Reader"
        hms.create_function(
            hive.Function("f", "air", "F", reader, hive.PrincipalType.USER, 0, hive.FunctionType.JAVA, [])
        )
        part = hive.LockComponent(hive.LockType.EXCLUSIVE, hive.LockLevel.TABLE, "air", "t")
        hms.lock(hive.LockRequest(component=[part], user=reader, hostname="here"))
        made = hms.get_database("air")
        made.ownerName, made.parameters = reader, {"by": f"user {reader}"}
        hms.alter_database("air", made)
        shown = [
            would,
            hms.get_table("air", "t"),
            hms.get_partitions("air", "t", -1),
            hms.get_all_functions(),
            hms.show_locks(hive.ShowLocksRequest()),
            hms.get_database("air"),
        ]
    secret = reader.partition(".")[2]
    assert [str(each).count("Reader") > 0 for each in shown] == [True] * 6
    assert not [each for each in shown if secret in str(each)]


def test_locks_on_a_table_are_for_those_who_may_change_it_and_told_to_those_who_see_it(
    uri: str, reader: str, identity: Identity, lake: Lake
) -> None:
    identity.roles.put_policy("Reader", "own", policy(Action="glue:*", Resource="*"))
    found, days = identity.find_key(ROOT.id), Resource(Kind.TABLE, "air", "days")
    assert found is not None
    root, role = found[1], identity.roles.get("Reader").arn
    lake.revoke(SCOPE, root, IAM_ALLOWED, days, ["ALL"])

    def asked(mode: int) -> hive.LockRequest:
        part = hive.LockComponent(mode, hive.LockLevel.TABLE, "air", "days", "name=secret")
        return hive.LockRequest(component=[part], user="me", hostname="here")

    def locks(hms: Any) -> list[str]:
        return [each.partname for each in hms.show_locks(hive.ShowLocksRequest()).locks]

    with connected(uri, ME) as mine, connected(uri, reader) as theirs:
        held = mine.lock(asked(hive.LockType.SHARED_READ))
        assert (locks(mine), locks(theirs)) == (["name=secret"], [])
        with pytest.raises(TApplicationException, match="Insufficient Lake Formation"):
            theirs.lock(asked(hive.LockType.SHARED_READ))
        lake.grant(SCOPE, root, role, days, ["SELECT"])
        assert locks(theirs) == ["name=secret"]
        with pytest.raises(TApplicationException, match="Insufficient Lake Formation"):
            theirs.lock(asked(hive.LockType.EXCLUSIVE))
        assert theirs.lock(asked(hive.LockType.SHARED_READ)).state == hive.LockState.ACQUIRED
        mine.unlock(hive.UnlockRequest(held.lockid))
        lake.grant(SCOPE, root, role, days, ["INSERT"])
        assert theirs.lock(asked(hive.LockType.SHARED_WRITE)).state == hive.LockState.ACQUIRED
