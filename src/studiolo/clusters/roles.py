"""Runtime roles: which of them a cluster may take, and the credentials that stand for one at a cluster's doors.

After "Runtime roles for Amazon EMR steps" (EMR Management Guide). Who may name a role is decided with the operation, by
`elasticmapreduce:ExecutionRoleArn`; that the cluster may take it is asked of its instance profile whenever it does.
"""

import binascii
import hmac
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256

from studiolo.clusters.model import Cluster
from studiolo.domain import Clock, Denied, Invalid
from studiolo.identity import Identity, SessionRequest

TAG = "LakeFormationAuthorizedCaller"
LIFETIME = timedelta(hours=12)
"""How long credentials of a cluster's doors stand for a role."""

REQUIRED = "Runtime roles are required for this cluster. Please specify the role using the ExecutionRoleArn parameter."
UNSUPPORTED = "Runtime roles are not supported on this cluster. Please remove the ExecutionRoleArn parameter."
"""AddJobFlowSteps' own words; the second one's end is not known."""

NO_PASSWORD = (
    "This cluster has runtime roles: sign in with user name and password of GetClusterSessionCredentials, which last for"
    f" {LIFETIME // timedelta(hours=1)} hours."
)


@dataclass(frozen=True)
class SessionCredentials:
    """A user name and a password that stand for a role at the doors of one cluster."""

    username: str
    password: str
    until: datetime


class ClusterRoles:
    """Decides about runtime roles. find: a cluster by its id; raises NotFound."""

    def __init__(self, identity: Identity, find: Callable[[str], Cluster], clock: Clock) -> None:
        self._identity = identity
        self.find = find
        self._clock = clock
        self._secret = hmac.digest(identity.root.secret.encode(), b"credentials of clusters", sha256)

    def check(self, cluster: Cluster, role: str | None) -> None:
        """Raise Invalid for a role where the cluster has none, and for none where it has."""
        if (role is None) != (cluster.asked.runtime_roles is None):
            raise Invalid(UNSUPPORTED if role is not None else REQUIRED)

    def require(self, cluster: Cluster, role: str) -> None:
        """Raise Denied, Invalid or NotFound unless the cluster's instance profile may take the role, as STS decides."""
        roles = cluster.asked.runtime_roles
        if roles is None:
            raise Invalid(UNSUPPORTED)
        request = SessionRequest(
            cluster.id,
            tags={} if roles.tag is None else {TAG: roles.tag},
            external_id=roles.external_id,
        )
        machines = self._identity.session_of(cluster.asked.role, cluster.id)
        self._identity.tokens_for(role).require_role(machines, role, request)

    def credentials(self, cluster: Cluster, role: str) -> SessionCredentials:
        """What stands for the role at the cluster's doors. Raises Invalid without runtime roles."""
        self.check(cluster, role)
        until = self._clock().replace(microsecond=0) + LIFETIME
        told = f"{int(until.timestamp())} {role}"
        username = urlsafe_b64encode(told.encode()).decode().rstrip("=")
        return SessionCredentials(username, self._password(cluster.id, username), until)

    def role_of(self, identifier: str, authorization: str | None) -> str | None:
        """The role that an Authorization header of HTTP stands for; None where the cluster has no runtime roles.

        Raises Denied for one that is missing, false or too old; NotFound for a cluster that is not there.
        """
        if self.find(identifier).asked.runtime_roles is None:
            return None
        username, _, password = _basic(authorization or "").partition(":")
        if not hmac.compare_digest(self._password(identifier, username).encode(), password.encode()):
            raise Denied(NO_PASSWORD)
        until, role = urlsafe_b64decode(username + "=" * (-len(username) % 4)).decode().split(" ")
        if datetime.fromtimestamp(int(until), timezone.utc) <= self._clock():
            raise Denied(f"These credentials have expired. {NO_PASSWORD}")
        return role

    def _password(self, cluster: str, username: str) -> str:
        proof = hmac.digest(self._secret, f"{cluster}\n{username}".encode(), sha256)
        return urlsafe_b64encode(proof).decode().rstrip("=")


def _basic(authorization: str) -> str:
    """User name and password, joined by a colon; nothing where the header has none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
