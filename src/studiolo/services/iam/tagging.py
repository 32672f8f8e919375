"""AWS IAM: tags, by the same three operations for each kind of thing: TagRole, UntagRole, ListRoleTags …"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from botocore import xform_name

from studiolo.identity import Identity
from studiolo.services.call import Call
from studiolo.services.iam.service import as_tags, cut, iam, marker, paging, tags

Request = Mapping[str, Any]


class Tagged(Protocol):
    """What has tags, found by a name or ARN."""

    def tags(self, name: str) -> Mapping[str, str]: ...
    def tag(self, name: str, tags: Iterable[tuple[str, str]]) -> None: ...
    def untag(self, name: str, keys: Iterable[str]) -> None: ...


def _operations(kind: str, parameter: str, things: Callable[[Identity], Tagged]) -> None:
    """Register the operations for one kind of things (`Role`), which `parameter` names."""

    def tag(call: Call, request: Request) -> dict[str, Any]:
        things(call.identity).tag(request[parameter], tags(request))
        return {}

    def untag(call: Call, request: Request) -> dict[str, Any]:
        things(call.identity).untag(request[parameter], request["TagKeys"])
        return {}

    def list_tags(call: Call, request: Request) -> dict[str, Any]:
        found = things(call.identity).tags(request[parameter])
        page = cut(as_tags(dict(sorted(found.items()))), lambda tag: tag["Key"], **paging(request))
        return {"Tags": page.items, **marker(page)}

    for name, handler in {f"Tag{kind}": tag, f"Untag{kind}": untag, f"List{kind}Tags": list_tags}.items():
        iam.register(xform_name(name), handler)


_operations("Role", "RoleName", lambda identity: identity.roles)
_operations("User", "UserName", lambda identity: identity.users)
_operations("Policy", "PolicyArn", lambda identity: identity.policies)
_operations("InstanceProfile", "InstanceProfileName", lambda identity: identity.instance_profiles)
_operations("MFADevice", "SerialNumber", lambda identity: identity.devices)
_operations("OpenIDConnectProvider", "OpenIDConnectProviderArn", lambda identity: identity.providers)
_operations("SAMLProvider", "SAMLProviderArn", lambda identity: identity.providers)
