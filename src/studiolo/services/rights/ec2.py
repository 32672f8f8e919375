"""What the operations of Amazon EC2 need.

After "Actions, resources, and condition keys for Amazon EC2" (Service Authorization Reference).
"""

from collections.abc import Mapping, Sequence

from studiolo.aws.arns import parse_arn
from studiolo.identity import of_tags
from studiolo.recorded.kinds import PREFIXES
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, table

TABLE = """
    AllocateAddress                elastic-ip/*
    AllocateAddress?TagSpecifications        @ec2:CreateTags  elastic-ip/*
    AssociateRouteTable            route-table/{RouteTableId}  subnet/{SubnetId}
    AttachInternetGateway          internet-gateway/{InternetGatewayId}  vpc/{VpcId}
    AuthorizeSecurityGroupEgress   security-group/{GroupId:*}
    AuthorizeSecurityGroupIngress  security-group/{GroupId:*}
    CreateInternetGateway          internet-gateway/*
    CreateInternetGateway?TagSpecifications  @ec2:CreateTags  internet-gateway/*
    CreateNatGateway               natgateway/*  subnet/{SubnetId}  elastic-ip/{AllocationId}
    CreateNatGateway?TagSpecifications       @ec2:CreateTags  natgateway/*
    CreateRoute                    route-table/{RouteTableId}
    CreateRouteTable               route-table/*  vpc/{VpcId}
    CreateRouteTable?TagSpecifications       @ec2:CreateTags  route-table/*
    CreateSecurityGroup            security-group/*  vpc/{VpcId}
    CreateSecurityGroup?TagSpecifications    @ec2:CreateTags  security-group/*
    CreateSubnet                   subnet/*  vpc/{VpcId}
    CreateSubnet?TagSpecifications           @ec2:CreateTags  subnet/*
    CreateTags                     {Resources}
    CreateVpc                      vpc/*
    CreateVpc?TagSpecifications              @ec2:CreateTags  vpc/*
    CreateVpcEndpoint              vpc-endpoint/*  vpc/{VpcId}  subnet/{SubnetIds}  route-table/{RouteTableIds}  security-group/{SecurityGroupIds}
    CreateVpcEndpoint?TagSpecifications      @ec2:CreateTags  vpc-endpoint/*
    DeleteInternetGateway          internet-gateway/{InternetGatewayId}
    DeleteNatGateway               natgateway/{NatGatewayId}
    DeleteRoute                    route-table/{RouteTableId}
    DeleteRouteTable               route-table/{RouteTableId}
    DeleteSecurityGroup            security-group/{GroupId:*}
    DeleteSubnet                   subnet/{SubnetId}
    DeleteTags                     {Resources}
    DeleteVpc                      vpc/{VpcId}
    DeleteVpcEndpoints             vpc-endpoint/{VpcEndpointIds}
    DescribeAccountAttributes      *
    DescribeAddresses              *
    DescribeAddressesAttribute     *
    DescribeAvailabilityZones      *
    DescribeCustomerGateways       *
    DescribeDhcpOptions            *
    DescribeEgressOnlyInternetGateways  *
    DescribeImages                 *
    DescribeInstances              *
    DescribeInternetGateways       *
    DescribeKeyPairs               *
    DescribeManagedPrefixLists     *
    DescribeNatGateways            *
    DescribeNetworkAcls            *
    DescribeNetworkInterfaces      *
    DescribePrefixLists            *
    DescribeRegions                *
    DescribeRouteTables            *
    DescribeSecurityGroupRules     *
    DescribeSecurityGroups         *
    DescribeSnapshots              *
    DescribeSubnets                *
    DescribeTags                   *
    DescribeVolumes                *
    DescribeVpcAttribute           vpc/{VpcId}
    DescribeVpcEndpointServices    *
    DescribeVpcEndpoints           *
    DescribeVpcPeeringConnections  *
    DescribeVpcs                   *
    DescribeVpnConnections         *
    DescribeVpnGateways            *
    DetachInternetGateway          internet-gateway/{InternetGatewayId}  vpc/{VpcId}
    DisassociateAddress            *
    DisassociateRouteTable         *
    ModifySubnetAttribute          subnet/{SubnetId}
    ModifyVpcAttribute             vpc/{VpcId}
    ModifyVpcEndpoint              vpc-endpoint/{VpcEndpointId}
    ModifyVpcTenancy               vpc/{VpcId}
    ReleaseAddress                 elastic-ip/{AllocationId}
    ReplaceRoute                   route-table/{RouteTableId}
    ReplaceRouteTableAssociation   route-table/{RouteTableId}
    RevokeSecurityGroupEgress      security-group/{GroupId:*}
    RevokeSecurityGroupIngress     security-group/{GroupId:*}
"""  # noqa: E501 (a table)


def _names(_call: Call, resource: str, _parameters: Parameters) -> tuple[str, ...]:
    """A resource with its kind, where an id is all that a request says."""
    if "/" in resource:
        return (resource,)
    return (f"{PREFIXES.get(resource.rpartition('-')[0], '*')}/{resource}",)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    kind, _, identifier = parse_arn(arn).resource.partition("/")
    with call.studio.recorder.network.reading(call.scope) as book:
        found = book.find(kind, identifier)
    return {} if found is None else found.tags


def _known(call: Call, operation: str, parameters: Parameters) -> Mapping[str, str | Sequence[str]]:
    """The region, and the tags that a request gives to what it makes."""
    given = [tag for each in parameters.get("TagSpecifications") or [] for tag in each.get("Tags") or []]
    keys = of_tags({tag["Key"]: tag.get("Value", "") for tag in given})
    known = {**keys, "ec2:Region": call.scope.region}
    return {**known, "ec2:CreateAction": operation} if given else known


RIGHTS = Rights("ec2", table("ec2", TABLE), names=_names, tags=_tags, known=_known)
