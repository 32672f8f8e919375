"""Amazon EC2: the lists, a row each."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.domain import now
from studiolo.recorded import groups, kinds
from studiolo.recorded.interfaces import interfaces
from studiolo.recorded.kinds import (
    ACL,
    ADDRESS,
    ENDPOINT,
    GATEWAY,
    GROUP,
    NAT,
    RULE,
    SUBNET,
    TABLE,
    VPC,
    passes,
    zones_of,
)
from studiolo.recorded.records import Record
from studiolo.services.call import Call
from studiolo.services.ec2.service import Request, as_tags, dry_run, ec2, paged, shown

LISTS = {
    "describe_addresses": (ADDRESS, "Addresses", "AllocationIds"),
    "describe_internet_gateways": (GATEWAY, "InternetGateways", "InternetGatewayIds"),
    "describe_network_acls": (ACL, "NetworkAcls", "NetworkAclIds"),
    "describe_route_tables": (TABLE, "RouteTables", "RouteTableIds"),
    "describe_security_group_rules": (RULE, "SecurityGroupRules", "SecurityGroupRuleIds"),
    "describe_subnets": (SUBNET, "Subnets", "SubnetIds"),
    "describe_vpc_endpoints": (ENDPOINT, "VpcEndpoints", "VpcEndpointIds"),
    "describe_vpcs": (VPC, "Vpcs", "VpcIds"),
}
"""The operations that tell records as they are: of which kind, the answer's list, the request's ids."""

EMPTY = {
    "describe_customer_gateways": "CustomerGateways",
    "describe_egress_only_internet_gateways": "EgressOnlyInternetGateways",
    "describe_images": "Images",
    "describe_instances": "Reservations",
    "describe_key_pairs": "KeyPairs",
    "describe_managed_prefix_lists": "PrefixLists",
    "describe_snapshots": "Snapshots",
    "describe_volumes": "Volumes",
    "describe_vpc_peering_connections": "VpcPeeringConnections",
    "describe_vpn_connections": "VpnConnections",
    "describe_vpn_gateways": "VpnGateways",
}
"""The lists of what nobody can make here, and so there is none of."""

ENDPOINT_SERVICES = (
    "athena", "ec2", "ecr.api", "ecr.dkr", "elasticmapreduce", "glue", "kms", "lambda", "logs", "monitoring",
    "s3", "sagemaker.api", "sagemaker.runtime", "secretsmanager", "sns", "sqs", "ssm", "sts",
)  # fmt: skip


def _list(name: str, kind: str, member: str, ids: str) -> None:
    def handler(call: Call, request: Request) -> dict[str, Any]:
        dry_run(request)
        found = call.studio.recorder.network.describe(
            call.scope, kind, request.get(ids) or [], request.get("Filters") or []
        )
        return paged(member, [shown(record) for record in found], request)

    ec2.register(name, handler)


def _empty(name: str, member: str) -> None:
    def handler(call: Call, request: Request) -> dict[str, Any]:
        return {member: []}

    ec2.register(name, handler)


for _name, _row in LISTS.items():
    _list(_name, *_row)
for _name, _member in EMPTY.items():
    _empty(_name, _member)


@ec2.operation
def describe_account_attributes(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.reading(call.scope) as book:
        default = next((vpc.id for vpc in book.all(VPC) if vpc["IsDefault"]), "none")
    found = {"supported-platforms": "VPC", "default-vpc": default, "vpc-max-security-groups-per-interface": "5"}
    names = request.get("AttributeNames") or list(found)
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": found[name]}]}
            for name in names
            if name in found
        ]
    }


@ec2.operation
def describe_addresses_attribute(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.recorder.network.describe(call.scope, ADDRESS, request.get("AllocationIds") or [], [])
    return {"Addresses": [{"AllocationId": each.id, "PublicIp": each["PublicIp"]} for each in found]}


@ec2.operation
def describe_availability_zones(call: Call, request: Request) -> dict[str, Any]:
    region = call.scope.region
    zones = [
        {
            "GroupName": region,
            "NetworkBorderGroup": region,
            "OptInStatus": "opt-in-not-required",
            "RegionName": region,
            "State": "available",
            "ZoneId": kinds.zone_id(name),
            "ZoneName": name,
            "ZoneType": "availability-zone",
            "Messages": [],
        }
        for name in zones_of(region)
    ]
    wanted = request.get("ZoneNames") or zones_of(region)
    if unknown := [name for name in wanted if name not in zones_of(region)]:
        raise ServiceError("InvalidParameterValue", f"Invalid availability zone: [{unknown[0]}]")
    filters = request.get("Filters") or []
    return {
        "AvailabilityZones": [
            zone for zone in zones if zone["ZoneName"] in wanted and passes(_loose("zone", zone), filters)
        ]
    }


@ec2.operation
def describe_dhcp_options(call: Call, request: Request) -> dict[str, Any]:
    """There is the one that every VPC has."""
    servers = {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]}
    options = {"DhcpConfigurations": [servers], "DhcpOptionsId": "default", "OwnerId": call.scope.account}
    found = passes(_loose("dhcp-options", options), request.get("Filters") or [])
    return {"DhcpOptions": [options] if found else []}


@ec2.operation
def describe_nat_gateways(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.recorder.network.describe(
        call.scope, NAT, request.get("NatGatewayIds") or [], request.get("Filter") or request.get("Filters") or []
    )
    return paged("NatGateways", [{**shown(each), "CreateTime": each.created} for each in found], request)


@ec2.operation
def describe_network_interfaces(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.reading(call.scope) as book:
        found = {each["NetworkInterfaceId"]: each for each in interfaces(book)}
    wanted, filters = request.get("NetworkInterfaceIds") or list(found), request.get("Filters") or []
    if unknown := [each for each in wanted if each not in found]:
        raise ServiceError(
            "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{unknown[0]}' does not exist"
        )
    shown_ones = [
        found[each]
        for each in wanted
        if passes(
            _loose("eni", {**found[each], "GroupId": [group["GroupId"] for group in found[each]["Groups"]]}), filters
        )
    ]
    return paged("NetworkInterfaces", shown_ones, request)


@ec2.operation
def describe_prefix_lists(call: Call, request: Request) -> dict[str, Any]:
    lists = [
        {"Cidrs": ["52.216.0.0/15"] if name == "s3" else ["52.94.0.0/22"], "PrefixListId": identifier,
         "PrefixListName": f"com.amazonaws.{call.scope.region}.{name}"}
        for name, identifier in (("s3", "pl-63a5400a"), ("dynamodb", "pl-02cd2c6b"))
    ]  # fmt: skip
    wanted, filters = request.get("PrefixListIds"), request.get("Filters") or []
    found = [
        each
        for each in lists
        if (not wanted or each["PrefixListId"] in wanted) and passes(_loose("prefix-list", each), filters)
    ]
    return {"PrefixLists": found}


@ec2.operation
def describe_regions(call: Call, request: Request) -> dict[str, Any]:
    """The region that is asked is the one that there is."""
    region = {
        "Endpoint": f"ec2.{call.scope.region}.amazonaws.com",
        "OptInStatus": "opt-in-not-required",
        "RegionName": call.scope.region,
    }
    names = request.get("RegionNames") or [call.scope.region]
    found = passes(_loose("region", region), request.get("Filters") or [])
    return {"Regions": [region] if found and call.scope.region in names else []}


@ec2.operation
def describe_security_groups(call: Call, request: Request) -> dict[str, Any]:
    groups = call.studio.recorder.network.describe(
        call.scope, GROUP, request.get("GroupIds") or [], request.get("Filters") or []
    )
    names = request.get("GroupNames")
    found = [as_group(call, each) for each in groups if not names or each["GroupName"] in names]
    if names and (unknown := set(names) - {each["GroupName"] for each in found}):
        raise ServiceError("InvalidGroup.NotFound", f"The security group '{unknown.pop()}' does not exist")
    return paged("SecurityGroups", found, request)


@ec2.operation
def describe_tags(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.reading(call.scope) as book:
        records = [record for kind in kinds.KEYS for record in book.all(kind)]
    tags = [
        {"Key": key, "ResourceId": record.id, "ResourceType": record.kind, "Value": value}
        for record in records
        for key, value in record.tags.items()
    ]
    filters = request.get("Filters") or []
    return paged("Tags", [tag for tag in tags if passes(_loose("tag", tag), filters)], request)


@ec2.operation
def describe_vpc_attribute(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.reading(call.scope) as book:
        vpc = book.get(VPC, request["VpcId"])
    name = request["Attribute"]
    member = name[:1].upper() + name[1:]
    if member not in vpc.hidden:
        raise ServiceError("InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid.")
    return {"VpcId": vpc.id, member: {"Value": vpc.hidden[member]}}


@ec2.operation
def describe_vpc_endpoint_services(call: Call, request: Request) -> dict[str, Any]:
    """The services that an endpoint may be recorded for."""
    region = call.scope.region
    details = [
        {
            "AcceptanceRequired": False,
            "AvailabilityZones": zones_of(region),
            "BaseEndpointDnsNames": [f"{name}.{region}.vpce.amazonaws.com"],
            "ManagesVpcEndpoints": False,
            "Owner": "amazon",
            "ServiceName": f"com.amazonaws.{region}.{name}",
            "ServiceType": [{"ServiceType": kind}],
            "Kind": kind,
            "Tags": [],
            "VpcEndpointPolicySupported": True,
        }
        for name, kind in [
            *((each, "Interface") for each in ENDPOINT_SERVICES),
            ("s3", "Gateway"),
            ("dynamodb", "Gateway"),
        ]
    ]
    wanted, filters = request.get("ServiceNames"), request.get("Filters") or []
    found = [
        each
        for each in details
        if (not wanted or each["ServiceName"] in wanted)
        and passes(_loose("service", {**each, "ServiceType": each["Kind"]}), filters)
    ]
    return {"ServiceDetails": found, "ServiceNames": sorted({each["ServiceName"] for each in found})}


def as_group(call: Call, group: Record) -> dict[str, Any]:
    with call.studio.recorder.network.reading(call.scope) as book:
        rules = book.all(RULE, lambda each: bool(each["GroupId"] == group.id))
    return {
        **group.attributes,
        "IpPermissions": groups.permissions_of(rules, egress=False),
        "IpPermissionsEgress": groups.permissions_of(rules, egress=True),
        "Tags": as_tags(group.tags),
    }


def _loose(kind: str, attributes: Mapping[str, Any]) -> Record:
    """Something as a record, for the filters."""
    return Record(kind, "", now(), attributes)
