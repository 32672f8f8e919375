"""EC2's network interfaces: those that endpoints and NAT gateways have. Nobody makes others here."""

import hashlib
from collections.abc import Iterator
from typing import Any

from studiolo.recorded.kinds import ENDPOINT, NAT, SUBNET, network_of
from studiolo.recorded.records import Book, Record


def interfaces(book: Book) -> Iterator[dict[str, Any]]:
    """All of them, as DescribeNetworkInterfaces tells them."""
    subnets = {each.id: each for each in book.all(SUBNET)}
    for endpoint in book.all(ENDPOINT):
        words = f"VPC Endpoint Interface {endpoint.id}"
        for identifier, subnet in zip(endpoint["NetworkInterfaceIds"], endpoint["SubnetIds"], strict=False):
            told = _told(book, identifier, subnets[subnet], "vpc_endpoint", words)
            yield {**told, "Groups": endpoint["Groups"]}
    for nat in book.all(NAT, lambda each: bool(each["State"] != "deleted")):
        for address in nat["NatGatewayAddresses"]:
            words = f"Interface for NAT Gateway {nat.id}"
            told = _told(
                book,
                address["NetworkInterfaceId"],
                subnets[nat["SubnetId"]],
                "nat_gateway",
                words,
                address["PrivateIp"],
            )
            yield {**told, "Groups": []}


def private_address(identifier: str, subnet: Record) -> str:
    """The address of an interface in its subnet, by its id."""
    block = network_of(subnet["CidrBlock"])
    number = int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:8], "big")
    return str(block[5 + number % (block.num_addresses - 6)])


def _told(
    book: Book, identifier: str, subnet: Record, kind: str, description: str, address: str | None = None
) -> dict[str, Any]:
    private = address or private_address(identifier, subnet)
    digits = hashlib.sha256(identifier.encode()).hexdigest()
    return {
        "NetworkInterfaceId": identifier,
        "AvailabilityZone": subnet["AvailabilityZone"],
        "Description": description,
        "InterfaceType": kind,
        "Ipv6Addresses": [],
        "MacAddress": ":".join(["0a", *(digits[at : at + 2] for at in range(0, 10, 2))]),
        "OwnerId": book.scope.account,
        "PrivateIpAddress": private,
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": private}],
        "RequesterManaged": True,
        "SourceDestCheck": kind != "nat_gateway",
        "Status": "in-use",
        "SubnetId": subnet.id,
        "TagSet": [],
        "VpcId": subnet["VpcId"],
    }
