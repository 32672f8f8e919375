"""DeleteObjects: what its body names, key by key; what of it goes to the store; and the answer, in the client's words.

After "DeleteObjects" (Amazon S3 API Reference). The body that the store gets is made from the keys that IAM was asked
for, so that it cannot read another key in it than we did.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from studiolo.aws.checksums import checksum_of
from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.protocols.xml_values import DECLARATION, local_name, read_xml, xml_text
from studiolo.door.actions import Need, arn
from studiolo.door.names import checked_key
from studiolo.storage import keys

MAX_KEYS = 1000
MAX_BODY = 2 * 1024 * 1024

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_KEPT = frozenset(
    {"origin", "x-amz-bypass-governance-retention", "x-amz-expected-bucket-owner", "x-amz-mfa", "x-amz-request-payer"}
)
_CONDITIONS = ("ETag", "LastModifiedTime", "Size")


@dataclass(frozen=True, slots=True)
class Entry:
    """One object to delete. name: its key as the store names it; refusal: why it is not for the store."""

    key: str
    name: str
    version: str | None
    others: tuple[str, ...] = ()
    refusal: ServiceError | None = None

    def needs(self, bucket: str, *, bypass: bool) -> list[Need]:
        """What must be allowed; bypass: the request is to overrule a retention in governance mode."""
        actions = ["s3:DeleteObject" if self.version is None else "s3:DeleteObjectVersion"]
        if bypass:
            actions.append("s3:BypassGovernanceRetention")
        told = {} if self.version is None else {"s3:VersionId": self.version}
        return [Need(action, arn(bucket, key), told) for action in actions for key in (self.key, *self.others)]


@dataclass(frozen=True, slots=True)
class Deletion:
    """What the body of a DeleteObjects asks for; quiet: only errors are answered."""

    entries: Sequence[Entry]
    quiet: bool

    def permitted(self, permit: Callable[[Entry], ServiceError | None]) -> "Deletion":
        """The same, with a refusal where `permit` has one."""
        return Deletion(tuple(_refused(entry, permit) for entry in self.entries), self.quiet)

    def body(self) -> bytes:
        """The request to the store, empty where nothing is left for it."""
        passed = [entry for entry in self.entries if entry.refusal is None]
        wanted = dict.fromkeys((entry.name, entry.version) for entry in passed)
        # With its marker goes what the store keeps of an empty folder.
        wanted |= dict.fromkeys(
            (keys.stored_prefix(e.key), None) for e in passed if e.name != e.key and e.key[-1] == "/"
        )
        objects = "".join(
            f"<Object><Key>{xml_text(name)}</Key>{_element('VersionId', version)}</Object>" for name, version in wanted
        )
        return f'{DECLARATION}<Delete xmlns="{_NAMESPACE}">{objects}</Delete>'.encode() if objects else b""

    def answer(self, store: bytes) -> bytes:
        """The answer to the client; store: the store's, empty where it was not asked. Raises ServiceError (500)."""
        outcomes = _outcomes(store) if store else {}
        lines = (line for entry in self.entries for line in self._lines(entry, outcomes))
        return f'{DECLARATION}<DeleteResult xmlns="{_NAMESPACE}">{"".join(lines)}</DeleteResult>'.encode()

    def deleted(self, store: bytes) -> Sequence[str]:
        """The keys that the store says it has deleted."""
        outcomes = {name: found for (name, _), found in (_outcomes(store) if store else {}).items()}
        return [
            entry.key
            for entry in self.entries
            if entry.name in outcomes and local_name(outcomes[entry.name].tag) == "Deleted"
        ]

    def _lines(self, entry: Entry, outcomes: Mapping[tuple[str, str | None], Element]) -> Iterator[str]:
        names = _element("Key", entry.key) + _element("VersionId", entry.version)
        if entry.refusal is not None:
            error = entry.refusal
            yield f"<Error>{names}{_element('Code', error.code)}{_element('Message', error.message)}</Error>"
            return
        outcome = outcomes.get((entry.name, entry.version))
        if outcome is None and entry.version is None:
            # Of a bucket with versions the store also says which one it took.
            outcome = next((found for (name, _), found in outcomes.items() if name == entry.name), None)
        if outcome is None:
            yield f"<Error>{names}{_element('Code', 'InternalError')}{_element('Message', _SILENT)}</Error>"
            return
        kind = local_name(outcome.tag)
        if kind == "Deleted" and self.quiet:
            return
        rest = {local_name(child.tag): child.text or "" for child in outcome}
        more = "".join(_element(name, text) for name, text in rest.items() if name not in ("Key", "VersionId"))
        yield f"<{kind}>{names}{more}</{kind}>"


_SILENT = "The object store did not say whether it deleted the object."


def check_digests(body: bytes, headers: Mapping[str, str]) -> None:
    """Raise ServiceError (BadDigest) where the body is not what a digest in the headers or trailers says."""
    md5 = headers.get("content-md5")
    if md5 is not None and md5 != _md5(body):
        raise ServiceError("BadDigest", "The Content-MD5 you specified did not match what we received.", 400)
    for name in headers:
        checksum = checksum_of(name)
        if checksum is not None:
            checksum.update(body)
            checksum.check(headers)


def headers_for(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The headers of the store's request: those of the client that are not of its body, and the digest that S3 needs."""
    kept = {name: value for name, value in headers.items() if name in _KEPT}
    return {**kept, "content-type": "application/xml", "content-md5": _md5(body)}


def read_deletion(body: bytes, *, ours: bool) -> Deletion:
    """What a DeleteObjects asks for. ours: as for names_of. Raises ServiceError (MalformedXML)."""
    try:
        root = read_xml(body)
    except MalformedError as error:
        raise _malformed(str(error)) from error
    if local_name(root.tag) != "Delete":
        raise _malformed("it must be a Delete")
    entries: list[Entry] = []
    quiet = False
    for child in root:
        name = local_name(child.tag)
        if name == "Object":
            entries.append(_entry(child, ours=ours))
        elif name == "Quiet":
            quiet = (child.text or "").strip().lower() == "true"
        else:
            raise _malformed(f"a Delete has no {name[:80]}")
    if not 0 < len(entries) <= MAX_KEYS:
        raise _malformed(f"it must name 1 to {MAX_KEYS} objects")
    return Deletion(tuple(entries), quiet)


def _entry(element: Element, *, ours: bool) -> Entry:
    values = _texts(element)
    spelled, version = values.get("Key", ""), values.get("VersionId")
    if not spelled:
        raise _malformed("an Object needs a Key")
    try:
        key, others = checked_key(spelled, ours=ours)
    except ServiceError as error:
        return Entry(spelled, spelled, version, refusal=error)
    name = keys.stored(key) if ours else key
    refusal = None
    if any(name in values for name in _CONDITIONS):
        # SeaweedFS would delete the object whatever it is like.
        refusal = ServiceError("NotImplemented", f"{', '.join(_CONDITIONS)} of an Object are not implemented.", 501)
    elif version is not None and (not version or not version.isprintable() or "/" in version or "\\" in version):
        refusal = ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
    return Entry(key, name, version, others, refusal)


def _texts(element: Element) -> dict[str, str]:
    """The texts of the children, none of them there twice. Raises ServiceError (MalformedXML)."""
    values: dict[str, str] = {}
    for child in element:
        name = local_name(child.tag)
        if name in values or len(child) or name not in ("Key", "VersionId", *_CONDITIONS):
            raise _malformed(f"an Object has one Key and VersionId: {name[:80]} is wrong here")
        values[name] = child.text or ""
    return values


def _refused(entry: Entry, permit: Callable[[Entry], ServiceError | None]) -> Entry:
    refusal = entry.refusal or permit(entry)
    return replace(entry, refusal=refusal)


def _outcomes(store: bytes) -> dict[tuple[str, str | None], Element]:
    """What the store says of each key and version."""
    try:
        root: Iterable[Element] = read_xml(store)
    except MalformedError as error:
        raise ServiceError("InternalError", "The object store gave an answer that is not XML.", 500) from error
    outcomes: dict[tuple[str, str | None], Element] = {}
    for child in root:
        values = {local_name(part.tag): part.text or "" for part in child}
        outcomes[values.get("Key", ""), values.get("VersionId") or None] = child
    return outcomes


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def _element(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{xml_text(text)}</{name}>"


def _malformed(reason: str) -> ServiceError:
    return ServiceError("MalformedXML", f"The XML you provided was not well-formed: {reason}.", 400)
