"""What lists of access let everybody do. Our store takes a bucket's for its objects', and none that a write brings.

After "Access control list (ACL) overview" (Amazon S3 User Guide).
"""

from http import HTTPStatus

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.protocols.xml_values import local_name, read_xml
from studiolo.door.calls import Calls, in_our_name, nothing
from studiolo.door.names import Named

OPENED = {"GetObject": "READ", "HeadObject": "READ", "PutObject": "WRITE"}
"""The permission by which everybody may do an operation: of the object to read it, of the bucket to write."""
_EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
_OF_OWNER = frozenset({"bucket-owner-full-control", "private"})


class AccessLists:
    """Reads and sets them."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def require_open(self, request: HttpRequest, named: Named, operation: str) -> None:
        """Raise ServiceError (403) unless everybody may do an operation of OPENED."""
        permission = OPENED[operation]
        of = Named("GET", named.bucket, "" if permission == "WRITE" else named.key, {"acl": ""})
        if await self._calls.is_owner_enforced(request, named.bucket) or not await self._grants(
            request, of, permission
        ):
            raise ServiceError("AccessDenied", "Access Denied", 403)

    async def _grants(self, request: HttpRequest, of: Named, permission: str) -> bool:
        """Whether a list lets everybody do that."""
        async with await self._calls.asked(self._calls.own(request, of, in_our_name()), nothing) as found:
            body = await found.read() if found.status == HTTPStatus.OK else b"<None/>"
        for grant in read_xml(body).iter():
            if local_name(grant.tag) == "Grant":
                texts = {(part.text or "").strip() for part in grant.iter()}
                if _EVERYBODY in texts and texts & {permission, "FULL_CONTROL"}:
                    return True
        return False

    async def set(self, request: HttpRequest, named: Named, version: str | None) -> None:
        """Set of an object that was put what its headers say. Raises ServiceError (500)."""
        headers = {
            name: value
            for name, value in named.headers.items()
            if name == "x-amz-acl" or name.startswith("x-amz-grant-")
        }
        if set(headers) <= {"x-amz-acl"} and headers.get("x-amz-acl", "private") in _OF_OWNER:
            return
        which = {} if version is None else {"versionId": version}
        asked = Named("PUT", named.bucket, named.key, {"acl": "", **which}, headers)
        async with await self._calls.asked(self._calls.own(request, asked, in_our_name()), nothing) as answer:
            if answer.status != HTTPStatus.OK:
                raise ServiceError("InternalError", "The object was put, but its access list could not be set.", 500)
