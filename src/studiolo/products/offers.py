"""Products and their versions, the provisioning artifacts: a template each, read from S3 when the artifact is made."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studiolo.domain import Invalid, Scope
from studiolo.identity import Principal
from studiolo.products.errors import InUse
from studiolo.products.items import ARTIFACT, IN, PRODUCT, add, links, require, require_free, with_token
from studiolo.recorded.records import Book, Record, Records
from studiolo.stacks import Stacks, TemplateInvalid, read_template

TEXT = "catalog-template"
KINDS = ("CLOUD_FORMATION_TEMPLATE",)
SEARCHED = ("Name", "Description", "Owner", "Distributor", "SupportDescription", "SupportEmail", "SupportUrl")


class Offers:
    """The products of every scope. The text of an artifact's template is kept with it."""

    def __init__(self, records: Records, stacks: Stacks) -> None:
        self._records = records
        self._stacks = stacks

    def create(
        self,
        scope: Scope,
        principal: Principal,
        attributes: Mapping[str, Any],
        artifact: Mapping[str, Any] | None,
        tags: Mapping[str, str],
        token: str,
    ) -> tuple[Record, Record]:
        """A product with its first artifact. Raises Invalid."""
        with self._records.reading(scope) as book:
            made = with_token(book, PRODUCT, token)
        if made is not None:
            return made, self.artifacts(scope, made.id)[0]
        if attributes["ProductType"] not in KINDS:
            raise Invalid(f"Products of the type {attributes['ProductType']} are not supported by Studiolo.")
        if artifact is None:
            raise Invalid("ProvisioningArtifactParameters must be specified.")
        text = self._text(scope, principal, artifact)
        with self._records.writing(scope) as book:
            product = add(book, PRODUCT, attributes, tags, token)
            return product, _keep(book, add(book, ARTIFACT, _artifact(product.id, artifact)), text)

    def get(self, scope: Scope, identifier: str | None, name: str | None = None) -> Record:
        """By its id, or name. Raises Missing, Invalid."""
        if (identifier is None) == (name is None):
            raise Invalid("Specify either the id or the name of the product.")
        with self._records.reading(scope) as book:
            if identifier is None:
                named = book.all(PRODUCT, lambda each: bool(each["Name"] == name))
                if len(named) > 1:
                    raise Invalid(f"{len(named)} products are named {name}: give the id of one.")
                identifier = named[0].id if named else str(name)
            return require(book, PRODUCT, identifier)

    def all(self, scope: Scope, portfolio: str | None = None) -> list[Record]:
        with self._records.reading(scope) as book:
            if portfolio is None:
                return book.all(PRODUCT)
            return [require(book, PRODUCT, each["other"]) for each in links(book, IN, one=portfolio)]

    def update(
        self,
        scope: Scope,
        identifier: str,
        attributes: Mapping[str, Any],
        tags: Mapping[str, str],
        without: Sequence[str],
    ) -> Record:
        with self._records.writing(scope) as book:
            found = require(book, PRODUCT, identifier)
            return book.put(found.with_(**attributes).tagged(tags, without))

    def delete(self, scope: Scope, identifier: str) -> None:
        """With its artifacts. Raises Missing, and InUse where it is in a portfolio."""
        with self._records.writing(scope) as book:
            found = require(book, PRODUCT, identifier)
            require_free(book, PRODUCT, identifier)
            for each in book.all(ARTIFACT, lambda each: bool(each["ProductId"] == identifier)):
                _drop(book, each)
            book.drop(found)

    # --- artifacts

    def add_artifact(
        self, scope: Scope, principal: Principal, product: str, artifact: Mapping[str, Any], token: str
    ) -> Record:
        """Raises Missing, Invalid."""
        with self._records.reading(scope) as book:
            require(book, PRODUCT, product)
            if (made := with_token(book, ARTIFACT, token)) is not None:
                return made
        text = self._text(scope, principal, artifact)
        with self._records.writing(scope) as book:
            return _keep(book, add(book, ARTIFACT, _artifact(product, artifact), token=token), text)

    def artifacts(self, scope: Scope, product: str) -> list[Record]:
        """The oldest first. Raises Missing."""
        with self._records.reading(scope) as book:
            require(book, PRODUCT, product)
            found = book.all(ARTIFACT, lambda each: bool(each["ProductId"] == product))
            return sorted(found, key=lambda each: (each.created, each.id))

    def artifact(self, scope: Scope, product: str, identifier: str | None, name: str | None = None) -> Record:
        """By its id, or name. Raises Missing, Invalid."""
        found = self.artifacts(scope, product)
        if identifier is None and name is None:
            raise Invalid("Specify either the id or the name of the provisioning artifact.")
        for each in found:
            if each.id == identifier or (identifier is None and each.get("Name") == name):
                return each
        with self._records.reading(scope) as book:
            return require(book, ARTIFACT, f"{identifier or name} of the product {product}")

    def set_artifact(self, scope: Scope, product: str, identifier: str, changes: Mapping[str, Any]) -> Record:
        self.artifact(scope, product, identifier)
        with self._records.writing(scope) as book:
            return book.put(require(book, ARTIFACT, identifier).with_(**changes))

    def delete_artifact(self, scope: Scope, product: str, identifier: str) -> None:
        """Raises Missing, and InUse for the last one of a product."""
        self.artifact(scope, product, identifier)
        if len(self.artifacts(scope, product)) == 1:
            raise InUse(f"{identifier} is the last provisioning artifact of {product}: delete the product.")
        with self._records.writing(scope) as book:
            _drop(book, require(book, ARTIFACT, identifier))

    def template(self, scope: Scope, artifact: Record) -> str:
        """The text of an artifact's template."""
        with self._records.reading(scope) as book:
            return str(book.get(TEXT, artifact.id)["text"])

    def _text(self, scope: Scope, principal: Principal, artifact: Mapping[str, Any]) -> str:
        """The template that an artifact's Info names, read as the caller. Raises Invalid."""
        if artifact.get("Type", KINDS[0]) not in KINDS:
            raise Invalid(f"Provisioning artifacts of the type {artifact['Type']} are not supported by Studiolo.")
        info = artifact.get("Info", {})
        try:
            if "LoadTemplateFromURL" in info:
                text = self._stacks.targets.fetch(principal, info["LoadTemplateFromURL"])
            elif "ImportFromPhysicalId" in info:
                stack = self._stacks.store.stack(scope, info["ImportFromPhysicalId"], deleted=False)
                if stack.target is None:
                    raise Invalid(f"The stack {stack.name} is under review: it has no template yet.")
                text = stack.target.body
            else:
                raise Invalid("Info must have LoadTemplateFromURL, or ImportFromPhysicalId.")
            if not artifact.get("DisableTemplateValidation"):
                read_template(text)
        except TemplateInvalid as error:
            raise Invalid(f"Invalid templateUrl: {error}") from error
        return text


def _keep(book: Book, artifact: Record, text: str) -> Record:
    # Apart from the artifact: lists of these need no templates.
    if book.find(TEXT, artifact.id) is None:
        book.add(TEXT, artifact.id, {"text": text})
    return artifact


def _drop(book: Book, artifact: Record) -> None:
    book.drop(book.get(TEXT, artifact.id))
    book.drop(artifact)


def _artifact(product: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ProductId": product,
        "Name": given.get("Name"),
        "Description": given.get("Description"),
        "Info": {
            key: given["Info"][key] for key in ("LoadTemplateFromURL", "ImportFromPhysicalId") if key in given["Info"]
        },
        "Type": given.get("Type", KINDS[0]),
        "Active": True,
        "Guidance": "DEFAULT",
    }


def found_in(products: Sequence[Record], filters: Mapping[str, Sequence[str]]) -> list[Record]:
    """The products that pass filters: FullTextSearch goes through names, descriptions, support and tags."""

    def passes(product: Record) -> bool:
        texts = [str(product.get(name, "")) for name in SEARCHED]
        texts += [text for pair in product.tags.items() for text in (*pair, ":".join(pair), "=".join(pair))]
        everything = "\n".join(texts).lower()
        known: dict[str, Callable[[str], bool]] = {
            "Owner": lambda value: product["Owner"] == value,
            "ProductType": lambda value: product["ProductType"] == value,
            "SourceProductId": lambda value: product.id == value,
            "FullTextSearch": lambda value: all(word in everything for word in value.lower().split()),
        }
        return all(any(known[name](value) for value in values) for name, values in filters.items())

    return [product for product in products if passes(product)]
