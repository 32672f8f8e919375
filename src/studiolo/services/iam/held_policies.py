"""AWS IAM: the policies of roles, users and groups, their own and those attached to them.

The seven operations are the same for each of the three, but for the name in front: AttachRolePolicy, AttachUserPolicy …
"""

from collections.abc import Callable, Mapping
from typing import Any

from studiolo.identity import Holders
from studiolo.services.call import Call
from studiolo.services.iam.service import as_document, cut, iam, marker, paging

Request = Mapping[str, Any]


def _operations(kind: str, holders: Callable[[Call], Holders]) -> None:
    """Register the operations on the policies of one kind (`Role`) of holders."""
    parameter = f"{kind}Name"

    def attach(call: Call, request: Request) -> dict[str, Any]:
        holders(call).attach(request[parameter], request["PolicyArn"])
        return {}

    def delete(call: Call, request: Request) -> dict[str, Any]:
        holders(call).delete_policy(request[parameter], request["PolicyName"])
        return {}

    def detach(call: Call, request: Request) -> dict[str, Any]:
        holders(call).detach(request[parameter], request["PolicyArn"])
        return {}

    def get(call: Call, request: Request) -> dict[str, Any]:
        document = holders(call).policy(request[parameter], request["PolicyName"])
        named = {parameter: request[parameter], "PolicyName": request["PolicyName"]}
        return {**named, "PolicyDocument": as_document(document)}

    def list_attached(call: Call, request: Request) -> dict[str, Any]:
        path = request.get("PathPrefix", "/")
        within = [each for each in holders(call).attached(request[parameter]) if each.path.startswith(path)]
        page = cut(within, lambda policy: policy.arn, **paging(request))
        return {"AttachedPolicies": [as_attached(policy) for policy in page.items], **marker(page)}

    def list_own(call: Call, request: Request) -> dict[str, Any]:
        page = holders(call).policies(request[parameter], **paging(request))
        return {"PolicyNames": page.items, **marker(page)}

    def put(call: Call, request: Request) -> dict[str, Any]:
        holders(call).put_policy(request[parameter], request["PolicyName"], request["PolicyDocument"])
        return {}

    noun = kind.lower()
    for name, handler in {
        f"attach_{noun}_policy": attach,
        f"delete_{noun}_policy": delete,
        f"detach_{noun}_policy": detach,
        f"get_{noun}_policy": get,
        f"list_attached_{noun}_policies": list_attached,
        f"list_{noun}_policies": list_own,
        f"put_{noun}_policy": put,
    }.items():
        iam.register(name, handler)


def as_attached(policy: Any) -> dict[str, Any]:
    return {"PolicyName": policy.name, "PolicyArn": policy.arn}


_operations("Role", lambda call: call.identity.roles)
_operations("User", lambda call: call.identity.users)
_operations("Group", lambda call: call.identity.groups)
