"""Functions as other services invoke them: asynchronously, where the function's own policy lets them."""

import re

from studiolo.domain import Denied, Invalid, Scope
from studiolo.functions import granting
from studiolo.functions.functions import Functions
from studiolo.functions.model import function_named
from studiolo.identity import Identity, Question

_ARN = re.compile(r"arn:[^:]+:lambda:([a-z0-9-]+):(\d{12}):function:[A-Za-z0-9-_]{1,64}(?::[$A-Za-z0-9-_]+)?")


class Trusting:
    """Invokes functions in the name of services."""

    def __init__(self, functions: Functions, identity: Identity) -> None:
        self._functions = functions
        self._identity = identity

    def check(self, service: str, source: str, arn: str) -> None:
        """Raise Denied unless the function lets the service invoke it for what it does for `source`, an ARN.

        service: as policies name it, e.g. `events.amazonaws.com`. Raises NotFound for no such function, Invalid for
        another thing's ARN.
        """
        scope, name, qualifier = _parts(arn)
        self._functions.find(scope, name, qualifier)
        account = source.split(":")[4] or scope.account
        keys = {"aws:SourceArn": source, "aws:SourceAccount": account}
        asked = Question("lambda:InvokeFunction", arn, keys)
        identity = self._identity.of(scope.account)
        policy = granting.policies(identity, arn)
        names = frozenset({("Service", service)})
        if policy is None or not identity.trusts(policy, names, asked):
            raise Denied(
                f"The policy of the function {arn} does not let {service} invoke it for {source}: AddPermission does."
            )

    def invoke(self, service: str, source: str, arn: str, payload: bytes) -> str:
        """Give the function an event to be handled; its request id. Raises what `check` does."""
        self.check(service, source, arn)
        scope, name, qualifier = _parts(arn)
        return self._functions.invoke_later(scope, name, qualifier, payload)


def is_function(arn: str) -> bool:
    """Whether it is the ARN of a function, or of a version or alias of one."""
    return _ARN.fullmatch(arn) is not None


def _parts(arn: str) -> tuple[Scope, str, str | None]:
    found = _ARN.fullmatch(arn)
    if found is None:
        raise Invalid(f"{arn} is not the ARN of a function.")
    return Scope(found[2], found[1]), *function_named(arn)
