"""AWS IAM: the account and its root user."""

from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid, NotFound
from studiolo.identity import Kind
from studiolo.services.call import Call
from studiolo.services.iam.service import iam

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        GetUserRequestTypeDef,
        ListAccountAliasesRequestTypeDef,
    )


@iam.operation
def get_user(call: Call, request: "GetUserRequestTypeDef") -> dict[str, Any]:
    """The root user: there are no others."""
    if "UserName" in request:
        raise NotFound(f"The user with name {request['UserName']} cannot be found.")
    if call.principal.kind is not Kind.ROOT:
        raise Invalid("Must specify userName when calling with non-User credentials")
    caller = call.principal
    user = {"Path": "/", "UserName": "root", "UserId": caller.user_id, "Arn": caller.arn}
    return {"User": {**user, "CreateDate": call.studio.identity.root.created}}


@iam.operation
def list_account_aliases(call: Call, request: "ListAccountAliasesRequestTypeDef") -> dict[str, Any]:
    """None: an account of Studiolo goes by its number."""
    return {"AccountAliases": [], "IsTruncated": False}
