"""EC2's VPCs and subnets."""

from studiolo.recorded.gateways import add_table
from studiolo.recorded.groups import add_group
from studiolo.recorded.kinds import (
    ACL,
    GROUP,
    RULE,
    SUBNET,
    TABLE,
    VPC,
    ZONES,
    Tags,
    network_of,
    require_free,
    zone_id,
    zones_of,
)
from studiolo.recorded.records import Book, Record, RecordExists, RecordInvalid, new_id


def add_vpc(book: Book, cidr: str, tags: Tags, *, is_default: bool = False, tenancy: str = "default") -> Record:
    """A VPC, with its main route table, default security group and network ACL. Raises RecordInvalid."""
    network = network_of(cidr)
    if not 16 <= network.prefixlen <= 28:
        raise RecordInvalid("vpc-range", f"The CIDR '{cidr}' is invalid.")
    identifier = new_id("vpc")
    attributes = {
        "CidrBlock": cidr,
        "CidrBlockAssociationSet": [
            {"AssociationId": new_id("vpc-cidr-assoc"), "CidrBlock": cidr, "CidrBlockState": {"State": "associated"}}
        ],
        "DhcpOptionsId": "default",
        "InstanceTenancy": tenancy,
        "Ipv6CidrBlockAssociationSet": [],
        "IsDefault": is_default,
        "OwnerId": book.scope.account,
        "State": "available",
        "VpcId": identifier,
    }
    hidden = {"EnableDnsSupport": True, "EnableDnsHostnames": is_default, "EnableNetworkAddressUsageMetrics": False}
    vpc = book.add(VPC, identifier, attributes, tags, hidden)
    table = add_table(book, identifier, {})
    association = {
        "AssociationState": {"State": "associated"},
        "Main": True,
        "RouteTableAssociationId": new_id("rtbassoc"),
        "RouteTableId": table.id,
    }
    book.put(table.with_(Associations=[association]))
    add_group(book, identifier, "default", "default VPC security group", {})
    acl = new_id("acl")
    open_to_all = {"CidrBlock": "0.0.0.0/0", "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100}
    book.add(
        ACL,
        acl,
        {
            "Associations": [],
            "Entries": [{**open_to_all, "Egress": True}, {**open_to_all, "Egress": False}],
            "IsDefault": True,
            "NetworkAclId": acl,
            "OwnerId": book.scope.account,
            "VpcId": identifier,
        },
    )
    return vpc


def delete_vpc(book: Book, identifier: str) -> None:
    """Raises RecordMissing, RecordInUse."""
    vpc = book.get(VPC, identifier)
    require_free(book, vpc)
    for kind in (RULE, GROUP, TABLE, ACL):
        for record in book.all(kind):
            if record.get("VpcId") == identifier or record.hidden.get("vpc") == identifier:
                book.drop(record)
    book.drop(vpc)


def add_subnet(book: Book, vpc_id: str, cidr: str, zone: str | None, tags: Tags, *, is_default: bool = False) -> Record:
    """Raises RecordMissing, RecordInvalid, RecordExists for a block that another has."""
    vpc = book.get(VPC, vpc_id)
    block = network_of(cidr)
    if not 16 <= block.prefixlen <= 28:
        raise RecordInvalid("subnet-range", f"The CIDR '{cidr}' is invalid.")
    blocks = [network_of(each["CidrBlock"]) for each in vpc["CidrBlockAssociationSet"]]
    if not any(block.subnet_of(around) for around in blocks):
        raise RecordInvalid("subnet-range", f"The CIDR '{cidr}' is invalid.")
    siblings = book.all(SUBNET, lambda each: bool(each["VpcId"] == vpc_id))
    if any(block.overlaps(network_of(each["CidrBlock"])) for each in siblings):
        raise RecordExists("subnet-cidr", f"The CIDR '{cidr}' conflicts with another subnet")
    zone = zone or f"{book.scope.region}{ZONES[len(siblings) % len(ZONES)]}"
    if zone not in zones_of(book.scope.region):
        raise RecordInvalid(
            "zone", f"Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in "
            f"the following availability zones: {', '.join(zones_of(book.scope.region))}."
        )  # fmt: skip
    identifier = new_id("subnet")
    place = f"arn:{book.scope.partition}:ec2:{book.scope.region}:{book.scope.account}"
    attributes = {
        "AssignIpv6AddressOnCreation": False,
        "AvailabilityZone": zone,
        "AvailabilityZoneId": zone_id(zone),
        "AvailableIpAddressCount": block.num_addresses - 5,
        "CidrBlock": cidr,
        "DefaultForAz": is_default,
        "EnableDns64": False,
        "Ipv6CidrBlockAssociationSet": [],
        "Ipv6Native": False,
        "MapCustomerOwnedIpOnLaunch": False,
        "MapPublicIpOnLaunch": is_default,
        "OwnerId": book.scope.account,
        "PrivateDnsNameOptionsOnLaunch": {
            "EnableResourceNameDnsAAAARecord": False,
            "EnableResourceNameDnsARecord": False,
            "HostnameType": "ip-name",
        },
        "State": "available",
        "SubnetArn": f"{place}:subnet/{identifier}",
        "SubnetId": identifier,
        "VpcId": vpc_id,
    }
    subnet = book.add(SUBNET, identifier, attributes, tags)
    [acl] = book.all(ACL, lambda each: bool(each["VpcId"] == vpc_id and each["IsDefault"]))
    entry = {"NetworkAclAssociationId": new_id("aclassoc"), "NetworkAclId": acl.id, "SubnetId": identifier}
    book.put(acl.with_(Associations=[*acl["Associations"], entry]))
    return subnet


def delete_subnet(book: Book, identifier: str) -> None:
    subnet = book.get(SUBNET, identifier)
    require_free(book, subnet)
    for kind in (ACL, TABLE):
        for record in book.all(kind):
            kept = [each for each in record["Associations"] if each.get("SubnetId") != identifier]
            if kept != record["Associations"]:
                book.put(record.with_(Associations=kept))
    book.drop(subnet)
