"""EC2's networks: VPCs, subnets, gateways, routes, security groups, addresses, endpoints. Nothing of them is carried out.

What depends on what is held: a thing that another needs cannot be deleted. Every region has a default VPC from the start.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jmespath

from studiolo.domain import Scope
from studiolo.recorded.records import (
    Book,
    Record,
    RecordExists,
    RecordInUse,
    RecordInvalid,
    RecordMissing,
    Records,
    matches,
    new_id,
)

Attributes = Mapping[str, Any]
Tags = Mapping[str, str]

ZONES = ("a", "b", "c")
DEFAULT_CIDR = "172.31.0.0/16"

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


class Network:
    """The networks of every scope."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def reading(self, scope: Scope) -> AbstractContextManager[Book]:
        """Read a scope, which has its default VPC."""
        self._furnish(scope)
        return self._records.reading(scope)

    def writing(self, scope: Scope) -> AbstractContextManager[Book]:
        self._furnish(scope)
        return self._records.writing(scope)

    def describe(
        self, scope: Scope, kind: str, ids: Sequence[str], filters: Sequence[Mapping[str, Any]]
    ) -> list[Record]:
        """Those of a kind: all, or of these ids, that pass the filters. Raises RecordMissing."""
        with self.reading(scope) as book:
            found = [book.get(kind, identifier) for identifier in ids] if ids else book.all(kind)
        return [record for record in found if passes(record, filters)]

    def _furnish(self, scope: Scope) -> None:
        with self._records.reading(scope) as book:
            if book.find("region", scope.region) is not None:
                return
        with self._records.writing(scope) as book:
            if book.find("region", scope.region) is not None:
                return
            book.add("region", scope.region, {})
            vpc = add_vpc(book, DEFAULT_CIDR, {}, is_default=True)
            gateway = add_gateway(book, {})
            attach_gateway(book, gateway.id, vpc.id)
            [table] = book.all(TABLE, lambda each: each["VpcId"] == vpc.id)
            add_route(book, table.id, {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway.id})
            blocks = ipaddress.ip_network(DEFAULT_CIDR).subnets(new_prefix=20)
            for letter, block in zip(ZONES, blocks, strict=False):
                add_subnet(book, vpc.id, str(block), f"{scope.region}{letter}", {}, is_default=True)


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


def add_vpc(book: Book, cidr: str, tags: Tags, *, is_default: bool = False, tenancy: str = "default") -> Record:
    """A VPC, with its main route table, default security group and network ACL. Raises RecordInvalid."""
    network = _network(cidr)
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
    block = _network(cidr)
    if not 16 <= block.prefixlen <= 28:
        raise RecordInvalid("subnet-range", f"The CIDR '{cidr}' is invalid.")
    blocks = [_network(each["CidrBlock"]) for each in vpc["CidrBlockAssociationSet"]]
    if not any(block.subnet_of(around) for around in blocks):
        raise RecordInvalid("subnet-range", f"The CIDR '{cidr}' is invalid.")
    siblings = book.all(SUBNET, lambda each: bool(each["VpcId"] == vpc_id))
    if any(block.overlaps(_network(each["CidrBlock"])) for each in siblings):
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


def add_gateway(book: Book, tags: Tags) -> Record:
    """An internet gateway, attached to nothing."""
    identifier = new_id("igw")
    attributes = {"Attachments": [], "InternetGatewayId": identifier, "OwnerId": book.scope.account}
    return book.add(GATEWAY, identifier, attributes, tags)


def attach_gateway(book: Book, identifier: str, vpc_id: str) -> None:
    """Raises RecordMissing, and RecordInUse where either has another."""
    gateway, vpc = book.get(GATEWAY, identifier), book.get(VPC, vpc_id)
    if gateway["Attachments"]:
        raise RecordExists("attachment", f"resource {identifier} is already attached to network {vpc.id}")
    others = book.all(GATEWAY, lambda each: any(a["VpcId"] == vpc_id for a in each["Attachments"]))
    if others:
        raise RecordExists("attachment", f"Network {vpc_id} already has an internet gateway attached")
    book.put(gateway.with_(Attachments=[{"State": "available", "VpcId": vpc_id}]))


def detach_gateway(book: Book, identifier: str, vpc_id: str) -> None:
    gateway = book.get(GATEWAY, identifier)
    if not any(each["VpcId"] == vpc_id for each in gateway["Attachments"]):
        raise RecordMissing("attachment", identifier, f"resource {identifier} is not attached to network {vpc_id}")
    nats = book.all(NAT, lambda each: bool(each["VpcId"] == vpc_id and each["State"] != "deleted"))
    if any(each.get("ConnectivityType") == "public" for each in nats):
        raise RecordInUse(f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) "
                          "before detaching the gateway.")  # fmt: skip
    book.put(gateway.with_(Attachments=[]))


def delete_gateway(book: Book, identifier: str) -> None:
    gateway = book.get(GATEWAY, identifier)
    if gateway["Attachments"]:
        raise RecordInUse(f"The internetGateway '{identifier}' has dependencies and cannot be deleted.")
    book.drop(gateway)


def add_table(book: Book, vpc_id: str, tags: Tags) -> Record:
    """A route table with the VPC's local route."""
    vpc = book.get(VPC, vpc_id)
    identifier = new_id("rtb")
    local = {"DestinationCidrBlock": vpc["CidrBlock"], "GatewayId": "local", "Origin": "CreateRouteTable"}
    attributes = {
        "Associations": [],
        "OwnerId": book.scope.account,
        "PropagatingVgws": [],
        "RouteTableId": identifier,
        "Routes": [{**local, "State": "active"}],
        "VpcId": vpc_id,
    }
    return book.add(TABLE, identifier, attributes, tags)


def delete_table(book: Book, identifier: str) -> None:
    table = book.get(TABLE, identifier)
    if table["Associations"]:
        raise RecordInUse(f"The routeTable '{identifier}' has dependencies and cannot be deleted.")
    require_free(book, table)
    book.drop(table)


def associate_table(book: Book, identifier: str, subnet_id: str) -> str:
    """Give a subnet a route table; the association's id. Raises RecordMissing, RecordExists."""
    table, subnet = book.get(TABLE, identifier), book.get(SUBNET, subnet_id)
    if table["VpcId"] != subnet["VpcId"]:
        raise RecordInvalid(
            "parameter", f"Route table {identifier} and subnet {subnet_id} belong to different networks"
        )
    for other in book.all(TABLE):
        if any(each.get("SubnetId") == subnet_id for each in other["Associations"]):
            raise RecordExists(
                "association",
                f"the specified association for route table {identifier} conflicts with an existing association",
            )
    association = {
        "AssociationState": {"State": "associated"},
        "Main": False,
        "RouteTableAssociationId": new_id("rtbassoc"),
        "RouteTableId": identifier,
        "SubnetId": subnet_id,
    }
    book.put(table.with_(Associations=[*table["Associations"], association]))
    return str(association["RouteTableAssociationId"])


def disassociate_table(book: Book, association: str) -> str | None:
    """Take a route table from a subnet; the subnet's id. Raises RecordMissing."""
    for table in book.all(TABLE):
        for each in table["Associations"]:
            if each["RouteTableAssociationId"] == association:
                if each["Main"]:
                    raise RecordInvalid(
                        "parameter", f"cannot disassociate the main route table association {association}"
                    )
                book.put(table.with_(Associations=[a for a in table["Associations"] if a != each]))
                subnet: str | None = each.get("SubnetId")
                return subnet
    raise RecordMissing("association", association, f"The association ID '{association}' does not exist")


TARGETS = {
    "GatewayId": GATEWAY, "NatGatewayId": NAT, "VpcEndpointId": ENDPOINT,
}  # fmt: skip
DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


def add_route(book: Book, identifier: str, route: Attributes, *, replacing: bool = False) -> None:
    """Raises RecordMissing, RecordInvalid, RecordExists."""
    table = book.get(TABLE, identifier)
    where = _destination(route)
    target = {name: value for name, value in route.items() if name not in (*DESTINATIONS, "RouteTableId") and value}
    if len(target) != 1:
        raise RecordInvalid(
            "missing-parameter", "The request must contain exactly one target of the route, as gatewayId"
        )
    [(name, value)] = target.items()
    if name in TARGETS and value != "local":
        kind = ENDPOINT if str(value).startswith("vpce-") else TARGETS[name]
        there = book.get(kind, value)
        if kind == GATEWAY and not any(each["VpcId"] == table["VpcId"] for each in there["Attachments"]):
            raise RecordInvalid(
                "parameter", f"route table {identifier} and network gateway {value} belong to different networks"
            )
    there_already = [each for each in table["Routes"] if where.items() <= each.items()]
    if there_already and not replacing:
        raise RecordExists("route", f"The route identified by {next(iter(where.values()))} already exists.")
    if replacing and not there_already:
        raise RecordMissing("route", identifier, f"There is no route defined for '{next(iter(where.values()))}' in the "
                            "route table. Use CreateRoute instead.")  # fmt: skip
    kept = [each for each in table["Routes"] if each not in there_already]
    book.put(table.with_(Routes=[*kept, {**where, **target, "Origin": "CreateRoute", "State": "active"}]))


def delete_route(book: Book, identifier: str, route: Attributes) -> None:
    table = book.get(TABLE, identifier)
    where = _destination(route)
    kept = [each for each in table["Routes"] if not where.items() <= each.items()]
    if len(kept) == len(table["Routes"]):
        raise RecordMissing(
            "route",
            identifier,
            f"no route with destination-cidr-block {next(iter(where.values()))} in route table {identifier}",
        )
    book.put(table.with_(Routes=kept))


def add_group(book: Book, vpc_id: str | None, name: str, description: str, tags: Tags) -> Record:
    """A security group, from which all may go out. Raises RecordMissing, RecordExists."""
    if vpc_id is None:
        defaults = book.all(VPC, lambda each: bool(each["IsDefault"]))
        if not defaults:
            raise RecordMissing("default-vpc", "", "No default VPC for this user")
        vpc_id = defaults[0].id
    book.get(VPC, vpc_id)
    if book.all(GROUP, lambda each: bool(each["VpcId"] == vpc_id and each["GroupName"] == name)):
        raise RecordExists("group", f"The security group '{name}' already exists for VPC '{vpc_id}'")
    identifier = new_id("sg")
    place = f"arn:{book.scope.partition}:ec2:{book.scope.region}:{book.scope.account}"
    attributes = {
        "Description": description,
        "GroupId": identifier,
        "GroupName": name,
        "OwnerId": book.scope.account,
        "SecurityGroupArn": f"{place}:security-group/{identifier}",
        "VpcId": vpc_id,
    }
    group = book.add(GROUP, identifier, attributes, tags)
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    add_rules(book, identifier, [everywhere], egress=True)
    if name == "default":
        own = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": identifier}]}
        add_rules(book, identifier, [own], egress=False)
    return group


def delete_group(book: Book, identifier: str) -> None:
    group = book.get(GROUP, identifier)
    if group["GroupName"] == "default":
        raise RecordInvalid(
            "cannot-delete", f'the specified group: "{identifier}" name: "default" cannot be deleted by a user'
        )
    require_free(book, group)
    for rule in book.all(RULE, lambda each: bool(each["GroupId"] == identifier)):
        book.drop(rule)
    book.drop(group)


def add_rules(
    book: Book, group_id: str, permissions: Sequence[Attributes], *, egress: bool, tags: Tags | None = None
) -> list[Record]:
    """Rules of a security group, one for each peer. Raises RecordMissing, RecordExists."""
    group = book.get(GROUP, group_id)
    rules = _rules(book, group, permissions, egress)
    there = [_essence(rule.attributes) for rule in book.all(RULE, lambda each: bool(each["GroupId"] == group_id))]
    for rule in rules:
        if _essence(rule) in there:
            raise RecordExists("rule", f"the specified rule already exists: {rule['IpProtocol']} of {group_id}")
    return [book.add(RULE, rule["SecurityGroupRuleId"], rule, tags, {"vpc": group["VpcId"]}) for rule in rules]


def drop_rules(
    book: Book, group_id: str, permissions: Sequence[Attributes], ids: Sequence[str], *, egress: bool
) -> None:
    """Take rules away. Raises RecordMissing for one that is not there."""
    group = book.get(GROUP, group_id)
    wanted = [_essence(rule) for rule in _rules(book, group, permissions, egress)]
    there = book.all(RULE, lambda each: bool(each["GroupId"] == group_id and each["IsEgress"] == egress))
    for essence in wanted:
        found = next((rule for rule in there if _essence(rule.attributes) == essence), None)
        if found is None:
            raise RecordMissing("permission", group_id, "The specified rule does not exist in this security group.")
        book.drop(found)
    for identifier in ids:
        book.drop(book.get(RULE, identifier))


def permissions_of(rules: Sequence[Record], *, egress: bool) -> list[dict[str, Any]]:
    """Rules as DescribeSecurityGroups shows them: a permission for each protocol and range of ports."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for rule in rules:
        if rule["IsEgress"] != egress:
            continue
        key = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
        permission = found.setdefault(
            key,
            {
                "IpProtocol": key[0],
                **({} if key[0] == "-1" else {"FromPort": key[1], "ToPort": key[2]}),
                "IpRanges": [],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
                "UserIdGroupPairs": [],
            },
        )
        told = {"Description": rule["Description"]} if rule.get("Description") else {}
        if "CidrIpv4" in rule.attributes:
            permission["IpRanges"].append({"CidrIp": rule["CidrIpv4"], **told})
        elif "CidrIpv6" in rule.attributes:
            permission["Ipv6Ranges"].append({"CidrIpv6": rule["CidrIpv6"], **told})
        elif "PrefixListId" in rule.attributes:
            permission["PrefixListIds"].append({"PrefixListId": rule["PrefixListId"], **told})
        else:
            peer = rule["ReferencedGroupInfo"]
            permission["UserIdGroupPairs"].append({"GroupId": peer["GroupId"], "UserId": peer["UserId"], **told})
    return list(found.values())


def add_address(book: Book, tags: Tags) -> Record:
    """An elastic address, of the block that is for documentation: it leads nowhere."""
    identifier = new_id("eipalloc")
    taken = {each["PublicIp"] for each in book.all(ADDRESS)}
    blocks = (ipaddress.ip_network(block).hosts() for block in ("198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/24"))
    free = next((str(host) for block in blocks for host in block if str(host) not in taken), None)
    if free is None:
        raise RecordInUse("The maximum number of addresses has been reached.")
    attributes = {
        "AllocationId": identifier,
        "Domain": "vpc",
        "NetworkBorderGroup": book.scope.region,
        "PublicIp": free,
        "PublicIpv4Pool": "amazon",
    }
    return book.add(ADDRESS, identifier, attributes, tags)


def delete_address(book: Book, identifier: str) -> None:
    address = book.get(ADDRESS, identifier)
    try:
        require_free(book, address)
    except RecordInUse as error:
        raise RecordInUse(f"Address {address['PublicIp']} is in use.") from error
    book.drop(address)


def add_nat(book: Book, subnet_id: str, allocation: str | None, kind: str, tags: Tags) -> Record:
    """A NAT gateway, available at once. Raises RecordMissing, RecordInUse."""
    subnet = book.get(SUBNET, subnet_id)
    block = _network(subnet["CidrBlock"])
    address: dict[str, Any] = {"IsPrimary": True, "PrivateIp": str(block[4]), "Status": "succeeded"}
    if kind == "public":
        if allocation is None:
            raise RecordInvalid("missing-parameter", "The request must include the AllocationId parameter.")
        eip = book.get(ADDRESS, allocation)
        if eip.get("AssociationId"):
            raise RecordInUse(f"Elastic IP address [{allocation}] is already associated")
        address |= {"AllocationId": allocation, "PublicIp": eip["PublicIp"], "AssociationId": new_id("eipassoc")}
        book.put(eip.with_(AssociationId=address["AssociationId"]))
    address["NetworkInterfaceId"] = new_id("eni")
    identifier = new_id("nat")
    attributes = {
        "ConnectivityType": kind,
        "NatGatewayAddresses": [address],
        "NatGatewayId": identifier,
        "State": "available",
        "SubnetId": subnet_id,
        "VpcId": subnet["VpcId"],
    }
    return book.add(NAT, identifier, attributes, tags)


def delete_nat(book: Book, identifier: str) -> None:
    """A NAT gateway is told of as deleted from then on."""
    nat = book.get(NAT, identifier)
    for address in nat["NatGatewayAddresses"]:
        eip = book.find(ADDRESS, address.get("AllocationId", ""))
        if eip is not None:
            book.put(eip.with_(AssociationId=None))
    book.put(nat.with_(State="deleted").hiding(deleted=book.now.isoformat()))
    for table in book.all(TABLE, lambda each: any(r.get("NatGatewayId") == identifier for r in each["Routes"])):
        routes = [{**r, "State": "blackhole"} if r.get("NatGatewayId") == identifier else r for r in table["Routes"]]
        book.put(table.with_(Routes=routes))


def add_endpoint(book: Book, given: Attributes, tags: Tags) -> Record:
    """An endpoint of a service in a VPC. Raises RecordMissing."""
    vpc = book.get(VPC, given["VpcId"])
    for name, kind in (("SubnetIds", SUBNET), ("RouteTableIds", TABLE), ("SecurityGroupIds", GROUP)):
        for identifier in given.get(name) or []:
            book.get(kind, identifier)
    identifier = new_id("vpce")
    kind = given.get("VpcEndpointType") or "Gateway"
    groups = given.get("SecurityGroupIds") or []
    if kind == "Interface" and not groups:
        default = book.all(GROUP, lambda each: bool(each["VpcId"] == vpc.id and each["GroupName"] == "default"))
        groups = [each.id for each in default]
    service = given.get("ServiceName")
    attributes = {
        "DnsEntries": [{"DnsName": f"{identifier}.{service}", "HostedZoneId": "Z0"}] if kind == "Interface" else [],
        "Groups": [{"GroupId": each, "GroupName": book.get(GROUP, each)["GroupName"]} for each in groups],
        "IpAddressType": given.get("IpAddressType"),
        "NetworkInterfaceIds": [new_id("eni") for _ in given.get("SubnetIds") or []],
        "OwnerId": book.scope.account,
        "PolicyDocument": given.get("PolicyDocument"),
        "PrivateDnsEnabled": bool(given.get("PrivateDnsEnabled", kind == "Interface")),
        "RequesterManaged": False,
        "RouteTableIds": list(given.get("RouteTableIds") or []),
        "ServiceName": service,
        "State": "available",
        "SubnetIds": list(given.get("SubnetIds") or []),
        "VpcEndpointId": identifier,
        "VpcEndpointType": kind,
        "VpcId": vpc.id,
    }
    return book.add(ENDPOINT, identifier, attributes, tags)


def change_endpoint(book: Book, identifier: str, given: Attributes) -> None:
    """Add to, and take from, what an endpoint is connected with."""
    endpoint = book.get(ENDPOINT, identifier)
    changes: dict[str, Any] = {}
    for name, kind in (("RouteTableIds", TABLE), ("SubnetIds", SUBNET)):
        added, removed = given.get(f"Add{name}") or [], given.get(f"Remove{name}") or []
        for each in added:
            book.get(kind, each)
        kept = [each for each in endpoint[name] if each not in removed]
        changes[name] = [*kept, *(each for each in added if each not in kept)]
    added, removed = given.get("AddSecurityGroupIds") or [], given.get("RemoveSecurityGroupIds") or []
    groups = [each for each in endpoint["Groups"] if each["GroupId"] not in removed]
    known = {each["GroupId"] for each in groups}
    new = [{"GroupId": each, "GroupName": book.get(GROUP, each)["GroupName"]} for each in added if each not in known]
    changes["Groups"] = [*groups, *new]
    for name in ("PolicyDocument", "PrivateDnsEnabled"):
        if given.get(name) is not None:
            changes[name] = given[name]
    if given.get("ResetPolicy"):
        changes["PolicyDocument"] = None
    book.put(endpoint.with_(**changes))


def zones_of(region: str) -> list[str]:
    """The availability zones of a region."""
    return [f"{region}{letter}" for letter in ZONES]


def zone_id(zone: str) -> str:
    """The id of a zone, as use1-az1."""
    area, direction, number = zone[:-1].rsplit("-", 2)
    short = "".join(part[0] for part in (direction.replace("north", "n-").replace("south", "s-")).split("-") if part)
    return f"{area.replace('-', '')}{short}{number}-az{ord(zone[-1]) - ord('a') + 1}"


Remove = Callable[[Book, str], None]
DELETES: Mapping[str, Remove] = {
    VPC: delete_vpc,
    SUBNET: delete_subnet,
    GATEWAY: delete_gateway,
    TABLE: delete_table,
    GROUP: delete_group,
    ADDRESS: delete_address,
    NAT: delete_nat,
    ENDPOINT: lambda book, identifier: book.drop(book.get(ENDPOINT, identifier)),
}


def _network(cidr: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise RecordInvalid(
            "parameter", f"Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
        ) from error


def _destination(route: Attributes) -> dict[str, str]:
    found = {name: route[name] for name in DESTINATIONS if route.get(name)}
    if len(found) != 1:
        raise RecordInvalid("missing-parameter", "The request must contain exactly one destination of the route")
    return found


def _rules(book: Book, group: Record, permissions: Sequence[Attributes], egress: bool) -> list[dict[str, Any]]:
    rules = []
    for permission in permissions:
        protocol = {"6": "tcp", "17": "udp", "1": "icmp", "all": "-1"}.get(
            str(permission.get("IpProtocol", "-1")), str(permission.get("IpProtocol", "-1"))
        )
        ports = {"FromPort": -1, "ToPort": -1}
        if protocol != "-1":
            ports = {"FromPort": permission.get("FromPort", -1), "ToPort": permission.get("ToPort", -1)}
        for peer in _peers(book, permission):
            identifier = new_id("sgr")
            rules.append(
                {
                    "GroupId": group.id,
                    "GroupOwnerId": book.scope.account,
                    "IpProtocol": protocol,
                    "IsEgress": egress,
                    "SecurityGroupRuleId": identifier,
                    **ports,
                    **peer,
                }
            )
    return rules


def _peers(book: Book, permission: Attributes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    kinds = (("IpRanges", "CidrIp", "CidrIpv4"), ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
             ("PrefixListIds", "PrefixListId", "PrefixListId"))  # fmt: skip
    for name, given, kept in kinds:
        for each in permission.get(name) or []:
            if name == "IpRanges":
                _network_of_rule(each[given])
            found.append({kept: each[given], **({"Description": each["Description"]} if "Description" in each else {})})
    for each in permission.get("UserIdGroupPairs") or []:
        identifier = each.get("GroupId")
        if identifier is None:
            name = each.get("GroupName")
            identifier = next((other.id for other in book.all(GROUP) if other["GroupName"] == name), str(name))
        book.get(GROUP, identifier)
        peer = {"GroupId": identifier, "UserId": book.scope.account}
        told = {"Description": each["Description"]} if "Description" in each else {}
        found.append({"ReferencedGroupInfo": peer, **told})
    if not found:
        raise RecordInvalid("missing-parameter", "The request must contain a source or destination: a CIDR or a group")
    return found


def _network_of_rule(cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError as error:
        raise RecordInvalid("parameter", f"CIDR block {cidr} is malformed") from error


def _essence(rule: Attributes) -> tuple[Any, ...]:
    """What makes two rules the same."""
    names = ("GroupId", "IsEgress", "IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "PrefixListId")
    return (*(rule.get(name) for name in names), (rule.get("ReferencedGroupInfo") or {}).get("GroupId"))
