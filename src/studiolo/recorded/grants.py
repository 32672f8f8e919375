"""Grants of KMS's keys: recorded only, nothing asks them."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from studiolo.domain import Scope
from studiolo.recorded.keys import Keys
from studiolo.recorded.records import Record, RecordMissing, Records

GRANT = "kms-grant"
TOLD = ("Name", "GranteePrincipal", "RetiringPrincipal", "Operations", "Constraints")
"""What a grant says, beside its key and id."""


class Grants:
    """The grants of every scope."""

    def __init__(self, records: Records, keys: Keys) -> None:
        self._records = records
        self._keys = keys

    def create(self, scope: Scope, key: str, given: Mapping[str, Any]) -> Record:
        """Add a grant; one of a name that says the same is there already. Raises RecordMissing."""
        arn = self._keys.get(scope, key)["Arn"]
        said = {"KeyId": arn, **{name: given[name] for name in TOLD if name in given}}
        text = json.dumps(said, sort_keys=True) if "Name" in given else secrets.token_hex()
        identifier = hashlib.sha256(text.encode()).hexdigest()
        with self._records.writing(scope) as book:
            issuing = f"arn:{scope.partition}:iam::{scope.account}:root"
            attributes = {**said, "GrantId": identifier, "IssuingAccount": issuing}
            there = book.find(GRANT, identifier)
            return there or book.add(GRANT, identifier, attributes, hidden={"Token": secrets.token_urlsafe(48)})

    def list(self, scope: Scope, **wanted: str | None) -> list[Record]:
        """Those of these attributes; KeyId may be any name of a key. Raises RecordMissing."""
        asked = {name: value for name, value in wanted.items() if value is not None}
        if "KeyId" in asked:
            asked["KeyId"] = self._keys.get(scope, asked["KeyId"])["Arn"]
        with self._records.reading(scope) as book:
            return book.all(GRANT, lambda each: asked.items() <= each.attributes.items())

    def delete(self, scope: Scope, key: str | None, identifier: str | None, token: str | None = None) -> None:
        """Delete a grant by its id, or by its token. Raises RecordMissing."""
        with self._records.writing(scope) as book:
            found = book.all(GRANT, lambda each: identifier == each.id or token == each.hidden["Token"])
            if not found:
                raise RecordMissing(GRANT, identifier or "", f"Grant {identifier or 'of that token'} is not found.")
            if key is not None and found[0]["KeyId"] != self._keys.get(scope, key)["Arn"]:
                raise RecordMissing(GRANT, found[0].id, f"Grant {found[0].id} is not of the key {key}.")
            book.drop(found[0])
