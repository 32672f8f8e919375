"""Between the accounts of a server: what a request asks of IAM, and which services can be asked across accounts."""

from collections.abc import Iterator, Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.identity import Question
from studiolo.services.call import Call
from studiolo.services.rights import RIGHTS

HOME_ONLY = {"lakeformation": "Lake Formation governs the catalog of the server's own account alone"}
"""Services that other accounts cannot use, and why."""


def authorize(call: Call, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise NotAuthorized unless the caller may do that; ServiceError (501) where it is allowed and cannot be done."""
    rights, foreign = RIGHTS[service], set()

    def asked() -> Iterator[Question]:
        for question in rights.questions(call, operation, parameters):
            owner = question.owner(call.scope.account)
            if owner != call.scope.account:
                foreign.add(owner)
            yield question

    call.studio.identity.authorize(call.principal, asked(), policy=rights.policy(call, parameters))
    home = call.studio.identity.account
    if service in HOME_ONLY and call.scope.account != home:
        raise _refused(f"{HOME_ONLY[service]}, {home}, and this is a call of account {call.scope.account}")
    if foreign and service == "glue":
        # By CatalogId: what an ARN names is looked for in the caller's account.
        foreign.discard(rights.place(call, parameters).account)
    if foreign and service != "sts":
        accounts = ", ".join(sorted(foreign))
        raise _refused(f"{service} {operation} across accounts is not implemented by Studiolo (account {accounts})")


def _refused(why: str) -> ServiceError:
    return ServiceError("NotImplemented", f"{why}.", 501)
