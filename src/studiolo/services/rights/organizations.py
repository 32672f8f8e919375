"""What the operations of AWS Organizations need.

After "Actions, resources, and condition keys for AWS Organizations" (Service Authorization Reference).
"""

from collections.abc import Mapping, Sequence

from studiolo.aws.arns import parse_arn
from studiolo.domain import NotFound, Scope
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, table

TABLE = """
    CreateAccount                *
    CreateAccount?Tags           @organizations:TagResource  *
    CreateOrganization           *
    DeleteOrganization           *
    DescribeAccount              account/{AccountId}
    DescribeCreateAccountStatus  *
    DescribeOrganization         *
    ListAccounts                 *
    ListAccountsForParent        root/{ParentId}
    ListCreateAccountStatus      *
    ListParents                  account/{ChildId}
    ListRoots                    *
    ListTagsForResource          account/{ResourceId}
    TagResource                  account/{ResourceId}
    UntagResource                account/{ResourceId}
"""


def _names(call: Call, resource: str, _parameters: Parameters) -> Sequence[str]:
    """A resource by the organization that it is in."""
    kind, _, name = resource.partition("/")
    try:
        return (f"{kind}/{call.studio.identity.organization.get().id}/{name}",)
    except NotFound:
        return (resource,)


def _place(call: Call, _parameters: Parameters) -> Scope:
    return Scope(call.studio.identity.account, "")


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.identity.organization.account(parse_arn(arn).resource.rpartition("/")[2]).tags


RIGHTS = Rights("organizations", table("organizations", TABLE), names=_names, tags=_tags, place=_place)
