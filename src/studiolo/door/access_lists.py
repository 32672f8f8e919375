"""What lists of access let everybody do. Our store takes a bucket's for its objects', and none that a write brings.

After "Access control list (ACL) overview" (Amazon S3 User Guide).
"""

import re
from collections.abc import Mapping
from http import HTTPStatus

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.protocols.xml_values import DECLARATION, local_name, read_xml, xml_text
from studiolo.door.calls import Calls, in_our_name, nothing
from studiolo.door.mending import NAMESPACE
from studiolo.door.names import Named

OPENED = {"GetObject": "READ", "HeadObject": "READ", "PutObject": "WRITE"}
"""The permission by which everybody may do an operation: of the object to read it, of the bucket to write."""
GRANTING = frozenset({"PutBucketAcl", "PutObjectAcl"})
_EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
HEADERS = "x-amz-grant-"
"""What headers begin with that grant something."""
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_GRANT = '<Grant><Grantee xmlns:xsi="{}" xsi:type="{}"><{}>{}</{}></Grantee><Permission>{}</Permission></Grant>'
_GRANTEE = re.compile(r'(uri|id|emailaddress)\s*=\s*"?([^"]+)"?', re.IGNORECASE)
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
        acl, body = named.headers.get("x-amz-acl", "private"), document(named.headers)
        if body is None and acl in _OF_OWNER:
            return
        which = {} if version is None else {"versionId": version}
        headers = {"x-amz-acl": acl} if body is None else {}
        status = await self._calls.put(
            request, Named("PUT", named.bucket, named.key, {"acl": "", **which}, headers), body or b""
        )
        if status != HTTPStatus.OK:
            raise ServiceError("InternalError", "The object was put, but its access list could not be set.", 500)


def document(headers: Mapping[str, str]) -> bytes | None:
    """The list that headers grant by, which our store does not read; None for none. Raises ServiceError (400)."""
    grants = [
        _GRANT.format(_XSI, *_grantee(grantee.strip()), permission)
        for permission in ("FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP")
        for grantee in headers.get(f"{HEADERS}{permission.lower().replace('_', '-')}", "").split(",")
        if grantee.strip()
    ]
    if not grants:
        return None
    told = f"<Owner><ID>engine</ID></Owner><AccessControlList>{''.join(grants)}</AccessControlList>"
    return f'{DECLARATION}<AccessControlPolicy xmlns="{NAMESPACE}">{told}</AccessControlPolicy>'.encode()


def _grantee(text: str) -> tuple[str, str, str, str]:
    """Type, element, value and element again of whom a header names."""
    found = _GRANTEE.fullmatch(text)
    if found is None:
        raise ServiceError("InvalidArgument", f"Argument format not recognized: {text[:200]}", 400)
    if found[1].lower() == "emailaddress":
        message = "The email address you provided does not match any account on record."
        raise ServiceError("UnresolvableGrantByEmailAddress", message, 400)
    kind, element = ("Group", "URI") if found[1].lower() == "uri" else ("CanonicalUser", "ID")
    return kind, element, xml_text(found[2]), element
