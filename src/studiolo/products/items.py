"""What administrators put into Service Catalog, and how it hangs together, in the recorder's records."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from studiolo.domain import Scope
from studiolo.products.errors import Exists, InUse, Missing
from studiolo.recorded.records import Book, Record

PORTFOLIO, PRODUCT, ARTIFACT = "catalog-portfolio", "catalog-product", "catalog-artifact"
CONSTRAINT, TAG_OPTION, LINK = "catalog-constraint", "catalog-tag-option", "catalog-link"

NAMES = {
    PORTFOLIO: "Portfolio",
    PRODUCT: "Product",
    ARTIFACT: "ProvisioningArtifact",
    CONSTRAINT: "Constraint",
    TAG_OPTION: "TagOption",
}
PREFIXES = {PORTFOLIO: "port", PRODUCT: "prod", ARTIFACT: "pa", CONSTRAINT: "cons", TAG_OPTION: "tag"}

IN, MAY, TAGGED = "product", "principal", "tag-option"
"""What links say: a product is in a portfolio, a principal may use one, a tag option is of a resource."""

_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"


def new_id(prefix: str) -> str:
    """An id as Service Catalog makes them: a prefix and 13 letters and digits."""
    return f"{prefix}-{''.join(secrets.choice(_DIGITS) for _ in range(13))}"


def own_id(prefix: str, *parts: str) -> str:
    """The id of what is nothing but its parts: the same whenever it is asked for."""
    number = int.from_bytes(hashlib.sha256(" ".join(parts).encode()).digest()[:9], "big")
    return f"{prefix}-{''.join(_DIGITS[number >> 5 * i & 31] for i in range(13))}"


def arn(scope: Scope, kind: str, identifier: str) -> str:
    """The ARN of a portfolio or product."""
    name = "portfolio" if kind == PORTFOLIO else "product"
    return f"arn:{scope.partition}:catalog:{scope.region}:{scope.account}:{name}/{identifier}"


def require(book: Book, kind: str, identifier: str) -> Record:
    """Raises Missing."""
    found = book.find(kind, identifier)
    if found is None:
        raise Missing(f"{NAMES[kind]} {identifier} not found.")
    return found


def add(
    book: Book,
    kind: str,
    attributes: Mapping[str, Any],
    tags: Mapping[str, str] | None = None,
    token: str | None = None,
    hidden: Mapping[str, Any] | None = None,
) -> Record:
    """A new one, or the one that was made for the same token."""
    if (made := with_token(book, kind, token)) is not None:
        return made
    return book.add(kind, new_id(PREFIXES[kind]), attributes, tags, {**(hidden or {}), "token": token})


def with_token(book: Book, kind: str, token: str | None) -> Record | None:
    if token is None:
        return None
    return next(iter(book.all(kind, lambda each: each.hidden.get("token") == token)), None)


def link(book: Book, what: str, one: str, other: str, *, only: bool = False, **more: Any) -> None:
    """Say that `other` is of `one`. only: raise Exists where that is said already."""
    identifier = f"{what}|{one}|{other}"
    if book.find(LINK, identifier) is None:
        book.add(LINK, identifier, {"what": what, "one": one, "other": other, **more})
    elif only:
        raise Exists(f"{other} is associated with {one} already.")


def unlink(book: Book, what: str, one: str, other: str, *, must: bool = False) -> None:
    """must: raise Missing where it is not said."""
    found = book.find(LINK, f"{what}|{one}|{other}")
    if found is not None:
        book.drop(found)
    elif must:
        raise Missing(f"{other} is not associated with {one}.")


def links(book: Book, what: str, *, one: str | None = None, other: str | None = None) -> list[Record]:
    """What hangs on `one`, or on what `other` hangs, in the order of time."""

    def asked(each: Record) -> bool:
        return each["what"] == what and one in (None, each["one"]) and other in (None, each["other"])

    return sorted(book.all(LINK, asked), key=lambda each: each.created)


def require_free(book: Book, kind: str, identifier: str) -> None:
    """Raise InUse where something hangs on it."""
    for what in (IN, MAY, TAGGED):
        for each in [*links(book, what, one=identifier), *links(book, what, other=identifier)]:
            other = each["other"] if each["one"] == identifier else each["one"]
            raise InUse(
                f"{NAMES[kind]} {identifier} is in use: {other} is associated with it. Disassociate that first."
            )
