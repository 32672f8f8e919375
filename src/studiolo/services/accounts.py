"""Between the accounts of a server: what a request asks of IAM, and which services can be asked across accounts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.identity import Question
from studiolo.services.call import Call
from studiolo.services.rights import RIGHTS

ACROSS = frozenset({"glue", "iam", "organizations", "sns", "sqs", "sts"})
"""Services that know whose what they are asked for is: Glue by CatalogId, STS by the role, SNS by ARNs, SQS by
URLs. The others look
in the caller's account, whatever an ARN says."""

HOME_ONLY = {"lakeformation": "Lake Formation governs the catalog of the server's own account alone"}
"""Services that other accounts cannot use, and why."""

_NAMING = re.compile(r"(?:arn|name|id|identifier|resource)s?$", re.IGNORECASE)
"""What the names of parameters end with that name something: others hold what is only kept."""


def authorize(call: Call, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise NotAuthorized unless the caller may do that; ServiceError (501) where it is allowed and cannot be done."""
    rights, own = RIGHTS[service], call.scope.account
    foreign: set[str] = set()

    def asked() -> Iterator[Question]:
        for question in rights.questions(call, operation, parameters):
            owner = question.owner(own)
            if owner != own:
                foreign.add(owner)
            yield question

    call.studio.identity.authorize(call.principal, asked(), policy=rights.policy(call, parameters))
    home = call.studio.identity.account
    if service in HOME_ONLY and own != home:
        raise _refused(f"{HOME_ONLY[service]}, {home}, and this is a call of account {own}")
    if service == "glue":
        foreign.discard(rights.place(call, parameters).account)
    elif service in ACROSS:
        foreign.clear()
    else:
        others = (call.studio.identity.organization.made | {home}) - {own}
        if others:
            foreign |= others.intersection(_accounts_named(rights.service, parameters))
    if foreign:
        accounts = ", ".join(sorted(foreign))
        raise _refused(f"{service} {operation} across accounts is not implemented by Studiolo (account {accounts})")


def _accounts_named(service: str, value: Any, name: str = "") -> Iterator[str]:
    """The accounts of all ARNs of a service by which parameters name something; of functions also from the account on."""
    if isinstance(value, str) and _NAMING.search(name):
        begin = "(?:arn:aws[a-z-]*:lambda:[a-z0-9-]*:)?" if service == "lambda" else rf"arn:[\w-]+:{service}:[\w-]*:"
        named = re.match(rf"{begin}(\d{{12}}):", value)
        if named is not None:
            yield named[1]
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _accounts_named(service, each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _accounts_named(service, each, name)


def _refused(why: str) -> ServiceError:
    return ServiceError("NotImplemented", f"{why}.", 501)
