"""Amazon EC2: what makes, changes and deletes. All of it is only recorded."""

from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.recorded import gateways, groups, kinds, network, vpcs
from studiolo.recorded.kinds import ADDRESS, ENDPOINT, GATEWAY, GROUP, KEYS, NAT, PREFIXES, SUBNET, TABLE, VPC
from studiolo.recorded.records import RecordMissing
from studiolo.services.call import Call
from studiolo.services.ec2.service import MISSING, Request, as_tags, dry_run, ec2, shown, tags_for

DELETES = {
    "delete_internet_gateway": GATEWAY,
    "delete_route_table": TABLE,
    "delete_security_group": GROUP,
    "delete_subnet": SUBNET,
    "delete_vpc": VPC,
}
"""The operations that delete what they name, of which kind."""


def _delete(name: str, kind: str) -> None:
    def handler(call: Call, request: Request) -> dict[str, Any]:
        dry_run(request)
        identifier = request.get(KEYS[kind])
        if identifier is None:
            raise ServiceError("MissingParameter", f"The request must contain the parameter {KEYS[kind]}")
        with call.studio.recorder.network.writing(call.scope) as book:
            network.DELETES[kind](book, identifier)
        return {"Return": True, "GroupId": identifier} if kind == GROUP else {}

    ec2.register(name, handler)


for _name, _row in DELETES.items():
    _delete(_name, _row)


@ec2.operation
def allocate_address(call: Call, request: Request) -> dict[str, Any]:
    dry_run(request)
    with call.studio.recorder.network.writing(call.scope) as book:
        made = gateways.add_address(book, tags_for(request, ADDRESS))
    return dict(made.attributes)


@ec2.operation
def associate_route_table(call: Call, request: Request) -> dict[str, Any]:
    if "SubnetId" not in request:
        raise ServiceError("MissingParameter", "The request must contain the parameter subnetId")
    with call.studio.recorder.network.writing(call.scope) as book:
        made = gateways.associate_table(book, request["RouteTableId"], request["SubnetId"])
    return {"AssociationId": made, "AssociationState": {"State": "associated"}}


@ec2.operation
def attach_internet_gateway(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        gateways.attach_gateway(book, request["InternetGatewayId"], request["VpcId"])
    return {}


@ec2.operation
def authorize_security_group_egress(call: Call, request: Request) -> dict[str, Any]:
    return _authorize(call, request, egress=True)


@ec2.operation
def authorize_security_group_ingress(call: Call, request: Request) -> dict[str, Any]:
    return _authorize(call, request, egress=False)


@ec2.operation
def create_internet_gateway(call: Call, request: Request) -> dict[str, Any]:
    dry_run(request)
    with call.studio.recorder.network.writing(call.scope) as book:
        return {"InternetGateway": shown(gateways.add_gateway(book, tags_for(request, GATEWAY)))}


@ec2.operation
def create_nat_gateway(call: Call, request: Request) -> dict[str, Any]:
    """The same ClientToken is the same gateway."""
    token = request.get("ClientToken")
    kind = request.get("ConnectivityType") or "public"
    with call.studio.recorder.network.writing(call.scope) as book:
        made = next((each for each in book.all(NAT) if token is not None and each.hidden.get("token") == token), None)
        if made is None:
            tags = tags_for(request, NAT)
            made = gateways.add_nat(book, request["SubnetId"], request.get("AllocationId"), kind, tags)
            made = book.put(made.hiding(token=token))
    shape = {**shown(made), "CreateTime": made.created}
    return {"NatGateway": shape, **({} if token is None else {"ClientToken": token})}


@ec2.operation
def create_route(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        gateways.add_route(book, request["RouteTableId"], _route(request))
    return {"Return": True}


@ec2.operation
def create_route_table(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        return {"RouteTable": shown(gateways.add_table(book, request["VpcId"], tags_for(request, TABLE)))}


@ec2.operation
def create_security_group(call: Call, request: Request) -> dict[str, Any]:
    dry_run(request)
    with call.studio.recorder.network.writing(call.scope) as book:
        made = groups.add_group(
            book, request.get("VpcId"), request["GroupName"], request["Description"], tags_for(request, GROUP)
        )
    return {"GroupId": made.id, "SecurityGroupArn": made["SecurityGroupArn"], "Tags": as_tags(made.tags)}


@ec2.operation
def create_subnet(call: Call, request: Request) -> dict[str, Any]:
    if "CidrBlock" not in request:
        raise ServiceError("MissingParameter", "The request must contain the parameter CidrBlock: others are not here")
    zone = request.get("AvailabilityZone")
    if zone is None and "AvailabilityZoneId" in request:
        ids = {kinds.zone_id(each): each for each in kinds.zones_of(call.scope.region)}
        zone = ids.get(request["AvailabilityZoneId"], request["AvailabilityZoneId"])
    with call.studio.recorder.network.writing(call.scope) as book:
        tags = tags_for(request, SUBNET)
        return {"Subnet": shown(vpcs.add_subnet(book, request["VpcId"], request["CidrBlock"], zone, tags))}


@ec2.operation
def create_tags(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag.get("Value", "") for tag in request["Tags"]}
    with call.studio.recorder.network.writing(call.scope) as book:
        for identifier in request["Resources"]:
            book.put(book.get(_kind(identifier), identifier).tagged(tags))
    return {}


@ec2.operation
def create_vpc(call: Call, request: Request) -> dict[str, Any]:
    dry_run(request)
    if "CidrBlock" not in request:
        raise ServiceError("MissingParameter", "The request must contain the parameter CidrBlock: others are not here")
    with call.studio.recorder.network.writing(call.scope) as book:
        tenancy = request.get("InstanceTenancy", "default")
        return {"Vpc": shown(vpcs.add_vpc(book, request["CidrBlock"], tags_for(request, VPC), tenancy=tenancy))}


@ec2.operation
def create_vpc_endpoint(call: Call, request: Request) -> dict[str, Any]:
    token = request.get("ClientToken")
    with call.studio.recorder.network.writing(call.scope) as book:
        there = [each for each in book.all(ENDPOINT) if token is not None and each.hidden.get("token") == token]
        made = there[0] if there else gateways.add_endpoint(book, request, tags_for(request, ENDPOINT))
        made = book.put(made.hiding(token=token))
    return {"VpcEndpoint": {**shown(made), "CreationTimestamp": made.created}}


@ec2.operation
def delete_nat_gateway(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        gateways.delete_nat(book, request["NatGatewayId"])
    return {"NatGatewayId": request["NatGatewayId"]}


@ec2.operation
def delete_route(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        gateways.delete_route(book, request["RouteTableId"], _route(request))
    return {}


@ec2.operation
def delete_tags(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        for identifier in request["Resources"]:
            record = book.get(_kind(identifier), identifier)
            given = request.get("Tags") or [{"Key": key} for key in record.tags]
            gone = [t["Key"] for t in given if t.get("Value") in (None, record.tags.get(t["Key"]))]
            book.put(record.tagged({}, gone))
    return {}


@ec2.operation
def delete_vpc_endpoints(call: Call, request: Request) -> dict[str, Any]:
    """What is not there is told of as unsuccessful; the others are deleted."""
    failed = []
    with call.studio.recorder.network.writing(call.scope) as book:
        for identifier in request["VpcEndpointIds"]:
            try:
                network.DELETES[ENDPOINT](book, identifier)
            except RecordMissing as error:
                told = {"Code": MISSING[ENDPOINT][0], "Message": str(error)}
                failed.append({"ResourceId": identifier, "Error": told})
    return {"Unsuccessful": failed}


@ec2.operation
def detach_internet_gateway(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        gateways.detach_gateway(book, request["InternetGatewayId"], request["VpcId"])
    return {}


@ec2.operation
def disassociate_address(call: Call, request: Request) -> dict[str, Any]:
    """No address is associated with anything but a NAT gateway, which keeps it."""
    raise ServiceError(
        "InvalidAssociationID.NotFound", f"The association ID '{request.get('AssociationId')}' does not exist"
    )


@ec2.operation
def disassociate_route_table(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        gateways.disassociate_table(book, request["AssociationId"])
    return {}


@ec2.operation
def modify_subnet_attribute(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        subnet = book.get(SUBNET, request["SubnetId"])
        for name in ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "EnableDns64"):
            if name in request:
                subnet = subnet.with_(**{name: bool(request[name].get("Value"))})
        options = dict(subnet["PrivateDnsNameOptionsOnLaunch"])
        if "PrivateDnsHostnameTypeOnLaunch" in request:
            options["HostnameType"] = request["PrivateDnsHostnameTypeOnLaunch"]
        for name in ("EnableResourceNameDnsARecord", "EnableResourceNameDnsAAAARecord"):
            if f"{name}OnLaunch" in request:
                options[name] = bool(request[f"{name}OnLaunch"].get("Value"))
        book.put(subnet.with_(PrivateDnsNameOptionsOnLaunch=options))
    return {}


@ec2.operation
def modify_vpc_attribute(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        vpc = book.get(VPC, request["VpcId"])
        for name in ("EnableDnsSupport", "EnableDnsHostnames", "EnableNetworkAddressUsageMetrics"):
            if name in request:
                vpc = vpc.hiding(**{name: bool(request[name].get("Value"))})
        book.put(vpc)
    return {}


@ec2.operation
def modify_vpc_endpoint(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        gateways.change_endpoint(book, request["VpcEndpointId"], request)
    return {"Return": True}


@ec2.operation
def modify_vpc_tenancy(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        book.put(book.get(VPC, request["VpcId"]).with_(InstanceTenancy=request["InstanceTenancy"]))
    return {"ReturnValue": True}


@ec2.operation
def release_address(call: Call, request: Request) -> dict[str, Any]:
    if "AllocationId" not in request:
        raise ServiceError("MissingParameter", "The request must contain the parameter AllocationId")
    with call.studio.recorder.network.writing(call.scope) as book:
        network.DELETES[ADDRESS](book, request["AllocationId"])
    return {}


@ec2.operation
def replace_route(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        gateways.add_route(book, request["RouteTableId"], _route(request), replacing=True)
    return {}


@ec2.operation
def replace_route_table_association(call: Call, request: Request) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        subnet = gateways.disassociate_table(book, request["AssociationId"])
        made = gateways.associate_table(book, request["RouteTableId"], str(subnet))
    return {"NewAssociationId": made, "AssociationState": {"State": "associated"}}


@ec2.operation
def revoke_security_group_egress(call: Call, request: Request) -> dict[str, Any]:
    return _revoke(call, request, egress=True)


@ec2.operation
def revoke_security_group_ingress(call: Call, request: Request) -> dict[str, Any]:
    return _revoke(call, request, egress=False)


def _authorize(call: Call, request: Request, *, egress: bool) -> dict[str, Any]:
    with call.studio.recorder.network.writing(call.scope) as book:
        tags = tags_for(request, "security-group-rule")
        made = groups.add_rules(book, _group(book, request), _permissions(request), egress=egress, tags=tags)
    return {"Return": True, "SecurityGroupRules": [shown(rule) for rule in made]}


def _revoke(call: Call, request: Request, *, egress: bool) -> dict[str, Any]:
    ids = request.get("SecurityGroupRuleIds") or []
    permissions = [] if ids else _permissions(request)
    with call.studio.recorder.network.writing(call.scope) as book:
        groups.drop_rules(book, _group(book, request), permissions, ids, egress=egress)
    return {"Return": True}


def _group(book: Any, request: Request) -> str:
    if "GroupId" in request:
        return str(request["GroupId"])
    named = book.all(GROUP, lambda each: each["GroupName"] == request.get("GroupName"))
    if not named:
        raise RecordMissing(GROUP, "", f"The security group '{request.get('GroupName')}' does not exist")
    return str(named[0].id)


def _permissions(request: Request) -> list[dict[str, Any]]:
    """The permissions of a request, given as such or by the older parameters of one."""
    found = list(request.get("IpPermissions") or [])
    if "CidrIp" in request or "SourceSecurityGroupName" in request:
        single = {name: request[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in request}
        if "CidrIp" in request:
            single["IpRanges"] = [{"CidrIp": request["CidrIp"]}]
        if "SourceSecurityGroupName" in request:
            single["UserIdGroupPairs"] = [{"GroupName": request["SourceSecurityGroupName"]}]
        found.append(single)
    if not found:
        raise ServiceError("MissingParameter", "The request must contain the parameter ipPermissions")
    return found


def _route(request: Request) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in ("DryRun", "RouteTableId")}


def _kind(identifier: str) -> str:
    prefix = identifier.rpartition("-")[0]
    if prefix not in PREFIXES:
        raise ServiceError("InvalidID", f"The ID '{identifier}' is not valid")
    return PREFIXES[prefix]
