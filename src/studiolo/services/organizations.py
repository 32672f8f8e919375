"""AWS Organizations: the accounts of this server. Units, policies and invitations are not here."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.identity import (
    OWN_ROLE,
    AccountRequest,
    InOrganization,
    MemberAccount,
    NoAccountRequest,
    NoOrganization,
    NotEmpty,
    Organization,
    OrganizationRecord,
)
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]

organizations = Service(
    "organizations",
    {
        NotFound: "AccountNotFoundException",
        NoAccountRequest: "CreateAccountStatusNotFoundException",
        NoOrganization: "AWSOrganizationsNotInUseException",
        AlreadyExists: "InvalidInputException",
        InOrganization: "AlreadyInOrganizationException",
        Invalid: "InvalidInputException",
        Conflict: "ConcurrentModificationException",
        NotEmpty: "OrganizationNotEmptyException",
        Denied: "AccessDeniedException",
        LimitExceeded: "ConstraintViolationException",
    },
    invalid="InvalidInputException",
)

PAGE = 20


@organizations.operation
def create_account(call: Call, request: Request) -> dict[str, Any]:
    made = managed(call).create_account(
        request["AccountName"],
        request["Email"],
        request.get("RoleName", OWN_ROLE),
        [(tag["Key"], tag["Value"]) for tag in request.get("Tags", ())],
    )
    return {"CreateAccountStatus": as_status(made)}


@organizations.operation
def create_organization(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.identity.organization
    if found.id_of(call.scope.account) is not None or call.scope.account != call.studio.identity.account:
        raise InOrganization("The AWS account is already a member of an organization.")
    return {"Organization": as_organization(found.create(request.get("FeatureSet", "ALL")))}


@organizations.operation
def delete_organization(call: Call, request: Request) -> dict[str, Any]:
    managed(call).delete()
    return {}


@organizations.operation
def describe_account(call: Call, request: Request) -> dict[str, Any]:
    found = managed(call)
    return {"Account": as_account(found.get(), found.account(request["AccountId"]))}


@organizations.operation
def describe_create_account_status(call: Call, request: Request) -> dict[str, Any]:
    return {"CreateAccountStatus": as_status(managed(call).request(request["CreateAccountRequestId"]))}


@organizations.operation
def describe_organization(call: Call, request: Request) -> dict[str, Any]:
    return {"Organization": as_organization(call.studio.identity.organization.get())}


@organizations.operation
def list_accounts(call: Call, request: Request) -> dict[str, Any]:
    found = managed(call)
    page = found.accounts(**paging(request))
    return {"Accounts": [as_account(found.get(), each) for each in page.items], **next_token(page.next)}


@organizations.operation
def list_accounts_for_parent(call: Call, request: Request) -> dict[str, Any]:
    """All are in the root: there are no units."""
    if request["ParentId"] != managed(call).get().root:
        message = "You specified a root or organizational unit that doesn't exist."
        raise ServiceError("ParentNotFoundException", message)
    return list_accounts(call, request)


@organizations.operation
def list_create_account_status(call: Call, request: Request) -> dict[str, Any]:
    page = managed(call).requests(request.get("States", ()), **paging(request))
    return {"CreateAccountStatuses": [as_status(each) for each in page.items], **next_token(page.next)}


@organizations.operation
def list_parents(call: Call, request: Request) -> dict[str, Any]:
    found = managed(call)
    if found.id_of(request["ChildId"]) is None:
        message = "You specified an account or organizational unit that doesn't exist."
        raise ServiceError("ChildNotFoundException", message)
    return {"Parents": [{"Id": found.get().root, "Type": "ROOT"}]}


@organizations.operation
def list_roots(call: Call, request: Request) -> dict[str, Any]:
    """The one root. No type of policy is enabled in it, as none is enforced."""
    found = managed(call).get()
    arn = f"arn:aws:organizations::{found.management}:root/{found.id}/{found.root}"
    return {"Roots": [{"Id": found.root, "Arn": arn, "Name": "Root", "PolicyTypes": []}]}


@organizations.operation
def list_tags_for_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = tagged(call, request).account(request["ResourceId"]).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


@organizations.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    tagged(call, request).tag(request["ResourceId"], [(tag["Key"], tag["Value"]) for tag in request["Tags"]])
    return {}


@organizations.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    tagged(call, request).untag(request["ResourceId"], request["TagKeys"])
    return {}


def managed(call: Call) -> Organization:
    """The organization, for its management account alone. Raises NoOrganization, Denied."""
    found = call.studio.identity.organization
    if found.get().management != call.scope.account:
        raise Denied("You don't have permissions to access this resource.")
    return found


def tagged(call: Call, request: Request) -> Organization:
    """The same, where an account that can have tags is named. Raises ServiceError."""
    found = managed(call)
    if not found.has(request["ResourceId"]):
        message = "Only accounts that were made in the organization have tags here, and there is none of that id."
        raise ServiceError("TargetNotFoundException", message)
    return found


def as_organization(found: OrganizationRecord) -> dict[str, Any]:
    base = f"arn:aws:organizations::{found.management}"
    return {
        "Id": found.id,
        "Arn": f"{base}:organization/{found.id}",
        "FeatureSet": found.features,
        "MasterAccountArn": f"{base}:account/{found.id}/{found.management}",
        "MasterAccountId": found.management,
        "MasterAccountEmail": found.email,
        "AvailablePolicyTypes": [],
    }


def as_account(organization: OrganizationRecord, account: MemberAccount) -> dict[str, Any]:
    return {
        "Id": account.number,
        "Arn": f"arn:aws:organizations::{organization.management}:account/{organization.id}/{account.number}",
        "Email": account.email,
        "Name": account.name,
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "JoinedMethod": "CREATED" if account.made else "INVITED",
        "JoinedTimestamp": account.joined,
    }


def as_status(request: AccountRequest) -> dict[str, Any]:
    shown = {
        "Id": request.id,
        "AccountName": request.name,
        "State": request.state,
        "RequestedTimestamp": request.requested,
        "CompletedTimestamp": request.completed,
        "AccountId": request.account,
        "FailureReason": request.reason,
    }
    return {name: value for name, value in shown.items() if value is not None}


def paging(request: Request) -> dict[str, Any]:
    token = request.get("NextToken")
    after = decode_token(token, "InvalidInputException") if token else None
    return {"after": after, "limit": request.get("MaxResults", PAGE)}


def next_token(place: str | None) -> dict[str, str]:
    return {} if place is None else {"NextToken": encode_token(place)}
