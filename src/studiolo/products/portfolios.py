"""Portfolios: which products are in them, who may launch these, and under which constraints."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.domain import Invalid, Scope
from studiolo.identity import Identity, Principal
from studiolo.products.errors import Exists, InUse
from studiolo.products.items import (
    CONSTRAINT,
    IN,
    MAY,
    PORTFOLIO,
    PRODUCT,
    TAG_OPTION,
    TAGGED,
    add,
    link,
    links,
    require,
    require_free,
    unlink,
    with_token,
)
from studiolo.recorded.records import Record, Records

SERVICE = "servicecatalog.amazonaws.com"
LAUNCH, TEMPLATE, NOTIFICATION, UPDATE = "LAUNCH", "TEMPLATE", "NOTIFICATION", "RESOURCE_UPDATE"
SAGEMAKER = {
    "DisplayName": "Amazon SageMaker Solutions and ML Ops products",
    "ProviderName": "Amazon SageMaker",
    "Description": "What SageMaker shares with an account. At Studiolo it is empty until you put products into it.",
}


class Portfolios:
    """The portfolios of every scope."""

    def __init__(self, records: Records, identity: Identity) -> None:
        self._records = records
        self._identity = identity

    def create(self, scope: Scope, attributes: Mapping[str, Any], tags: Mapping[str, str], token: str) -> Record:
        with self._records.writing(scope) as book:
            return add(book, PORTFOLIO, attributes, tags, token)

    def get(self, scope: Scope, identifier: str) -> Record:
        """Raises Missing."""
        with self._records.reading(scope) as book:
            return require(book, PORTFOLIO, identifier)

    def all(self, scope: Scope, *, shared: bool = False) -> list[Record]:
        """The account's own, or those that SageMaker shares with it."""
        with self._records.reading(scope) as book:
            return book.all(PORTFOLIO, lambda each: ("shared" in each.hidden) == shared)

    def of_product(self, scope: Scope, product: str) -> list[Record]:
        """Raises Missing."""
        with self._records.reading(scope) as book:
            require(book, PRODUCT, product)
            return [require(book, PORTFOLIO, each["one"]) for each in links(book, IN, other=product)]

    def update(
        self,
        scope: Scope,
        identifier: str,
        attributes: Mapping[str, Any],
        tags: Mapping[str, str],
        without: Sequence[str],
    ) -> Record:
        with self._records.writing(scope) as book:
            found = require(book, PORTFOLIO, identifier)
            return book.put(found.with_(**attributes).tagged(tags, without))

    def delete(self, scope: Scope, identifier: str) -> None:
        """Raises Missing, and InUse where there is something in it still."""
        with self._records.writing(scope) as book:
            found = require(book, PORTFOLIO, identifier)
            require_free(book, PORTFOLIO, identifier)
            for each in book.all(CONSTRAINT, lambda each: bool(each["PortfolioId"] == identifier)):
                raise InUse(f"Portfolio {identifier} is in use: it has the constraint {each.id}. Delete that first.")
            book.drop(found)

    # --- what is in them, and for whom

    def put_product(self, scope: Scope, portfolio: str, product: str) -> None:
        """Put a product into a portfolio; it may be there already. Raises Missing."""
        with self._records.writing(scope) as book:
            require(book, PORTFOLIO, portfolio)
            require(book, PRODUCT, product)
            link(book, IN, portfolio, product)

    def take_product(self, scope: Scope, portfolio: str, product: str) -> None:
        """Raises Missing, and InUse where a constraint is on the two."""
        with self._records.writing(scope) as book:
            require(book, PORTFOLIO, portfolio)
            both = {"PortfolioId": portfolio, "ProductId": product}
            for each in book.all(CONSTRAINT, lambda each: both.items() <= each.attributes.items()):
                raise InUse(f"Product {product} has the constraint {each.id} in {portfolio}. Delete that first.")
            unlink(book, IN, portfolio, product, must=True)

    def allow(self, scope: Scope, portfolio: str, principal: str, kind: str) -> None:
        """Let users, roles or groups use a portfolio. Raises Missing, Invalid."""
        if kind == "IAM" and not principal.startswith(f"arn:{scope.partition}:iam::{scope.account}:"):
            raise Invalid(f"Invalid principal ARN {principal}: it must be of the account {scope.account}")
        if kind == "IAM_PATTERN" and not principal.startswith(f"arn:{scope.partition}:iam:::"):
            raise Invalid(
                f"Invalid principal pattern {principal}: it begins arn:{scope.partition}:iam:::, without account"
            )
        with self._records.writing(scope) as book:
            require(book, PORTFOLIO, portfolio)
            link(book, MAY, portfolio, principal, kind=kind)

    def disallow(self, scope: Scope, portfolio: str, principal: str) -> None:
        with self._records.writing(scope) as book:
            require(book, PORTFOLIO, portfolio)
            unlink(book, MAY, portfolio, principal, must=True)

    def allowed(self, scope: Scope, portfolio: str) -> list[Record]:
        """Links to the principals that may use it: `other` is the ARN, `kind` its type."""
        with self._records.reading(scope) as book:
            require(book, PORTFOLIO, portfolio)
            return links(book, MAY, one=portfolio)

    # --- constraints

    def constrain(
        self, scope: Scope, principal: Principal, attributes: Mapping[str, Any], parameters: str, token: str
    ) -> Record:
        """Set a condition under which a product of a portfolio is launched. Raises Missing, Invalid, Denied, Exists."""
        self._check(scope, principal, attributes["Type"], parameters)
        both = {name: attributes[name] for name in ("PortfolioId", "ProductId", "Type")}
        with self._records.writing(scope) as book:
            if (made := with_token(book, CONSTRAINT, token)) is not None:
                return made
            require(book, PORTFOLIO, both["PortfolioId"])
            require(book, PRODUCT, both["ProductId"])
            if not links(book, IN, one=both["PortfolioId"], other=both["ProductId"]):
                raise Invalid(f"Product {both['ProductId']} is not in the portfolio {both['PortfolioId']}.")
            if book.all(CONSTRAINT, lambda each: both.items() <= each.attributes.items()):
                raise Exists(f"Product {both['ProductId']} has a {both['Type']} constraint in this portfolio already.")
            return add(book, CONSTRAINT, {**attributes, "Parameters": parameters}, token=token)

    def constraint(self, scope: Scope, identifier: str) -> Record:
        with self._records.reading(scope) as book:
            return require(book, CONSTRAINT, identifier)

    def constraints(self, scope: Scope, portfolio: str, product: str | None) -> list[Record]:
        with self._records.reading(scope) as book:
            require(book, PORTFOLIO, portfolio)

            def asked(each: Record) -> bool:
                return each["PortfolioId"] == portfolio and product in (None, each["ProductId"])

            return book.all(CONSTRAINT, asked)

    def reconstrain(
        self, scope: Scope, principal: Principal, identifier: str, description: str | None, parameters: str | None
    ) -> Record:
        if parameters is not None:
            self._check(scope, principal, self.constraint(scope, identifier)["Type"], parameters)
        with self._records.writing(scope) as book:
            found = require(book, CONSTRAINT, identifier)
            changes = {"Description": description, "Parameters": parameters}
            return book.put(found.with_(**{name: value for name, value in changes.items() if value is not None}))

    def unconstrain(self, scope: Scope, identifier: str) -> None:
        with self._records.writing(scope) as book:
            book.drop(require(book, CONSTRAINT, identifier))

    def launch_role(self, scope: Scope, constraint: Record) -> str:
        """The ARN of the role that a launch constraint names. Raises NotFound."""
        told = json.loads(constraint["Parameters"])
        return str(told["RoleArn"] if "RoleArn" in told else self._role_named(scope, told["LocalRoleName"]))

    def _role_named(self, scope: Scope, name: str) -> str:
        return self._identity.of(scope.account).roles.get(name).arn

    def _check(self, scope: Scope, principal: Principal, kind: str, parameters: str) -> None:
        try:
            told = json.loads(parameters)
        except ValueError as error:
            raise Invalid(f"Invalid constraint parameters: not JSON: {error}") from error
        if kind == LAUNCH:
            if not isinstance(told, dict) or len({"RoleArn", "LocalRoleName"} & set(told)) != 1:
                raise Invalid("Invalid launch constraint: Parameters is a JSON object with RoleArn or LocalRoleName.")
            role = told.get("RoleArn") or self._role_named(scope, told["LocalRoleName"])
            self._identity.pass_role(principal, str(role), SERVICE)
        elif kind == TEMPLATE:
            if not isinstance(told, dict) or not isinstance(told.get("Rules"), dict):
                raise Invalid(
                    'Invalid template constraint: Parameters is a JSON object with "Rules", as templates have.'
                )
        elif kind == NOTIFICATION:
            if not isinstance(told, dict) or not isinstance(told.get("NotificationArns"), list):
                raise Invalid('Invalid notification constraint: Parameters is a JSON object with "NotificationArns".')
        elif kind != UPDATE:
            raise Invalid(
                f"Constraints of the type {kind} are not supported by Studiolo: it has {LAUNCH}, {TEMPLATE}, "
                f"{NOTIFICATION} and {UPDATE}."
            )

    # --- tag options

    def add_tag_option(self, scope: Scope, key: str, value: str) -> Record:
        """Raises Exists."""
        with self._records.writing(scope) as book:
            same = {"Key": key, "Value": value}
            if book.all(TAG_OPTION, lambda each: same.items() <= each.attributes.items()):
                raise Exists(f"There is a TagOption {key}={value} already.")
            return add(book, TAG_OPTION, {**same, "Active": True})

    def tag_option(self, scope: Scope, identifier: str) -> Record:
        with self._records.reading(scope) as book:
            return require(book, TAG_OPTION, identifier)

    def tag_options(self, scope: Scope, resource: str | None = None) -> list[Record]:
        """All, or those of a portfolio or product."""
        with self._records.reading(scope) as book:
            if resource is None:
                return book.all(TAG_OPTION)
            return [require(book, TAG_OPTION, each["other"]) for each in links(book, TAGGED, one=resource)]

    def set_tag_option(self, scope: Scope, identifier: str, value: str | None, active: bool | None) -> Record:
        with self._records.writing(scope) as book:
            found = require(book, TAG_OPTION, identifier)
            changes = {"Value": value, "Active": active}
            return book.put(found.with_(**{name: each for name, each in changes.items() if each is not None}))

    def delete_tag_option(self, scope: Scope, identifier: str) -> None:
        with self._records.writing(scope) as book:
            found = require(book, TAG_OPTION, identifier)
            require_free(book, TAG_OPTION, identifier)
            book.drop(found)

    def tag(self, scope: Scope, resource: str, option: str) -> None:
        """Give a portfolio or product a tag option. Raises Missing, Exists."""
        with self._records.writing(scope) as book:
            require(book, TAG_OPTION, option)
            require(book, PORTFOLIO if resource.startswith("port-") else PRODUCT, resource)
            link(book, TAGGED, resource, option, only=True)

    def untag(self, scope: Scope, resource: str, option: str) -> None:
        with self._records.writing(scope) as book:
            require(book, TAG_OPTION, option)
            unlink(book, TAGGED, resource, option, must=True)

    def tagged(self, scope: Scope, option: str, kind: str | None) -> list[Record]:
        """The portfolios and products that have a tag option. kind: `Portfolio` or `Product` only."""
        with self._records.reading(scope) as book:
            require(book, TAG_OPTION, option)
            found = [each["one"] for each in links(book, TAGGED, other=option)]
            resources = [require(book, PORTFOLIO if each.startswith("port-") else PRODUCT, each) for each in found]
            return [each for each in resources if kind in (None, "Portfolio" if each.kind == PORTFOLIO else "Product")]

    # --- SageMaker's

    def enable_sagemaker(self, scope: Scope) -> None:
        with self._records.writing(scope) as book:
            if not book.all(PORTFOLIO, _of_sagemaker):
                add(book, PORTFOLIO, SAGEMAKER, hidden={"shared": True})

    def disable_sagemaker(self, scope: Scope) -> None:
        """Raises InUse where there is something in its portfolio still."""
        for each in self.all(scope, shared=True):
            self.delete(scope, each.id)

    def sagemaker_enabled(self, scope: Scope) -> bool:
        return bool(self.all(scope, shared=True))


def _of_sagemaker(portfolio: Record) -> bool:
    return "shared" in portfolio.hidden
