"""EC2's networks as the server holds them. Nothing of them is carried out.

What depends on what is held: a thing that another needs cannot be deleted. Every region has a default VPC from the start.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from studiolo.domain import Scope
from studiolo.recorded.gateways import (
    add_gateway,
    add_route,
    attach_gateway,
    delete_address,
    delete_gateway,
    delete_nat,
    delete_table,
)
from studiolo.recorded.groups import delete_group
from studiolo.recorded.kinds import ADDRESS, ENDPOINT, GATEWAY, GROUP, NAT, SUBNET, TABLE, VPC, ZONES, passes
from studiolo.recorded.records import Book, Record, Records
from studiolo.recorded.vpcs import add_subnet, add_vpc, delete_subnet, delete_vpc

DEFAULT_CIDR = "172.31.0.0/16"


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
