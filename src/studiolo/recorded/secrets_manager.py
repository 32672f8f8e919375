"""Secrets Manager's secrets: versions with stages, encrypted; deletion that can be taken back."""

import base64
import secrets
import string
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from studiolo.domain import Conflict, Invalid, Scope
from studiolo.recorded.keys import Keys
from studiolo.recorded.records import Book, Record, RecordExists, RecordMissing, Records

SECRET = "secretsmanager-secret"  # noqa: S105 (the name of a kind)
DEFAULT_KEY = "alias/aws/secretsmanager"
CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
MOST_VERSIONS = 20


class SecretDeleted(Conflict):
    """The secret waits for its deletion."""


class Secrets:
    """The secrets of every scope."""

    def __init__(self, records: Records, keys: Keys) -> None:
        self._records = records
        self._keys = keys

    def create(self, scope: Scope, given: Mapping[str, Any], tags: Mapping[str, str]) -> tuple[Record, str | None]:
        """Add a secret, with its first version where it has a value; and the version's id. Raises RecordExists."""
        name, token = given["Name"], given.get("ClientRequestToken") or str(uuid.uuid4())
        with self._records.writing(scope) as book:
            there = book.find(SECRET, name)
            if there is not None and _is_over(there, book.now):
                book.drop(there)
                there = None
            if there is not None:
                if there.hidden.get("token") == token:
                    return there, token
                if "DeletedDate" in there.attributes:
                    raise SecretDeleted("You can't create this secret because a secret with this name is already scheduled "
                                        "for deletion.")  # fmt: skip
                raise RecordExists(SECRET, f"The operation failed because the secret {name} already exists.")
            arn = f"arn:{scope.partition}:secretsmanager:{scope.region}:{scope.account}:secret:{name}-{_letters(6)}"
            attributes = {
                "ARN": arn,
                "Description": given.get("Description"),
                "KmsKeyId": given.get("KmsKeyId"),
                "LastChangedDate": book.now.isoformat(),
                "Name": name,
            }
            made = book.add(SECRET, name, attributes, tags, {"token": token, "Versions": []})
        return self._valued(scope, made, given, token)

    def put(self, scope: Scope, name: str, given: Mapping[str, Any]) -> tuple[Record, str | None, list[str]]:
        """Add a version with a value, by default the current one."""
        token = given.get("ClientRequestToken") or str(uuid.uuid4())
        stages = list(given.get("VersionStages") or [CURRENT])
        record = self.get(scope, name)
        record, version = self._valued(scope, record, given, token, stages)
        return record, version, stages

    def update(self, scope: Scope, name: str, given: Mapping[str, Any]) -> tuple[Record, str | None]:
        """Change what is told of a secret, and its value where one is given."""
        record = self.get(scope, name)
        with self._records.writing(scope) as book:
            changes = {each: given[each] for each in ("Description", "KmsKeyId") if each in given}
            record = book.put(book.get(SECRET, record.id).with_(**changes, LastChangedDate=book.now.isoformat()))
        return self._valued(scope, record, given, given.get("ClientRequestToken") or str(uuid.uuid4()))

    def value(self, scope: Scope, name: str, version: str | None, stage: str | None) -> tuple[Record, dict[str, Any]]:
        """A version of a secret, its value decrypted. Raises RecordMissing, SecretDeleted."""
        record = self.get(scope, name)
        wanted = stage or (None if version else CURRENT)
        for each in record.hidden["Versions"]:
            if version in (None, each["VersionId"]) and (wanted is None or wanted in each["Stages"]):
                sealed = base64.b64decode(each["Value"])
                _, plain = self._keys.decrypt(
                    scope, sealed, {"SecretARN": record["ARN"], "SecretVersionId": each["VersionId"]}
                )
                return record, {**each, "Value": plain}
        what = f"VersionId: {version}" if version else f"staging label: {wanted}"
        raise RecordMissing(SECRET, name, f"Secrets Manager can't find the specified secret value for {what}")

    def get(self, scope: Scope, name: str, *, deleted: bool = False) -> Record:
        """A secret by its name or ARN, which may lack its last letters. Raises RecordMissing, SecretDeleted."""
        with self._records.reading(scope) as book:
            found = _find(book, name)
            if found is None or _is_over(found, book.now):
                raise RecordMissing(SECRET, name, "Secrets Manager can't find the specified secret.")
        if "DeletedDate" in found.attributes and not deleted:
            raise SecretDeleted("You can't perform this operation on the secret because it was marked for deletion.")
        return found

    def all(self, scope: Scope, *, deleted: bool) -> list[Record]:
        with self._records.reading(scope) as book:
            found = [each for each in book.all(SECRET) if not _is_over(each, book.now)]
        return [each for each in found if deleted or "DeletedDate" not in each.attributes]

    def delete(self, scope: Scope, name: str, days: int | None, *, force: bool) -> tuple[Record, datetime]:
        """Mark a secret for deletion in some days; forced, it is gone at once."""
        if force and days is not None:
            raise Invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
        record = self.get(scope, name)
        with self._records.writing(scope) as book:
            moment = book.now if force else book.now + timedelta(days=30 if days is None else days)
            if force:
                book.drop(record)
            else:
                book.put(record.with_(DeletedDate=moment.isoformat()))
        return record, moment

    def restore(self, scope: Scope, name: str) -> Record:
        record = self.get(scope, name, deleted=True)
        with self._records.writing(scope) as book:
            return book.put(record.with_(DeletedDate=None))

    def tag(self, scope: Scope, name: str, tags: Mapping[str, str], without: tuple[str, ...] = ()) -> None:
        record = self.get(scope, name)
        with self._records.writing(scope) as book:
            book.put(book.get(SECRET, record.id).tagged(tags, without))

    def set_policy(self, scope: Scope, name: str, policy: str | None) -> Record:
        """Record a resource policy."""
        record = self.get(scope, name)
        with self._records.writing(scope) as book:
            return book.put(book.get(SECRET, record.id).hiding(Policy=policy))

    def _valued(
        self, scope: Scope, record: Record, given: Mapping[str, Any], token: str, stages: list[str] | None = None
    ) -> tuple[Record, str | None]:
        if "SecretString" in given and "SecretBinary" in given:
            raise Invalid("You can't specify both a binary secret value and a string secret value in the same secret.")
        if "SecretString" not in given and "SecretBinary" not in given:
            return record, None
        is_text = "SecretString" in given
        plain = given["SecretString"].encode() if is_text else given["SecretBinary"]
        context = {"SecretARN": record["ARN"], "SecretVersionId": token}
        _, sealed = self._keys.encrypt(scope, record.get("KmsKeyId") or DEFAULT_KEY, plain, context)
        wanted = stages or [CURRENT]
        with self._records.writing(scope) as book:
            record = book.get(SECRET, record.id)
            versions = [dict(each) for each in record.hidden["Versions"]]
            if any(each["VersionId"] == token for each in versions):
                return record, token
            for each in versions:
                kept = [stage for stage in each["Stages"] if stage not in wanted]
                if CURRENT in each["Stages"] and CURRENT in wanted:
                    for other in versions:
                        other["Stages"] = [stage for stage in other["Stages"] if stage != PREVIOUS]
                    kept = [*(stage for stage in kept if stage != PREVIOUS), PREVIOUS]
                each["Stages"] = kept
            made = {
                "VersionId": token,
                "Stages": wanted,
                "Value": base64.b64encode(sealed).decode(),
                "IsText": is_text,
                "Created": book.now.isoformat(),
            }
            versions = [each for each in [made, *versions] if each["Stages"]] + [e for e in versions if not e["Stages"]]
            changed = record.hiding(Versions=versions[:MOST_VERSIONS]).with_(LastChangedDate=book.now.isoformat())
            return book.put(changed), token


def random_password(given: Mapping[str, Any]) -> str:
    """A password of random characters, as GetRandomPassword and templates ask for it. Raises Invalid."""
    kinds = {
        "ExcludeLowercase": string.ascii_lowercase,
        "ExcludeUppercase": string.ascii_uppercase,
        "ExcludeNumbers": string.digits,
        "ExcludePunctuation": string.punctuation,
    }
    excluded = set(given.get("ExcludeCharacters") or "")
    groups = [
        "".join(c for c in letters if c not in excluded) for name, letters in kinds.items() if not given.get(name)
    ]
    if given.get("IncludeSpace") and " " not in excluded:
        groups.append(" ")
    groups = [group for group in groups if group]
    length = int(given.get("PasswordLength") or 32)
    each = given.get("RequireEachIncludedType", True)
    if not groups or (each and length < len(groups)) or not 1 <= length <= 4096:
        raise Invalid("No password can be made of what is not excluded, in that length.")
    found = [secrets.choice(group) for group in groups] if each else []
    found += [secrets.choice("".join(groups)) for _ in range(length - len(found))]
    secrets.SystemRandom().shuffle(found)
    return "".join(found)


def _find(book: Book, name: str) -> Record | None:
    if not name.startswith("arn:"):
        return book.find(SECRET, name)
    asked = name.partition(":secret:")[2]
    found = book.find(SECRET, asked) or book.find(SECRET, asked.rpartition("-")[0])
    return found if found is not None and found["ARN"].startswith(name) else None


def _is_over(record: Record, moment: datetime) -> bool:
    until = record.get("DeletedDate")
    return until is not None and datetime.fromisoformat(until) < moment


def _letters(number: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(number))
