"""Block Public Access: what of buckets is public, and what of that a bucket refuses.

After "Blocking public access to your Amazon S3 storage" (Amazon S3 User Guide) and PublicAccessBlockConfiguration (Amazon
S3 API Reference).
"""

import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.xml_values import local_name, read_xml

KIND = "publicAccessBlock"
_GROUPS = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)
_CANNED = frozenset({"authenticated-read", "public-read", "public-read-write"})
_FIXING = frozenset(
    {
        "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount",
        "aws:sourcearn", "aws:sourceip", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:userid",
        "s3:dataaccesspointaccount", "s3:dataaccesspointarn", "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)  # fmt: skip
"""Condition keys that keep a statement from being public where their values are fixed."""
_COMPARING = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"})
_WIDEST = {4: 8, 6: 32}
"""Bits of the widest ranges of addresses that are not everybody's."""


@dataclass(frozen=True)
class Blocks:
    """What a bucket refuses; nothing where it says nothing."""

    acls: bool = False
    ignored_acls: bool = False
    policy: bool = False
    restricted: bool = False

    @classmethod
    def of(cls, document: str | None) -> "Blocks":
        """Of a PublicAccessBlockConfiguration."""
        told = {
            local_name(part.tag): (part.text or "").strip() == "true"
            for part in read_xml((document or "<N/>").encode())
        }
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        return cls(*(told.get(name, False) for name in names))


def refuse(setting: str, what: str) -> ServiceError:
    """The error of what a setting blocks."""
    words = f"Access Denied because {what} are blocked by the {setting} block public access setting."
    return ServiceError("AccessDenied", words, 403)


def grants_everybody(headers: Mapping[str, str], document: bytes = b"") -> bool:
    """Whether an access list, of headers or a document, is public."""
    granted = [value for name, value in headers.items() if name.startswith("x-amz-grant-")]
    told = [*granted, document.decode("utf-8", "replace")]
    return headers.get("x-amz-acl") in _CANNED or any(group in text for group in _GROUPS for text in told)


def is_public(policy: str) -> bool:
    """Whether a statement of a bucket policy lets in others than fixed principals or requests from fixed places."""
    statements = json.loads(policy)["Statement"]
    return any(map(_lets_everybody, statements if isinstance(statements, list) else [statements]))


def _lets_everybody(statement: Mapping[str, Any]) -> bool:
    if statement["Effect"] != "Allow":
        return False
    principal = statement.get("Principal", "*")
    everybody = "*" in ([principal] if isinstance(principal, str) else _listed(principal.get("AWS", [])))
    return everybody and not any(_fixes(*each) for each in _conditions(statement))


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield operator.lower(), key.lower(), _listed(values)


def _fixes(operator: str, key: str, values: list[Any]) -> bool:
    if operator not in _COMPARING or key not in _FIXING or not values:
        return False
    return all(_is_narrow(str(value)) if operator == "ipaddress" else _is_fixed(key, str(value)) for value in values)


def _is_fixed(key: str, value: str) -> bool:
    if "${" in value:
        return False
    if key == "s3:dataaccesspointarn":
        # Any access point of a fixed account.
        return "*" not in value.rpartition("/")[0]
    if key == "aws:userid":
        return not value.startswith("*") and not value.endswith(":*")
    return not set(value) & {"*", "?"}


def _is_narrow(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
