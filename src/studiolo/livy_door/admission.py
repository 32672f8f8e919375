"""Who may use the Livy of a cluster: the person who runs Studiolo, and of what it runs who might give the cluster steps.

What comes to Livy acts as the cluster's role. To a program of the person's that is no more than they have anyway; to
the code of a session or a function, which has the rights of a role alone, it is.
"""

from collections.abc import Callable, Mapping

import psutil

from studiolo.domain import Denied, DomainError, Scope
from studiolo.identity import Identity, Question
from studiolo.livy import Place
from studiolo.peers import Address, holder, is_same_user
from studiolo.processes import environment_of_fence, isolation

ACTION = "elasticmapreduce:AddJobFlowSteps"
"""The right to have something run as a cluster's role."""
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 (a variable's name)
STRANGER = "This Livy server is for programs of the system user who runs it, on this machine."
NOBODY = "This program is in a sandbox, without a role that could be asked whether it may use this Livy server."
MOST_KNOWN = 1000


class Admission:
    """Decides about connections. tags: those of a cluster, for the conditions of policies."""

    def __init__(self, identity: Identity, tags: Callable[[Scope, str], Mapping[str, str]]) -> None:
        self._identity = identity
        self._tags = tags

    def check(self, place: Place, peer: Address, own: Address) -> None:
        """Raise Denied for a client that may not use the Livy server of `place`."""
        if not is_same_user(peer, own):
            raise Denied(STRANGER)
        if isolation().kind != "fenced":
            return
        try:
            process = holder(peer, own)
            if process is None:
                raise Denied(STRANGER)
            variables = environment_of_fence(process)
        except psutil.Error as gone:
            raise Denied(STRANGER) from gone
        if variables is not None:
            self._ask(place, variables.get(TOKEN, ""))

    def _ask(self, place: Place, token: str) -> None:
        try:
            principal = self._identity.workloads.bearer(token)
        except DomainError as error:
            raise Denied(NOBODY) from error
        if principal.entity == place.role:
            return
        scope = place.scope
        arn = f"arn:{scope.partition}:elasticmapreduce:{scope.region}:{scope.account}:cluster/{place.id}"
        self._identity.authorize(principal, [Question(ACTION, arn, {}, lambda: self._tags(scope, place.id))])
