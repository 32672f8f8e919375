"""SSM's Parameter Store: values by name, with their history; those that are secure are encrypted."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.domain import Invalid, LimitExceeded, Page, Scope
from studiolo.recorded.keys import Keys
from studiolo.recorded.records import Book, Record, RecordExists, RecordMissing, Records

PARAMETER = "ssm-parameter"
DEFAULT_KEY = "alias/aws/ssm"
MOST_VERSIONS = 100
SIZES = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
_NAME = re.compile(r"[a-zA-Z0-9_.\-/]{1,2048}")


class PatternMismatch(Invalid):
    """A value does not fit the parameter's AllowedPattern."""


class VersionMissing(RecordMissing):
    """The parameter has no such version."""


class Parameters:
    """The parameters of every scope."""

    def __init__(self, records: Records, keys: Keys) -> None:
        self._records = records
        self._keys = keys

    def put(self, scope: Scope, given: Mapping[str, Any], tags: Mapping[str, str], who: str) -> Record:
        """Write a value. Raises RecordExists unless Overwrite, PatternMismatch, Invalid."""
        name, value = given["Name"], given["Value"]
        self._check(name, value, given)
        with self._records.reading(scope) as book:
            there = book.find(PARAMETER, _plain(name))
        kind = given.get("Type") or (there["Type"] if there is not None else None)
        if there is not None and not given.get("Overwrite"):
            raise RecordExists(PARAMETER, "The parameter already exists. To overwrite this value, set the overwrite option "
                               "in the request to true.")  # fmt: skip
        if kind is None:
            raise Invalid("A parameter type is required when you create a parameter.")
        stored, key = value, None
        if kind == "SecureString":
            key = given.get("KeyId") or (there.get("KeyId") if there is not None else None) or DEFAULT_KEY
            stored = base64.b64encode(self._keys.encrypt(scope, key, value.encode(), _context(scope, name))[1]).decode()
        with self._records.writing(scope) as book:
            return self._write(book, given, kind, stored, key, tags, who)

    def _write(
        self,
        book: Book,
        given: Mapping[str, Any],
        kind: str,
        stored: str,
        key: str | None,
        tags: Mapping[str, str],
        who: str,
    ) -> Record:
        name = _plain(given["Name"])
        there = book.find(PARAMETER, name)
        version = 1 if there is None else int(there["Version"]) + 1
        before: Mapping[str, Any] = {} if there is None else there.attributes
        told = {each: given.get(each, before.get(each)) for each in ("AllowedPattern", "Description", "Policies")}
        attributes = {
            **told,
            "ARN": arn_of(book.scope, name),
            "DataType": given.get("DataType") or before.get("DataType") or "text",
            "KeyId": key,
            "LastModifiedDate": book.now.timestamp(),
            "LastModifiedUser": who,
            "Name": name,
            "Tier": given.get("Tier") or before.get("Tier") or "Standard",
            "Type": kind,
            "Value": stored,
            "Version": version,
        }
        attributes = {name: value for name, value in attributes.items() if value is not None}
        history = [*([] if there is None else there.hidden["History"]), attributes][-MOST_VERSIONS:]
        if there is None:
            return book.add(PARAMETER, name, attributes, tags, {"History": history})
        made = Record(PARAMETER, name, there.created, attributes, {"History": history}, {**there.tags, **tags})
        return book.put(made)

    def get(self, scope: Scope, selector: str, *, decrypt: bool) -> dict[str, Any]:
        """A parameter, or a version of it (`name:3`), by name or ARN. Raises RecordMissing, VersionMissing."""
        name, version = split(selector)
        with self._records.reading(scope) as book:
            record = book.find(PARAMETER, _plain(name))
        if record is None:
            raise RecordMissing(PARAMETER, name, f"Parameter {name} not found.")
        found: Mapping[str, Any] = record.attributes
        if version is not None:
            versions = [each for each in record.hidden["History"] if str(each["Version"]) == version]
            if not versions:
                raise VersionMissing(
                    PARAMETER,
                    name,
                    f"Systems Manager could not find version {version} of {name}. Verify the version and try again.",
                )
            found = versions[0]
        shown = self._shown(scope, found, decrypt)
        return {**shown, **({} if version is None else {"Selector": f":{version}"})}

    def history(self, scope: Scope, name: str, *, decrypt: bool) -> list[dict[str, Any]]:
        record = self.record(scope, name)
        return [self._shown(scope, each, decrypt) for each in record.hidden["History"]]

    def under(
        self, scope: Scope, path: str, *, deep: bool, decrypt: bool, after: str | None, limit: int
    ) -> Page[dict[str, Any]]:
        """Those whose names begin with a path, and a page of them."""
        prefix = path if path.endswith("/") else f"{path}/"
        found: list[dict[str, Any]] = []
        with self._records.reading(scope) as book:
            while True:
                page = book.page(PARAMETER, after, 100, prefix if path != "/" else "/")
                for record in page.items:
                    if deep or "/" not in record.id.removeprefix(prefix):
                        if len(found) == limit:
                            return Page(found, str(found[-1]["Name"]))
                        found.append(self._shown(scope, record.attributes, decrypt))
                after = page.next
                if after is None:
                    return Page(found)

    def page(self, scope: Scope, after: str | None, limit: int) -> Page[Record]:
        with self._records.reading(scope) as book:
            return book.page(PARAMETER, after, limit)

    def all(self, scope: Scope) -> list[Record]:
        with self._records.reading(scope) as book:
            return book.all(PARAMETER)

    def record(self, scope: Scope, name: str) -> Record:
        """Raises RecordMissing."""
        with self._records.reading(scope) as book:
            record = book.find(PARAMETER, _plain(name))
        if record is None:
            raise RecordMissing(PARAMETER, name, f"Parameter {name} not found.")
        return record

    def delete(self, scope: Scope, names: Sequence[str]) -> list[str]:
        """Delete those that are there; their names."""
        gone = []
        with self._records.writing(scope) as book:
            for name in names:
                record = book.find(PARAMETER, _plain(name))
                if record is not None:
                    book.drop(record)
                    gone.append(name)
        return gone

    def tag(self, scope: Scope, name: str, tags: Mapping[str, str], without: Sequence[str] = ()) -> None:
        self.record(scope, name)
        with self._records.writing(scope) as book:
            book.put(book.get(PARAMETER, _plain(name)).tagged(tags, without))

    def _shown(self, scope: Scope, found: Mapping[str, Any], decrypt: bool) -> dict[str, Any]:
        shown = dict(found)
        if shown["Type"] == "SecureString" and decrypt:
            sealed = base64.b64decode(shown["Value"])
            shown["Value"] = self._keys.decrypt(scope, sealed, _context(scope, shown["Name"]))[1].decode()
        return shown

    def _check(self, name: str, value: str, given: Mapping[str, Any]) -> None:
        plain = _plain(name)
        if not _NAME.fullmatch(plain) or plain.lower().lstrip("/").startswith(("aws", "ssm")):
            raise Invalid(
                'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive), and consists of letters, '
                "digits, and the symbols .-_/"
            )
        if "/" in plain and not plain.startswith("/"):
            raise Invalid("Parameter name must be a fully qualified name: one with a path begins with a slash.")
        most = SIZES[given.get("Tier") or "Standard"]
        if len(value.encode()) > most:
            raise LimitExceeded(f"The parameter value is longer than {most} bytes.")
        pattern = given.get("AllowedPattern")
        if pattern:
            import re2

            try:
                fits = re2.compile(pattern).search(value) is not None
            except re2.error as error:
                raise Invalid(f"The AllowedPattern {pattern} is no regular expression.") from error
            if not fits:
                raise PatternMismatch(f"Parameter value, cannot be validated against allowedPattern: {pattern}")


def split(selector: str) -> tuple[str, str | None]:
    """Name and version of `name:version`; of an ARN, the parameter's name."""
    if selector.startswith("arn:"):
        _, _, rest = selector.partition(":parameter")
        name, _, version = rest.partition(":")
        return (name if name.count("/") > 1 else name.lstrip("/")), version or None
    name, _, version = selector.partition(":")
    return name, version or None


def arn_of(scope: Scope, name: str) -> str:
    """The ARN of a parameter."""
    slash = "" if name.startswith("/") else "/"
    return f"arn:{scope.partition}:ssm:{scope.region}:{scope.account}:parameter{slash}{name}"


def _plain(name: str) -> str:
    return split(name)[0] if name.startswith("arn:") else name


def _context(scope: Scope, name: str) -> dict[str, str]:
    return {"PARAMETER_ARN": arn_of(scope, _plain(name))}
