"""KMS's keys: recorded, but what they encrypt is encrypted (AES-256-GCM) and comes back.

A key's bytes are kept in the database of the data folder. A ciphertext names its key, and is bound to its context.
"""

import base64
import json
import secrets
import struct
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from studiolo.domain import Conflict, Invalid, NotFound, Scope
from studiolo.recorded.records import Book, Record, RecordExists, RecordMissing, Records

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY, ALIAS = "kms-key", "kms-alias"
AWS_ALIAS = "alias/aws/"
NONCE, KEY_BYTES = 12, 32
_HEAD = struct.Struct(">4sH")
_MAGIC = b"STK1"

Context = Mapping[str, str]


class InvalidCiphertext(Invalid):
    """What is no ciphertext, of another key, or of another context."""


class KeyDisabled(Conflict):
    """The key is switched off."""


class KeyUnusable(Conflict):
    """The key waits for its deletion, or is for something else."""


class Keys:
    """The keys and aliases of every scope."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, scope: Scope, attributes: Mapping[str, object], policy: str, tags: Mapping[str, str]) -> Record:
        """Add a symmetric key. Raises Invalid for one of another kind."""
        spec, usage = attributes.get("KeySpec", "SYMMETRIC_DEFAULT"), attributes.get("KeyUsage", "ENCRYPT_DECRYPT")
        if (
            spec != "SYMMETRIC_DEFAULT"
            or usage != "ENCRYPT_DECRYPT"
            or attributes.get("Origin", "AWS_KMS") != "AWS_KMS"
        ):
            raise Invalid(
                "Studiolo has symmetric keys that encrypt and decrypt: KeySpec SYMMETRIC_DEFAULT, Origin AWS_KMS."
            )
        with self._records.writing(scope) as book:
            return _add(book, str(attributes.get("Description", "")), policy, tags, bool(attributes.get("MultiRegion")))

    def get(self, scope: Scope, name: str) -> Record:
        """A key by its id, ARN, alias or alias ARN; those of AWS's services are made at need. Raises RecordMissing."""
        with self._records.reading(scope) as book:
            found = _find(book, name)
        if found is None:
            alias = _alias_of(name)
            if alias is None or not alias.startswith(AWS_ALIAS):
                raise _missing(scope, name)
            with self._records.writing(scope) as book:
                found = _find(book, name)
                if found is None:
                    found = _add(book, f"Default key for {alias.removeprefix(AWS_ALIAS)}", "", {}, False)
                    found = book.put(found.with_(KeyManager="AWS"))
                    book.add(ALIAS, alias, {"TargetKeyId": found.id})
        return found

    def change(self, scope: Scope, name: str, **attributes: object) -> Record:
        """Set attributes of a key, `Policy` and `Rotation` among the hidden ones."""
        key = self.get(scope, name)
        hidden = {each: attributes.pop(each) for each in ("Policy", "Rotation") if each in attributes}
        with self._records.writing(scope) as book:
            return book.put(book.get(KEY, key.id).with_(**attributes).hiding(**hidden))

    def enable(self, scope: Scope, name: str, enabled: bool) -> None:
        key = self.get(scope, name)
        if key["KeyState"] == "PendingDeletion":
            raise KeyUnusable(f"{key['Arn']} is pending deletion.")
        self.change(scope, name, Enabled=enabled, KeyState="Enabled" if enabled else "Disabled")

    def schedule_deletion(self, scope: Scope, name: str, days: int) -> Record:
        key = self.get(scope, name)
        if key["KeyState"] == "PendingDeletion":
            raise KeyUnusable(f"{key['Arn']} is pending deletion.")
        with self._records.reading(scope) as book:
            until = (book.now + timedelta(days=days)).isoformat()
        return self.change(scope, name, Enabled=False, KeyState="PendingDeletion", DeletionDate=until)

    def cancel_deletion(self, scope: Scope, name: str) -> Record:
        key = self.get(scope, name)
        if key["KeyState"] != "PendingDeletion":
            raise KeyUnusable(f"{key['Arn']} is not pending deletion.")
        return self.change(scope, name, KeyState="Disabled", DeletionDate=None)

    def tag(self, scope: Scope, name: str, tags: Mapping[str, str], without: tuple[str, ...] = ()) -> None:
        key = self.get(scope, name)
        with self._records.writing(scope) as book:
            book.put(book.get(KEY, key.id).tagged(tags, without))

    def set_alias(self, scope: Scope, alias: str, name: str, *, new: bool) -> None:
        """Point an alias to a key. Raises RecordExists for a new one that is there, RecordMissing, Invalid."""
        if not alias.startswith("alias/") or alias.startswith(AWS_ALIAS):
            raise Invalid("Alias must begin with alias/, and not with alias/aws/.")
        key = self.get(scope, name)
        with self._records.writing(scope) as book:
            there = book.find(ALIAS, alias)
            if new and there is not None:
                raise RecordExists(ALIAS, f"An alias with the name {_alias_arn(scope, alias)} already exists")
            if not new and there is None:
                raise RecordMissing(ALIAS, alias, f"Alias {_alias_arn(scope, alias)} is not found.")
            if there is None:
                book.add(ALIAS, alias, {"TargetKeyId": key.id})
            else:
                book.put(there.with_(TargetKeyId=key.id))

    def delete_alias(self, scope: Scope, alias: str) -> None:
        with self._records.writing(scope) as book:
            found = book.find(ALIAS, alias)
            if found is None:
                raise RecordMissing(ALIAS, alias, f"Alias {_alias_arn(scope, alias)} is not found.")
            book.drop(found)

    def encrypt(self, scope: Scope, name: str, plaintext: bytes, context: Context) -> tuple[Record, bytes]:
        """The key, and the ciphertext. Raises KeyDisabled, KeyUnusable."""
        key = self._usable(scope, name)
        return key, _seal(key, plaintext, context)

    def decrypt(
        self, scope: Scope, ciphertext: bytes, context: Context, name: str | None = None
    ) -> tuple[Record, bytes]:
        """The key, and what was encrypted. Raises InvalidCiphertext. name: the key that it must be of."""
        key_id, nonce, sealed = _opened(ciphertext)
        try:
            key = self._usable(scope, key_id)
        except NotFound as error:
            raise InvalidCiphertext("The ciphertext refers to a key that does not exist.") from error
        if name is not None and self.get(scope, name).id != key.id:
            raise WrongKey("The key ID in the request does not identify a CMK that can perform this operation.")
        from cryptography.exceptions import InvalidTag

        try:
            return key, _cipher(key).decrypt(nonce, sealed, _bound(key, context))
        except InvalidTag as error:
            raise InvalidCiphertext("The ciphertext is not one of that key and encryption context.") from error

    def data_key(self, scope: Scope, name: str, size: int, context: Context) -> tuple[Record, bytes, bytes]:
        """A new key of `size` bytes for the caller: the key that seals it, itself, and sealed."""
        plaintext = secrets.token_bytes(size)
        key, sealed = self.encrypt(scope, name, plaintext, context)
        return key, plaintext, sealed

    def all(self, scope: Scope) -> list[Record]:
        with self._records.reading(scope) as book:
            return book.all(KEY)

    def aliases(self, scope: Scope) -> list[Record]:
        with self._records.reading(scope) as book:
            return book.all(ALIAS)

    def _usable(self, scope: Scope, name: str) -> Record:
        key = self.get(scope, name)
        if key["KeyState"] == "PendingDeletion":
            raise KeyUnusable(f"{key['Arn']} is pending deletion.")
        if not key["Enabled"]:
            raise KeyDisabled(f"{key['Arn']} is disabled.")
        return key


class WrongKey(Invalid):
    """A ciphertext is of another key than was said."""


def alias_arn(scope: Scope, alias: str) -> str:
    """The ARN of an alias."""
    return _alias_arn(scope, alias)


def _add(book: Book, description: str, policy: str, tags: Mapping[str, str], many_regions: bool) -> Record:
    identifier = ("mrk-" + uuid.uuid4().hex) if many_regions else str(uuid.uuid4())
    scope = book.scope
    attributes = {
        "AWSAccountId": scope.account,
        "Arn": f"arn:{scope.partition}:kms:{scope.region}:{scope.account}:key/{identifier}",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": description,
        "Enabled": True,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": identifier,
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": many_regions,
        "Origin": "AWS_KMS",
    }
    root = {"AWS": f"arn:{scope.partition}:iam::{scope.account}:root"}
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": root,
        "Action": "kms:*",
        "Resource": "*",
    }
    default = json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})
    material = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    hidden = {"Material": material, "Policy": policy or default, "Rotation": False}
    return book.add(KEY, identifier, attributes, tags, hidden)


def _find(book: Book, name: str) -> Record | None:
    alias = _alias_of(name)
    if alias is None:
        return book.find(KEY, name.rpartition("key/")[2] if name.startswith("arn:") else name)
    found = book.find(ALIAS, alias)
    return None if found is None else book.find(KEY, found["TargetKeyId"])


def _alias_of(name: str) -> str | None:
    if name.startswith("arn:") and ":alias/" in name:
        return "alias/" + name.partition(":alias/")[2]
    return name if name.startswith("alias/") else None


def _missing(scope: Scope, name: str) -> RecordMissing:
    if (alias := _alias_of(name)) is not None:
        return RecordMissing(ALIAS, name, f"Alias {_alias_arn(scope, alias)} is not found.")
    arn = name if name.startswith("arn:") else f"arn:{scope.partition}:kms:{scope.region}:{scope.account}:key/{name}"
    return RecordMissing(KEY, name, f"Key '{arn}' does not exist")


def _alias_arn(scope: Scope, alias: str) -> str:
    return f"arn:{scope.partition}:kms:{scope.region}:{scope.account}:{alias}"


def _cipher(key: Record) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # it is large, and most have no keys

    return AESGCM(base64.b64decode(key.hidden["Material"]))


def _bound(key: Record, context: Context) -> bytes:
    return json.dumps([key.id, sorted(context.items())]).encode()


def _seal(key: Record, plaintext: bytes, context: Context) -> bytes:
    nonce, name = secrets.token_bytes(NONCE), key.id.encode()
    return _HEAD.pack(_MAGIC, len(name)) + name + nonce + _cipher(key).encrypt(nonce, plaintext, _bound(key, context))


def _opened(ciphertext: bytes) -> tuple[str, bytes, bytes]:
    if len(ciphertext) < _HEAD.size or ciphertext[:4] != _MAGIC:
        raise InvalidCiphertext("The ciphertext is not one of Studiolo's.")
    _, length = _HEAD.unpack_from(ciphertext)
    name, rest = ciphertext[_HEAD.size : _HEAD.size + length], ciphertext[_HEAD.size + length :]
    try:
        return name.decode(), rest[:NONCE], rest[NONCE:]
    except UnicodeDecodeError as error:
        raise InvalidCiphertext("The ciphertext is damaged.") from error
