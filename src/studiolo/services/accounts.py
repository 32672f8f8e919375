"""Between the accounts of a server: what a request asks of IAM, and which services can be asked across accounts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.identity import Question
from studiolo.services.call import Call
from studiolo.services.rights import RIGHTS
from studiolo.services.rights.rows import Rights

ACROSS = frozenset({"glue", "iam", "lakeformation", "organizations", "sns", "sqs", "sts"})
"""Services that know whose what they are asked for is: Glue and Lake Formation by CatalogId, STS by the role, SNS by ARNs,
SQS by URLs. The others look in the caller's account, whatever an ARN says."""

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

    if service == "glue":
        _authorize_glue(call, rights, asked(), parameters)
    else:
        call.studio.identity.authorize(call.principal, asked(), policy=rights.policy(call, parameters))
    home = call.studio.identity.account
    if service == "glue" and "ResourceArn" not in parameters:
        # By CatalogId, or by what a resource link leads to.
        foreign.clear()
    elif service in ACROSS:
        foreign.clear()
    else:
        others = (call.studio.identity.organization.made | {home}) - {own}
        if others:
            foreign |= others.intersection(_accounts_named(rights.service, parameters))
    if foreign:
        accounts = ", ".join(sorted(foreign))
        raise _refused(f"{service} {operation} across accounts is not implemented by Studiolo (account {accounts})")


def _authorize_glue(call: Call, rights: Rights, asked: Iterator[Question], parameters: Mapping[str, Any]) -> None:
    """Ask about each account's things with the policy of its own catalog: resource links lead to those of others."""
    place = rights.place(call, parameters).account
    led_away: list[Question] = []

    def here() -> Iterator[Question]:
        for question in asked:
            if question.owner(place) == place:
                yield question
            else:
                led_away.append(question)

    identity = call.studio.identity
    identity.authorize(call.principal, here(), policy=rights.policy(call, parameters))
    for question in led_away:
        if not identity.has_account(question.owner(place)):
            continue  # of an account that is not here there is nothing to be reached
        policy = rights.policy(call, {"CatalogId": question.owner(place)})
        identity.authorize(call.principal, [question], policy=policy)


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
