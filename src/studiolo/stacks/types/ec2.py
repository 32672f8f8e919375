"""AWS::EC2: the VPC family."""

from collections.abc import Mapping
from typing import Any, ClassVar

from studiolo.stacks.types.base import At, Properties, ResourceType, differs, document


class _Tagged(ResourceType):
    """What is made by one operation with tags, has an id of its own, and is found by the tags of its stack.

    made: the operation and the member of its answer; listed: the operation and its list; key: the member that is the id;
    kind: as tags call it.
    """

    made: ClassVar[tuple[str, str]]
    listed: ClassVar[tuple[str, str]]
    key: ClassVar[str]
    kind: ClassVar[str]

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        """The parameters of the operation."""
        raise NotImplementedError

    def create(self, at: At, properties: Properties) -> str:
        tags = [{"ResourceType": self.kind, "Tags": at.all_tags(properties)}]
        answer = at.call("ec2", self.made[0], **self.given(at, properties), TagSpecifications=tags)
        physical = str((answer[self.made[1]] if self.made[1] else answer)[self.key])
        self.rest(at, physical, properties, {})
        return physical

    def rest(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        """What further operations set, from what it was to what it is to be."""

    def find(self, at: At, properties: Properties) -> str | None:
        found = at.call("ec2", self.listed[0], Filters=at.own_filter())[self.listed[1]]
        generation = [each for each in found if _generation(each) == str(at.generation)]
        return str(generation[0][self.key]) if generation else None

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.rest(at, physical, properties, before)
        self.retag(at, physical, properties, before)

    def retag(self, at: At, identifier: str, properties: Properties, before: Properties) -> None:
        """Bring tags from what they were to what they are to be."""
        if differs(properties, before, "Tags"):
            tags = properties.get("Tags") or []
            keys = {tag["Key"] for tag in tags}
            if gone := [{"Key": tag["Key"]} for tag in before.get("Tags") or [] if tag["Key"] not in keys]:
                at.call("ec2", "DeleteTags", Resources=[identifier], Tags=gone)
            if tags:
                at.call("ec2", "CreateTags", Resources=[identifier], Tags=tags)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        operation = self.made[0].replace("Create", "Delete")
        at.call("ec2", operation, **{self.key: physical})

    def described(self, at: At, physical: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = at.call("ec2", self.listed[0], **{f"{self.key}s": [physical]})[self.listed[1]][0]
        return found


class Vpc(_Tagged):
    name = "AWS::EC2::VPC"
    made = ("CreateVpc", "Vpc")
    listed = ("DescribeVpcs", "Vpcs")
    key = "VpcId"
    kind = "vpc"

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        return {name: properties.get(name) for name in ("CidrBlock", "InstanceTenancy")}

    def rest(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        for name, default in (("EnableDnsSupport", True), ("EnableDnsHostnames", False)):
            if properties.get(name, default) != before.get(name, default):
                value = {"Value": properties.get(name, default)}
                at.call("ec2", "ModifyVpcAttribute", VpcId=physical, **{name: value})
        if before and differs(properties, before, "InstanceTenancy"):
            at.call("ec2", "ModifyVpcTenancy", VpcId=physical, InstanceTenancy=properties["InstanceTenancy"])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        own = [{"Name": "vpc-id", "Values": [physical]}]
        named = [*own, {"Name": "group-name", "Values": ["default"]}]
        blocks = self.described(at, physical)["CidrBlockAssociationSet"]
        acls = at.call("ec2", "DescribeNetworkAcls", Filters=[*own, {"Name": "default", "Values": ["true"]}])
        return {
            "VpcId": physical,
            "CidrBlockAssociations": [each["AssociationId"] for each in blocks],
            "DefaultSecurityGroup": at.call("ec2", "DescribeSecurityGroups", Filters=named)["SecurityGroups"][0][
                "GroupId"
            ],
            "DefaultNetworkAcl": acls["NetworkAcls"][0]["NetworkAclId"],
            "Ipv6CidrBlocks": [],
        }


class Subnet(_Tagged):
    name = "AWS::EC2::Subnet"
    made = ("CreateSubnet", "Subnet")
    listed = ("DescribeSubnets", "Subnets")
    key = "SubnetId"
    kind = "subnet"

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        return {name: properties.get(name) for name in ("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId")}

    def rest(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        for name in ("MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "EnableDns64"):
            if properties.get(name, False) != before.get(name, False):
                value = {"Value": properties.get(name, False)}
                at.call("ec2", "ModifySubnetAttribute", SubnetId=physical, **{name: value})

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self.described(at, physical)
        acls = at.call("ec2", "DescribeNetworkAcls", Filters=[{"Name": "vpc-id", "Values": [found["VpcId"]]}])
        associations = [each for acl in acls["NetworkAcls"] for each in acl["Associations"]]
        names = ("AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "SubnetId", "VpcId")
        own = next((a["NetworkAclAssociationId"] for a in associations if a["SubnetId"] == physical), "")
        return {**{name: found[name] for name in names}, "Ipv6CidrBlocks": [], "NetworkAclAssociationId": own}


class RouteTable(_Tagged):
    name = "AWS::EC2::RouteTable"
    made = ("CreateRouteTable", "RouteTable")
    listed = ("DescribeRouteTables", "RouteTables")
    key = "RouteTableId"
    kind = "route-table"

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        return {"VpcId": properties["VpcId"]}

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"RouteTableId": physical}


class InternetGateway(_Tagged):
    name = "AWS::EC2::InternetGateway"
    made = ("CreateInternetGateway", "InternetGateway")
    listed = ("DescribeInternetGateways", "InternetGateways")
    key = "InternetGatewayId"
    kind = "internet-gateway"

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        return {}

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"InternetGatewayId": physical}


class SecurityGroup(_Tagged):
    name = "AWS::EC2::SecurityGroup"
    named_by = "GroupName"
    made = ("CreateSecurityGroup", "")
    listed = ("DescribeSecurityGroups", "SecurityGroups")
    key = "GroupId"
    kind = "security-group"

    EVERYWHERE: ClassVar[Mapping[str, Any]] = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        return {
            "GroupName": properties.get("GroupName") or at.name(),
            "Description": properties["GroupDescription"],
            "VpcId": properties.get("VpcId"),
        }

    def find(self, at: At, properties: Properties) -> str | None:
        found = super().find(at, properties)
        if found is not None or "GroupName" not in properties or "VpcId" not in properties:
            return found
        filters = [
            {"Name": "group-name", "Values": [properties["GroupName"]]},
            {"Name": "vpc-id", "Values": [properties["VpcId"]]},
        ]
        groups = at.call("ec2", "DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
        return str(groups[0]["GroupId"]) if groups else None

    def rest(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        for name, kind in (("SecurityGroupIngress", "Ingress"), ("SecurityGroupEgress", "Egress")):
            empty = [dict(self.EVERYWHERE)] if kind == "Egress" else []
            wanted, had = properties.get(name) or empty, before.get(name) or empty
            gone = [_permission(rule) for rule in had if rule not in wanted]
            new = [_permission(rule) for rule in wanted if rule not in had]
            if gone:
                at.call("ec2", f"RevokeSecurityGroup{kind}", GroupId=physical, IpPermissions=gone)
            if new:
                at.call("ec2", f"AuthorizeSecurityGroup{kind}", GroupId=physical, IpPermissions=new)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"GroupId": physical, "Id": physical, "VpcId": self.described(at, physical)["VpcId"]}


class _Rule(ResourceType):
    """A rule of a security group, as a resource of its own."""

    kind: ClassVar[str]

    def create(self, at: At, properties: Properties) -> str:
        answer = at.call(
            "ec2",
            f"AuthorizeSecurityGroup{self.kind}",
            GroupId=properties.get("GroupId"),
            IpPermissions=[_permission(properties)],
            TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": at.all_tags({})}],
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def find(self, at: At, properties: Properties) -> str | None:
        rules = at.call("ec2", "DescribeSecurityGroupRules", Filters=at.own_filter())["SecurityGroupRules"]
        own = [each for each in rules if _generation(each) == str(at.generation)]
        return str(own[0]["SecurityGroupRuleId"]) if own else None

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        group = properties.get("GroupId")
        at.call("ec2", f"RevokeSecurityGroup{self.kind}", GroupId=group, SecurityGroupRuleIds=[physical])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class SecurityGroupIngress(_Rule):
    name = "AWS::EC2::SecurityGroupIngress"
    kind = "Ingress"


class SecurityGroupEgress(_Rule):
    name = "AWS::EC2::SecurityGroupEgress"
    kind = "Egress"


class Route(ResourceType):
    name = "AWS::EC2::Route"

    def create(self, at: At, properties: Properties) -> str:
        at.call("ec2", "CreateRoute", **properties)
        return f"{properties['RouteTableId']}|{_destination(properties)}"

    def find(self, at: At, properties: Properties) -> str | None:
        table = at.call("ec2", "DescribeRouteTables", RouteTableIds=[properties["RouteTableId"]])["RouteTables"][0]
        names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "GatewayId", "NatGatewayId")
        own = {name: properties[name] for name in names if name in properties}
        there = any(own.items() <= route.items() for route in table["Routes"])
        return f"{properties['RouteTableId']}|{_destination(properties)}" if there else None

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        at.call("ec2", "ReplaceRoute", **properties)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        names = ("RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
        at.call("ec2", "DeleteRoute", **{name: properties.get(name) for name in names})

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"CidrBlock": _destination(properties)}


class SubnetRouteTableAssociation(ResourceType):
    name = "AWS::EC2::SubnetRouteTableAssociation"

    def create(self, at: At, properties: Properties) -> str:
        return str(at.call("ec2", "AssociateRouteTable", **properties)["AssociationId"])

    def find(self, at: At, properties: Properties) -> str | None:
        filters = [{"Name": "association.subnet-id", "Values": [properties["SubnetId"]]}]
        tables = at.call("ec2", "DescribeRouteTables", Filters=filters)["RouteTables"]
        for table in tables:
            for each in table["Associations"]:
                if (
                    each.get("SubnetId") == properties["SubnetId"]
                    and table["RouteTableId"] == properties["RouteTableId"]
                ):
                    return str(each["RouteTableAssociationId"])
        return None

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("ec2", "DisassociateRouteTable", AssociationId=physical)

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"Id": physical}


class VpcGatewayAttachment(ResourceType):
    name = "AWS::EC2::VPCGatewayAttachment"
    also_create_only = ("InternetGatewayId", "VpnGatewayId")

    def create(self, at: At, properties: Properties) -> str:
        gateway = properties["InternetGatewayId"]
        at.call("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=properties["VpcId"])
        return f"IGW|{properties['VpcId']}"

    def find(self, at: At, properties: Properties) -> str | None:
        gateway = properties["InternetGatewayId"]
        found = at.call("ec2", "DescribeInternetGateways", InternetGatewayIds=[gateway])["InternetGateways"][0]
        there = any(each["VpcId"] == properties["VpcId"] for each in found["Attachments"])
        return f"IGW|{properties['VpcId']}" if there else None

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        gateway = properties["InternetGatewayId"]
        at.call("ec2", "DetachInternetGateway", InternetGatewayId=gateway, VpcId=properties["VpcId"])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        return {"AttachmentType": "IGW"}


class Eip(_Tagged):
    """Ref is its address."""

    name = "AWS::EC2::EIP"
    made = ("AllocateAddress", "")
    listed = ("DescribeAddresses", "Addresses")
    key = "PublicIp"
    kind = "elastic-ip"

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        return {"Domain": properties.get("Domain")}

    def update(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        self.retag(at, self.attributes(at, physical, properties)["AllocationId"], properties, before)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        if (found := self._found(at, physical)) is not None:
            at.call("ec2", "ReleaseAddress", AllocationId=found["AllocationId"])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self._found(at, physical) or {}
        return {"AllocationId": found["AllocationId"], "PublicIp": physical}

    def _found(self, at: At, physical: str) -> Mapping[str, Any] | None:
        filters = [{"Name": "public-ip", "Values": [physical]}]
        found = at.call("ec2", "DescribeAddresses", Filters=filters)["Addresses"]
        return found[0] if found else None


class NatGateway(_Tagged):
    name = "AWS::EC2::NatGateway"
    made = ("CreateNatGateway", "NatGateway")
    listed = ("DescribeNatGateways", "NatGateways")
    key = "NatGatewayId"
    kind = "natgateway"

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        names = ("AllocationId", "ConnectivityType", "SubnetId")
        return {**{name: properties.get(name) for name in names}, "ClientToken": at.token}

    def find(self, at: At, properties: Properties) -> str | None:
        """The token finds it: the same request makes no other one."""
        return None

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self.described(at, physical)
        return {"NatGatewayId": physical, "EniId": found["NatGatewayAddresses"][0]["NetworkInterfaceId"]}


class VpcEndpoint(_Tagged):
    name = "AWS::EC2::VPCEndpoint"
    made = ("CreateVpcEndpoint", "VpcEndpoint")
    listed = ("DescribeVpcEndpoints", "VpcEndpoints")
    key = "VpcEndpointId"
    kind = "vpc-endpoint"

    def given(self, at: At, properties: Properties) -> Mapping[str, Any]:
        names = ("IpAddressType", "PrivateDnsEnabled", "RouteTableIds", "SecurityGroupIds", "ServiceName", "SubnetIds",
                 "VpcEndpointType", "VpcId")  # fmt: skip
        policy = document(properties.get("PolicyDocument"))
        return {**{name: properties.get(name) for name in names}, "PolicyDocument": policy, "ClientToken": at.token}

    def find(self, at: At, properties: Properties) -> str | None:
        """The token finds it: the same request makes no other one."""
        return None

    def rest(self, at: At, physical: str, properties: Properties, before: Properties) -> None:
        if not before:
            return
        given: dict[str, Any] = {}
        for name in ("RouteTableIds", "SecurityGroupIds", "SubnetIds"):
            wanted, had = properties.get(name) or [], before.get(name) or []
            given[f"Add{name}"] = [each for each in wanted if each not in had] or None
            given[f"Remove{name}"] = [each for each in had if each not in wanted] or None
        if differs(properties, before, "PolicyDocument"):
            given["PolicyDocument"] = document(properties.get("PolicyDocument"))
            given["ResetPolicy"] = True if "PolicyDocument" not in properties else None
        if differs(properties, before, "PrivateDnsEnabled"):
            given["PrivateDnsEnabled"] = properties.get("PrivateDnsEnabled", False)
        if any(value is not None for value in given.values()):
            at.call("ec2", "ModifyVpcEndpoint", VpcEndpointId=physical, **given)

    def delete(self, at: At, physical: str, properties: Properties) -> None:
        at.call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[physical])

    def attributes(self, at: At, physical: str, properties: Properties) -> dict[str, Any]:
        found = self.described(at, physical)
        entries = [f"{each['HostedZoneId']}:{each['DnsName']}" for each in found["DnsEntries"]]
        return {"Id": physical, "DnsEntries": entries, "NetworkInterfaceIds": found["NetworkInterfaceIds"]}


def _permission(rule: Properties) -> dict[str, Any]:
    """A rule as the operations take it."""
    made = {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in rule}
    told = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        return {**made, "IpRanges": [{"CidrIp": rule["CidrIp"], **told}]}
    if "CidrIpv6" in rule:
        return {**made, "Ipv6Ranges": [{"CidrIpv6": rule["CidrIpv6"], **told}]}
    for name in ("SourcePrefixListId", "DestinationPrefixListId"):
        if name in rule:
            return {**made, "PrefixListIds": [{"PrefixListId": rule[name], **told}]}
    for name in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
        if name in rule:
            return {**made, "UserIdGroupPairs": [{"GroupId": rule[name], **told}]}
    if "SourceSecurityGroupName" in rule:
        return {**made, "UserIdGroupPairs": [{"GroupName": rule["SourceSecurityGroupName"], **told}]}
    return made


def _destination(properties: Properties) -> str:
    names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return str(next((properties[name] for name in names if name in properties), ""))


def _generation(thing: Mapping[str, Any]) -> str:
    return next((tag["Value"] for tag in thing.get("Tags") or [] if tag["Key"] == "studiolo:generation"), "1")


TYPES = (
    Eip, InternetGateway, NatGateway, Route, RouteTable, SecurityGroup, SecurityGroupEgress, SecurityGroupIngress, Subnet,
    SubnetRouteTableAssociation, Vpc, VpcEndpoint, VpcGatewayAttachment,
)  # fmt: skip
