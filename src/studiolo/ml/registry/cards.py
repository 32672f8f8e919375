"""Model cards: documents about a model, each change of their content a further version."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studiolo.domain import Invalid, Page, Scope
from studiolo.identity import Principal
from studiolo.ml.errors import RecordConflict, RecordMissing
from studiolo.ml.listing import Listing
from studiolo.ml.names import arn, checked_name
from studiolo.ml.registry.records import Book, Record, Records, Which, by
from studiolo.ml.tags import drop_tags, set_tags

CARD, VERSION = "model-card", "model-card-version"
ARCHIVED = "Archived"


class Cards:
    """The model cards of every scope. A record of CARD is the latest version, those of VERSION are all."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        content: str,
        status: str,
        document: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> Record:
        """Raises Invalid, and RecordConflict where the name is taken."""
        checked_name(name, "modelCardName")
        _check(content)
        resource = arn(scope, CARD, name)
        told = {**document, "Content": content, "ModelCardVersion": 1, "CreatedBy": by(principal)}
        with self._records.writing(scope) as book:
            if book.find(CARD, name) is not None:
                raise RecordConflict(f"Model card {resource} already exists")
            set_tags(book.connection, resource, tags)
            _write_version(book, name, told, status)
            return book.add(CARD, name, told, status=status)

    def get(self, scope: Scope, name: str, version: int | None = None) -> Record:
        """By name or ARN; the latest version if none is given. Raises RecordMissing."""
        with self._records.reading(scope) as book:
            card = _card(book, name)
            if version is None or version == card["ModelCardVersion"]:
                return card
            found = book.find(VERSION, _version(card.name, version))
            if found is None:
                raise RecordMissing(f"Model card {arn(scope, CARD, card.name)} has no version {version}")
            return replace(found, name=card.name)

    def page(self, scope: Scope, listing: Listing) -> Page[Record]:
        with self._records.reading(scope) as book:
            return book.page(CARD, listing, Which())

    def versions(self, scope: Scope, name: str, listing: Listing) -> Page[Record]:
        """Raises RecordMissing."""
        with self._records.reading(scope) as book:
            card = _card(book, name)
            found = book.page(VERSION, listing, Which(parent=card.name))
            return Page([replace(each, name=card.name) for each in found.items], found.next)

    def update(self, scope: Scope, principal: Principal, name: str, content: str | None, status: str | None) -> Record:
        """Change the status, or the content, which makes a version. Raises Invalid, RecordConflict and RecordMissing."""
        with self._records.writing(scope) as book:
            card = _card(book, name)
            if content is not None and status is not None:
                raise Invalid("Content and ModelCardStatus of a model card are changed one at a time.")
            if card.status == ARCHIVED and content is not None:
                raise RecordConflict("An archived model card cannot be changed.")
            told: dict[str, Any] = {"LastModifiedBy": by(principal)}
            if content is not None:
                _check(content)
                told |= {"Content": content, "ModelCardVersion": card["ModelCardVersion"] + 1}
            changed = book.put(replace(card.telling(**told), status=status or card.status))
            if content is not None:
                _write_version(book, card.name, changed.document, changed.status)
            else:
                found = book.find(VERSION, _version(card.name, card["ModelCardVersion"]))
                if found is not None:
                    book.put(replace(found, status=changed.status))
            return changed

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a card with all its versions. Raises RecordMissing."""
        with self._records.writing(scope) as book:
            card = _card(book, name)
            for version in list(book.all(VERSION, card.name)):
                book.drop(version)
            book.drop(card)
            drop_tags(book.connection, arn(scope, CARD, card.name))


def _write_version(book: Book, name: str, document: Mapping[str, Any], status: str | None) -> None:
    book.add(VERSION, _version(name, document["ModelCardVersion"]), document, parent=name, status=status)


def _version(name: str, version: int) -> str:
    """Sorts as the versions do."""
    return f"{name}/{version:06d}"


def _card(book: Book, name: str) -> Record:
    name = name.rpartition("/")[2] if name.startswith("arn:") else name
    found = book.find(CARD, name)
    if found is None:
        raise RecordMissing(f"Model card {arn(book.scope, CARD, name)} does not exist")
    return found


def _check(content: str) -> None:
    try:
        parsed = json.loads(content)
    except ValueError as error:
        raise Invalid(f"The Content of a model card must be JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise Invalid("The Content of a model card must be a JSON object, after the model card's schema.")
