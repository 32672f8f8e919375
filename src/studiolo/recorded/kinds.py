"""The kinds of things of EC2's networks: their ids, filters, and what they need of each other."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import jmespath

from studiolo.recorded.records import Book, Record, RecordInUse, RecordInvalid, matches

Attributes = Mapping[str, Any]
Tags = Mapping[str, str]

ZONES = ("a", "b", "c")

VPC, SUBNET, GATEWAY, TABLE, GROUP, RULE = (
    "vpc",
    "subnet",
    "internet-gateway",
    "route-table",
    "security-group",
    "security-group-rule",
)
ADDRESS, NAT, ENDPOINT, ACL = "elastic-ip", "natgateway", "vpc-endpoint", "network-acl"

KEYS = {
    VPC: "VpcId", SUBNET: "SubnetId", GATEWAY: "InternetGatewayId", TABLE: "RouteTableId", GROUP: "GroupId",
    RULE: "SecurityGroupRuleId", ADDRESS: "AllocationId", NAT: "NatGatewayId", ENDPOINT: "VpcEndpointId",
    ACL: "NetworkAclId",
}  # fmt: skip
"""The attribute that is the id of each kind."""

PREFIXES = {
    "vpc": VPC, "subnet": SUBNET, "igw": GATEWAY, "rtb": TABLE, "sg": GROUP, "sgr": RULE, "eipalloc": ADDRESS, "nat": NAT,
    "vpce": ENDPOINT, "acl": ACL,
}  # fmt: skip
"""The kinds by how their ids begin."""

NEEDED: Mapping[str, Sequence[tuple[str, str, str]]] = {
    VPC: (
        (SUBNET, "VpcId", ""),
        (GATEWAY, "Attachments[].VpcId", ""),
        (TABLE, "VpcId", "Associations[?Main]"),
        (GROUP, "VpcId", "GroupName=='default' || null"),
        (NAT, "VpcId", "State=='deleted' || null"),
        (ENDPOINT, "VpcId", ""),
    ),
    SUBNET: ((NAT, "SubnetId", "State=='deleted' || null"), (ENDPOINT, "SubnetIds[]", "")),
    GROUP: ((ENDPOINT, "Groups[].GroupId", ""), (RULE, "ReferencedGroupInfo.GroupId", "")),
    TABLE: ((ENDPOINT, "RouteTableIds[]", ""),),
    ADDRESS: ((NAT, "NatGatewayAddresses[].AllocationId", "State=='deleted' || null"),),
    GATEWAY: (),
}
"""What hinders the deletion of each kind: others by the place of its id in them, but for those that an expression finds."""

ALIASES: Mapping[str, str] = {
    "association.main": "Associations[].Main",
    "association.route-table-association-id": "Associations[].RouteTableAssociationId",
    "association.route-table-id": "Associations[].RouteTableId",
    "association.subnet-id": "Associations[].SubnetId",
    "attachment.state": "Attachments[].State",
    "attachment.vpc-id": "Attachments[].VpcId",
    "cidr": "CidrBlock",
    "cidr-block-association.cidr-block": "CidrBlockAssociationSet[].CidrBlock",
    "cidrBlock": "CidrBlock",
    "defaultForAz": "DefaultForAz",
    "availabilityZone": "AvailabilityZone",
    "description": "Description",
    "isDefault": "IsDefault",
    "default": "IsDefault",
    "route.destination-cidr-block": "Routes[].DestinationCidrBlock",
    "route.gateway-id": "Routes[].GatewayId",
    "route.nat-gateway-id": "Routes[].NatGatewayId",
    "route.vpc-endpoint-id": "Routes[].GatewayId",
    "vpc-endpoint-state": "State",
}
"""Names of filters that are not simply those of attributes."""


def passes(record: Record, filters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a thing passes all filters (Name, Values)."""
    return all(_passes(record, str(each.get("Name", "")), each.get("Values") or []) for each in filters)


def _passes(record: Record, name: str, values: Sequence[str]) -> bool:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return key in record.tags and matches([record.tags[key]], values)
    if name == "tag-key":
        return matches(list(record.tags), values)
    if name == "tag-value":
        return matches(list(record.tags.values()), values)
    path = ALIASES.get(name) or "".join(part[:1].upper() + part[1:] for part in name.split("-"))
    try:
        found = jmespath.search(path, dict(record.attributes))
    except jmespath.exceptions.JMESPathError as error:
        raise RecordInvalid("filter", f"The filter '{name}' is invalid") from error
    return matches(found if isinstance(found, list) else [found], values)


def require_free(book: Book, record: Record) -> None:
    """Raise RecordInUse where others need the thing."""
    for kind, place, but in NEEDED.get(record.kind, ()):
        for other in book.all(kind):
            values = jmespath.search(place, dict(other.attributes))
            if record.id not in (values if isinstance(values, list) else [values]):
                continue
            if kind == RULE and other["GroupId"] == record.id:
                continue
            if but and jmespath.search(but, dict(other.attributes)):
                continue
            raise RecordInUse(
                f"The {record.kind} '{record.id}' has dependencies and cannot be deleted: {other.kind} {other.id}"
            )


def zones_of(region: str) -> list[str]:
    """The availability zones of a region."""
    return [f"{region}{letter}" for letter in ZONES]


def zone_id(zone: str) -> str:
    """The id of a zone, as use1-az1."""
    area, direction, number = zone[:-1].rsplit("-", 2)
    short = "".join(part[0] for part in (direction.replace("north", "n-").replace("south", "s-")).split("-") if part)
    return f"{area.replace('-', '')}{short}{number}-az{ord(zone[-1]) - ord('a') + 1}"


def network_of(cidr: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise RecordInvalid(
            "parameter", f"Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        ) from error
