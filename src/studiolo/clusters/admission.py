"""Who may use the ports of a cluster that ask for no password: Livy's, HiveServer2's, Trino's, Jupyter's.

What comes to them acts as the cluster's role. To a program of the person who runs Studiolo that is no more than they
have anyway; to the code of a session, a job or a function, which has the rights of a role alone, it is: that must have
the cluster's role, or be one that might give the cluster steps. On a cluster with runtime roles nobody is served as the
cluster's role but its own programs.
"""

from collections.abc import Callable

import psutil

from studiolo.clusters.model import Cluster
from studiolo.domain import Denied, DomainError
from studiolo.identity import Identity, Question
from studiolo.peers import holders, is_same_user
from studiolo.processes import environment_of_fence, isolation
from studiolo.socket_table import Address

ACTION = "elasticmapreduce:AddJobFlowSteps"
"""The right to have something run as a cluster's role."""
CONNECTIONS = "/_studiolo/connections/"
"""Below the endpoint, where a cluster's programs ask whom they may serve; the cluster's id follows."""
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 (a variable's name)
STRANGER = "The ports of this cluster are for programs of the system user who runs it, on this machine."
OWN_ALONE = (
    "This cluster has runtime roles: this port, which acts as the role of its instance profile, is for what has that role."
    " Give it steps with an ExecutionRoleArn, or use Livy with credentials of GetClusterSessionCredentials."
)
NOBODY = (
    "This program is in a sandbox, without a role that could be asked whether it may use the ports of this cluster."
)


class Admission:
    """Decides about connections. find: a cluster by its id; raises NotFound."""

    def __init__(self, identity: Identity, find: Callable[[str], Cluster]) -> None:
        self._identity = identity
        self._find = find

    def answer(self, token: str, identifier: str, peer: Address, own: Address) -> None:
        """As `check`, for a program of the cluster that asks, and has that token. Raises NotFound, too."""
        if self._identity.workloads.bearer(token).entity != self._find(identifier).asked.role:
            raise Denied("Whose the connections to a cluster are is for its own programs to ask.")
        self.check(identifier, peer, own)

    def check(self, identifier: str, peer: Address, own: Address) -> None:
        """Raise Denied for the connection from `peer` to `own` if who made it may not act as the cluster's role.

        Raises NotFound for a cluster that is not there.
        """
        cluster = self._find(identifier)
        self.check_user(peer, own)
        closed = cluster.asked.runtime_roles is not None
        if isolation().kind != "fenced":
            if closed:
                raise Denied(OWN_ALONE)
            return
        try:
            around = [environment_of_fence(process) for process in holders(peer, own)]
        except psutil.Error as gone:
            raise Denied(STRANGER) from gone
        if not around:
            raise Denied(STRANGER)
        if closed and None in around:
            raise Denied(OWN_ALONE)
        for token in {variables.get(TOKEN, "") for variables in around if variables is not None}:
            self._ask(cluster, token)

    def check_user(self, peer: Address, own: Address) -> None:
        """Raise Denied for a connection of another user of this machine."""
        if not is_same_user(peer, own):
            raise Denied(STRANGER)

    def _ask(self, cluster: Cluster, token: str) -> None:
        try:
            principal = self._identity.workloads.bearer(token)
        except DomainError as error:
            raise Denied(NOBODY) from error
        if principal.entity == cluster.asked.role:
            return
        if cluster.asked.runtime_roles is not None:
            raise Denied(OWN_ALONE)
        scope = cluster.scope
        arn = f"arn:{scope.partition}:elasticmapreduce:{scope.region}:{scope.account}:cluster/{cluster.id}"
        self._identity.authorize(principal, [Question(ACTION, arn, {}, lambda: cluster.settings.tags)])
