"""EC2's gateways, route tables, addresses and endpoints."""

import ipaddress
from typing import Any

from studiolo.recorded.kinds import (
    ADDRESS,
    ENDPOINT,
    GATEWAY,
    GROUP,
    NAT,
    SUBNET,
    TABLE,
    VPC,
    Attributes,
    Tags,
    network_of,
    require_free,
)
from studiolo.recorded.records import Book, Record, RecordExists, RecordInUse, RecordInvalid, RecordMissing, new_id

TARGETS = {
    "GatewayId": GATEWAY, "NatGatewayId": NAT, "VpcEndpointId": ENDPOINT,
}  # fmt: skip
DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


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
    block = network_of(subnet["CidrBlock"])
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
    interfaces = dict(zip(endpoint["SubnetIds"], endpoint["NetworkInterfaceIds"], strict=False))
    changes["NetworkInterfaceIds"] = [interfaces.get(each) or new_id("eni") for each in changes["SubnetIds"]]
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


def _destination(route: Attributes) -> dict[str, str]:
    found = {name: route[name] for name in DESTINATIONS if route.get(name)}
    if len(found) != 1:
        raise RecordInvalid("missing-parameter", "The request must contain exactly one destination of the route")
    return found
