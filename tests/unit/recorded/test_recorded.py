"""What is recorded, and what of it is real."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studiolo.domain import Invalid, Scope, now
from studiolo.recorded import (
    Recorder,
    RecordExists,
    RecordInUse,
    RecordInvalid,
    RecordMissing,
    gateways,
    groups,
    network,
    vpcs,
)
from studiolo.recorded.interfaces import interfaces
from studiolo.recorded.keys import InvalidCiphertext, KeyDisabled
from studiolo.recorded.kinds import GATEWAY, GROUP, NAT, SUBNET, TABLE, VPC
from studiolo.recorded.secrets_manager import random_password
from studiolo.state import State

HERE = Scope("000000000000", "eu-central-1")


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    state = State(f"sqlite:///{tmp_path_factory.mktemp('recorded') / 'state.db'}")
    yield Recorder(state, now)
    state.close()


def test_every_region_has_a_default_vpc_with_a_public_subnet_in_each_zone(recorder: Recorder) -> None:
    for region in ("eu-central-1", "ap-southeast-2"):
        scope = Scope(HERE.account, region)
        [vpc] = recorder.network.describe(scope, VPC, [], [{"Name": "is-default", "Values": ["true"]}])
        subnets = recorder.network.describe(scope, SUBNET, [], [{"Name": "vpc-id", "Values": [vpc.id]}])
        assert [each["AvailabilityZone"] for each in sorted(subnets, key=lambda s: str(s["CidrBlock"]))] == [
            f"{region}{letter}" for letter in "abc"
        ]
        [table] = recorder.network.describe(scope, TABLE, [], [{"Name": "association.main", "Values": ["true"]}])
        assert any(route["GatewayId"].startswith("igw-") for route in table["Routes"])


def test_what_another_thing_needs_cannot_be_deleted(recorder: Recorder) -> None:
    with recorder.network.writing(HERE) as book:
        vpc = vpcs.add_vpc(book, "10.1.0.0/16", {}).id
        subnet = vpcs.add_subnet(book, vpc, "10.1.0.0/24", None, {}).id
        gateway = gateways.add_gateway(book, {}).id
        gateways.attach_gateway(book, gateway, vpc)
        address = gateways.add_address(book, {}).id
        nat = gateways.add_nat(book, subnet, address, "public", {}).id
        one, two = (groups.add_group(book, vpc, name, "a group", {}).id for name in ("one", "two"))
        groups.add_rules(book, one, [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": two}]}], egress=False)
        for kind, identifier in (
            (VPC, vpc),
            (SUBNET, subnet),
            (GATEWAY, gateway),
            ("elastic-ip", address),
            (GROUP, two),
        ):
            with pytest.raises(RecordInUse):
                network.DELETES[kind](book, identifier)
        with pytest.raises(RecordInUse, match="mapped public address"):
            gateways.detach_gateway(book, gateway, vpc)
        for kind, identifier in ((NAT, nat), ("elastic-ip", address), (SUBNET, subnet), (GROUP, one), (GROUP, two)):
            network.DELETES[kind](book, identifier)
        gateways.detach_gateway(book, gateway, vpc)
        network.DELETES[VPC](book, vpc)
        assert not book.all(GROUP, lambda each: bool(each["VpcId"] == vpc))


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ("10.2.0.0/24", RecordExists),
        ("10.3.0.0/24", RecordInvalid),
        ("10.2.1.0/30", RecordInvalid),
        ("x", RecordInvalid),
    ],
)
def test_a_subnet_lies_in_its_vpc_and_beside_the_others(recorder: Recorder, block: str, error: type[Exception]) -> None:
    with recorder.network.writing(HERE) as book:
        vpc = vpcs.add_vpc(book, "10.2.0.0/16", {}).id
        vpcs.add_subnet(book, vpc, "10.2.0.0/24", None, {})
        with pytest.raises(error):
            vpcs.add_subnet(book, vpc, block, None, {})


def test_filters_find_by_tags_and_attributes_with_wildcards(recorder: Recorder) -> None:
    with recorder.network.writing(HERE) as book:
        vpc = vpcs.add_vpc(book, "10.4.0.0/16", {"Name": "lake-1"}).id

    def found(**filters: str) -> list[str]:
        asked = [
            {"Name": name.replace("__", ":").replace("_", "-"), "Values": [value]} for name, value in filters.items()
        ]
        return [each.id for each in recorder.network.describe(HERE, VPC, [], asked)]

    assert found(tag__Name="lake-*") == found(cidr_block="10.4.*") == found(tag_key="Name", state="available") == [vpc]
    assert found(tag__Name="lake-?", is_default="true") == []


@pytest.fixture(scope="module")
def key(recorder: Recorder) -> str:
    return recorder.keys.create(HERE, {}, "", {}).id


@settings(max_examples=40)
@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3), st.data())
def test_what_a_key_encrypts_comes_back_only_as_it_was_and_in_its_context(
    recorder: Recorder, key: str, plain: bytes, context: dict[str, str], data: st.DataObject
) -> None:
    _, sealed = recorder.keys.encrypt(HERE, key, plain, context)
    assert recorder.keys.decrypt(HERE, sealed, context) == (recorder.keys.get(HERE, key), plain)
    with pytest.raises(InvalidCiphertext):
        recorder.keys.decrypt(HERE, sealed, {**context, "more": "x"})
    at = data.draw(st.integers(0, len(sealed) - 1))
    with pytest.raises(InvalidCiphertext):
        recorder.keys.decrypt(HERE, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], context)


def test_a_key_that_is_switched_off_neither_encrypts_nor_decrypts(recorder: Recorder) -> None:
    key = recorder.keys.create(HERE, {}, "", {}).id
    _, sealed = recorder.keys.encrypt(HERE, key, b"a", {})
    recorder.keys.enable(HERE, key, False)
    for use in (lambda: recorder.keys.encrypt(HERE, key, b"a", {}), lambda: recorder.keys.decrypt(HERE, sealed, {})):
        with pytest.raises(KeyDisabled):
            use()
    with pytest.raises(RecordMissing):
        recorder.keys.get(HERE, "alias/nobody")


def test_a_parameter_keeps_its_versions_and_a_secure_one_is_kept_encrypted(recorder: Recorder) -> None:
    parameters = recorder.parameters

    def put(value: str, **more: Any) -> None:
        parameters.put(HERE, {"Name": "/a/b", "Value": value, "Type": "SecureString", **more}, {}, "me")

    put("one")
    with pytest.raises(RecordExists):
        put("two")
    put("two", Overwrite=True)
    assert parameters.get(HERE, "/a/b:1", decrypt=True)["Value"] == "one"
    assert parameters.get(HERE, "/a/b", decrypt=True)["Value"] == "two"
    assert "two" not in parameters.get(HERE, "/a/b", decrypt=False)["Value"]
    assert [
        each["Name"] for each in parameters.under(HERE, "/a", deep=False, decrypt=False, after=None, limit=10).items
    ] == ["/a/b"]
    with pytest.raises(Invalid, match="can't be prefixed"):
        parameters.put(HERE, {"Name": "/aws/x", "Value": "a", "Type": "String"}, {}, "me")


def test_a_secret_moves_its_stages_and_comes_back_from_deletion(recorder: Recorder) -> None:
    secrets = recorder.secrets
    secrets.create(HERE, {"Name": "s", "SecretString": "one"}, {})
    secrets.put(HERE, "s", {"SecretString": "two"})
    assert secrets.value(HERE, "s", None, None)[1]["Value"] == b"two"
    assert secrets.value(HERE, "s", None, "AWSPREVIOUS")[1]["Value"] == b"one"
    record, _ = secrets.delete(HERE, "s", 7, force=False)
    with pytest.raises(Exception, match="marked for deletion"):
        secrets.value(HERE, "s", None, None)
    secrets.restore(HERE, record["ARN"])
    assert secrets.value(HERE, record["ARN"], None, None)[1]["Value"] == b"two"


@given(st.integers(4, 64), st.sets(st.sampled_from(["ExcludeLowercase", "ExcludePunctuation"])))
def test_a_password_has_the_length_and_the_letters_that_are_asked_for(length: int, without: set[str]) -> None:
    made = random_password({"PasswordLength": length, **dict.fromkeys(without, True), "ExcludeCharacters": "AB"})
    assert len(made) == length
    assert not {"A", "B"} & set(made)
    assert any(letter.islower() for letter in made) != ("ExcludeLowercase" in without)


def test_the_interfaces_of_endpoints_follow_their_subnets(recorder: Recorder) -> None:
    with recorder.network.writing(HERE) as book:
        vpc = vpcs.add_vpc(book, "10.3.0.0/16", {}).id
        first, second = (vpcs.add_subnet(book, vpc, f"10.3.{n}.0/28", None, {}).id for n in (1, 2))
        asked = {"VpcId": vpc, "ServiceName": "sts", "VpcEndpointType": "Interface", "SubnetIds": [first]}
        endpoint = gateways.add_endpoint(book, asked, {}).id
        [before] = [each for each in interfaces(book) if each["VpcId"] == vpc]
        assert (before["SubnetId"], before["InterfaceType"]) == (first, "vpc_endpoint")
        assert ip_address(before["PrivateIpAddress"]) in ip_network("10.3.1.0/28")
        gateways.change_endpoint(book, endpoint, {"AddSubnetIds": [second]})
        after = [each for each in interfaces(book) if each["VpcId"] == vpc]
        assert before in after
        assert [each["SubnetId"] for each in after] == [first, second]


def test_a_grant_of_a_name_is_made_once_and_goes_by_its_id_or_token(recorder: Recorder) -> None:
    key = recorder.keys.create(HERE, {}, "", {}).id
    said = {"Name": "n", "GranteePrincipal": "arn:aws:iam::000000000000:role/a", "Operations": ["Decrypt"]}
    made = recorder.grants.create(HERE, key, said)
    assert recorder.grants.create(HERE, key, said) == made
    other = recorder.grants.create(HERE, key, {**said, "Name": "o"})
    assert {each.id for each in recorder.grants.list(HERE, KeyId=key)} == {made.id, other.id}
    with pytest.raises(RecordMissing):
        recorder.grants.delete(HERE, recorder.keys.create(HERE, {}, "", {}).id, made.id)
    recorder.grants.delete(HERE, key, made.id)
    recorder.grants.delete(HERE, None, None, other.hidden["Token"])
    assert recorder.grants.list(HERE, GranteePrincipal=said["GranteePrincipal"]) == []
