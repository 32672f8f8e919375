"""What the operations of Amazon EC2 share: its error codes, tags, lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, DomainError, Invalid, LimitExceeded, NotFound
from studiolo.identity import NotAuthorized
from studiolo.recorded import Record, RecordExists, RecordInvalid, RecordMissing
from studiolo.services.service import Service

Request = Mapping[str, Any]

MISSING = {
    "vpc": ("InvalidVpcID.NotFound", "vpc ID"),
    "subnet": ("InvalidSubnetID.NotFound", "subnet ID"),
    "internet-gateway": ("InvalidInternetGatewayID.NotFound", "internetGateway ID"),
    "route-table": ("InvalidRouteTableID.NotFound", "routeTable ID"),
    "security-group": ("InvalidGroup.NotFound", "security group"),
    "security-group-rule": ("InvalidSecurityGroupRuleId.NotFound", "security group rule ID"),
    "elastic-ip": ("InvalidAllocationID.NotFound", "allocation ID"),
    "natgateway": ("NatGatewayNotFound", "Nat gateway"),
    "vpc-endpoint": ("InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"),
    "network-acl": ("InvalidNetworkAclID.NotFound", "networkAcl ID"),
    "association": ("InvalidAssociationID.NotFound", "association ID"),
    "attachment": ("Gateway.NotAttached", "attachment"),
    "route": ("InvalidRoute.NotFound", "route"),
    "permission": ("InvalidPermission.NotFound", "rule"),
    "default-vpc": ("VPCIdNotSpecified", "VPC"),
}
"""The codes and words of what is not there, by its kind."""

EXISTING = {
    "subnet-cidr": "InvalidSubnet.Conflict",
    "attachment": "Resource.AlreadyAssociated",
    "association": "Resource.AlreadyAssociated",
    "route": "RouteAlreadyExists",
    "group": "InvalidGroup.Duplicate",
    "rule": "InvalidPermission.Duplicate",
}
INVALID = {
    "vpc-range": "InvalidVpc.Range",
    "subnet-range": "InvalidSubnet.Range",
    "cannot-delete": "CannotDelete",
    "missing-parameter": "MissingParameter",
}


class _Ec2(Service):
    """EC2 has a code for each kind of thing."""

    def error(self, error: DomainError) -> ServiceError:
        if isinstance(error, RecordMissing) and error.kind in MISSING:
            code, _ = MISSING[error.kind]
            return ServiceError(code, str(error))
        if isinstance(error, RecordExists):
            return ServiceError(EXISTING.get(error.kind, "InvalidParameterValue"), str(error))
        if isinstance(error, RecordInvalid):
            return ServiceError(INVALID.get(error.what, "InvalidParameterValue"), str(error))
        if isinstance(error, NotAuthorized):
            words = "You are not authorized to perform this operation."
            told = f"{words} {error}. Encoded authorization failure message: {error.encoded}"
            return ServiceError("UnauthorizedOperation", told, 403)
        return super().error(error)


ec2 = _Ec2(
    "ec2",
    {
        NotFound: "InvalidParameterValue",
        AlreadyExists: "InvalidParameterValue",
        Invalid: "InvalidParameterValue",
        Conflict: "DependencyViolation",
        Denied: "UnauthorizedOperation",
        LimitExceeded: "ResourceLimitExceeded",
    },
    invalid="InvalidParameterValue",
)


def tags_for(request: Request, kind: str) -> dict[str, str]:
    """The tags that a request gives to what it makes."""
    return {
        tag["Key"]: tag.get("Value", "")
        for each in request.get("TagSpecifications") or []
        if each.get("ResourceType") in (kind, None)
        for tag in each.get("Tags") or []
    }


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def shown(record: Record) -> dict[str, Any]:
    """A record as the API tells it."""
    return {**record.attributes, "Tags": as_tags(record.tags)}


def paged(name: str, items: Sequence[Any], request: Request) -> dict[str, Any]:
    """A page of a list that is all here: tokens are positions."""
    token, limit = request.get("NextToken"), request.get("MaxResults")
    start = decode_place(token, "InvalidPaginationToken")
    end = len(items) if limit is None else start + int(limit)
    more = end < len(items)
    return {name: list(items[start:end]), **({"NextToken": encode_token(str(end))} if more else {})}


def dry_run(request: Request) -> None:
    """Raise what EC2 says to a dry run that would have succeeded."""
    if request.get("DryRun"):
        raise ServiceError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
