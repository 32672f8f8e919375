"""Where a URL of a template leads in S3: always ours, never the internet."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

from studiolo.stacks.template import TemplateInvalid

_VIRTUAL = re.compile(r"(?P<bucket>.+?)\.s3[.-](?:dualstack\.)?(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?")
_VIRTUAL_PLAIN = re.compile(r"(?P<bucket>.+?)\.s3\.amazonaws\.com(?:\.cn)?")
_PATH_STYLE = re.compile(r"s3[.-](?:dualstack\.)?(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?")
_LOCAL = re.compile(r"(?:.+\.)?localhost(?:\.localstack\.cloud)?|127\.[\d.]+|\[::1\]")


def object_of(url: str, own_hosts: frozenset[str]) -> tuple[str, str, str | None]:
    """Bucket, key and version of an object's URL. own_hosts: names of this server. Raises TemplateInvalid."""
    parts = urlsplit(url)
    host, path = (parts.hostname or "").lower(), unquote(parts.path).lstrip("/")
    version = parse_qs(parts.query).get("versionId", [None])[0]
    if parts.scheme == "s3":
        return _checked(url, parts.netloc, path, version)
    if parts.scheme not in ("http", "https"):
        raise TemplateInvalid("TemplateURL must be a supported URL.")
    virtual = _VIRTUAL_PLAIN.fullmatch(host) or _VIRTUAL.fullmatch(host)
    if virtual is not None:
        return _checked(url, virtual["bucket"], path, version)
    if _PATH_STYLE.fullmatch(host) or host in own_hosts or _LOCAL.fullmatch(host):
        bucket, _, key = path.partition("/")
        return _checked(url, bucket, key, version)
    raise TemplateInvalid("TemplateURL must reference a valid S3 object to which you have access: " + host)


def _checked(url: str, bucket: str, key: str, version: str | None) -> tuple[str, str, str | None]:
    if not bucket or not key:
        raise TemplateInvalid(f"TemplateURL must reference a valid S3 object to which you have access: {url}")
    return bucket, key, version
