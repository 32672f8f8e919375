"""Launch paths: by which portfolios a caller may launch a product, with which constraints and tags."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from studiolo.domain import Invalid, Scope
from studiolo.identity import Identity, Principal
from studiolo.products.errors import Missing
from studiolo.products.items import CONSTRAINT, IN, MAY, PORTFOLIO, PRODUCT, TAG_OPTION, TAGGED, links, own_id, require
from studiolo.products.portfolios import LAUNCH, NOTIFICATION, TEMPLATE
from studiolo.recorded.records import Record, Records
from studiolo.stacks import load


@dataclass(frozen=True)
class Path:
    """A way to a product. options: the tag options of its portfolio and product, the active values by key."""

    id: str
    portfolio: Record
    product: Record
    constraints: Sequence[Record]
    options: Mapping[str, Sequence[str]]

    @property
    def name(self) -> str:
        return str(self.portfolio["DisplayName"])

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that what is launched by it gets: the portfolio's, the product's, the options that leave no choice."""
        fixed = {key: values[0] for key, values in self.options.items() if len(values) == 1}
        return {**self.portfolio.tags, **self.product.tags, **fixed}

    def constraint(self, kind: str) -> Record | None:
        return next((each for each in self.constraints if each["Type"] == kind), None)

    @property
    def launch(self) -> Record | None:
        return self.constraint(LAUNCH)

    @property
    def notifications(self) -> Sequence[str]:
        found = self.constraint(NOTIFICATION)
        return [] if found is None else json.loads(found["Parameters"])["NotificationArns"]

    def ruled(self, text: str) -> str:
        """A template with the rules of the template constraint, which CloudFormation checks."""
        found = self.constraint(TEMPLATE)
        if found is None:
            return text
        body = load(text)
        return json.dumps({**body, "Rules": {**body.get("Rules", {}), **json.loads(found["Parameters"])["Rules"]}})

    def chosen(self, given: Mapping[str, str]) -> dict[str, str]:
        """The tags of a launch. Raises Invalid for one that the tag options do not let be."""
        for key, values in self.options.items():
            value = given.get(key, values[0] if len(values) == 1 else None)
            if value not in values:
                raise Invalid(f"The tag {key} must be one of [{', '.join(values)}], by the TagOptions of {self.name}.")
        return {**self.tags, **given}


class Paths:
    """What callers may launch: what is in the portfolios that they are associated with."""

    def __init__(self, records: Records, identity: Identity) -> None:
        self._records = records
        self._identity = identity

    def products(self, scope: Scope, principal: Principal) -> list[Record]:
        """The products that the caller may launch."""
        with self._records.reading(scope) as book:
            mine = self._portfolios(links(book, MAY), principal)
            found = {each["other"] for each in links(book, IN) if each["one"] in mine}
            return [require(book, PRODUCT, identifier) for identifier in sorted(found)]

    def of(self, scope: Scope, principal: Principal, product: str) -> list[Path]:
        """Raises Missing for a product that is not there, or is in no portfolio of the caller's."""
        with self._records.reading(scope) as book:
            found = require(book, PRODUCT, product)
            mine = self._portfolios(links(book, MAY), principal)
            inside = [each["one"] for each in links(book, IN, other=product) if each["one"] in mine]
            constraints, paths = book.all(CONSTRAINT), []
            for portfolio in inside:
                both = {"PortfolioId": portfolio, "ProductId": product}
                options: dict[str, list[str]] = {}
                for tagged in (*links(book, TAGGED, one=portfolio), *links(book, TAGGED, one=product)):
                    option = require(book, TAG_OPTION, tagged["other"])
                    if option["Active"] and option["Value"] not in options.setdefault(option["Key"], []):
                        options[option["Key"]].append(option["Value"])
                paths.append(
                    Path(
                        own_id("lpv3", portfolio, product),
                        require(book, PORTFOLIO, portfolio),
                        found,
                        [each for each in constraints if both.items() <= each.attributes.items()],
                        {key: values for key, values in options.items() if values},
                    )
                )
        if not paths:
            raise Missing(
                f"No launch paths found for resource: {product}. {principal.identity_arn} is associated with no "
                "portfolio that has it: AssociatePrincipalWithPortfolio does that."
            )
        return paths

    def one(
        self, scope: Scope, principal: Principal, product: str, identifier: str | None, name: str | None = None
    ) -> Path:
        """The path of that id or name, or the only one. Raises Missing, Invalid."""
        paths = self.of(scope, principal, product)
        named = [each for each in paths if identifier in (None, each.id) and name in (None, each.name)]
        if not named:
            raise Missing(f"Launch path {identifier or name} of the product {product} not found.")
        if len(named) > 1:
            ids = ", ".join(each.id for each in named)
            raise Invalid(f"The product {product} has several launch paths: give one as PathId ({ids}).")
        return named[0]

    def _portfolios(self, allowed: Sequence[Record], principal: Principal) -> set[str]:
        names = {principal.arn, principal.identity_arn, *self._groups(principal)}
        plain = {name.replace(f"::{principal.account}:", ":::", 1) for name in names}

        def holds(each: Record) -> bool:
            if each["kind"] == "IAM":
                return each["other"] in names
            return any(fnmatchcase(name, each["other"]) for name in plain)

        return {each["one"] for each in allowed if holds(each)}

    def _groups(self, principal: Principal) -> Sequence[str]:
        if principal.user_name is None:
            return []
        page = self._identity.of(principal.account).groups.of_user(principal.user_name, limit=1000)
        return [group.arn for group in page.items]
