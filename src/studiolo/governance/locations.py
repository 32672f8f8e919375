"""Registered locations: the places in S3 whose credentials Lake Formation gives out."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from studiolo.domain import AlreadyExists, Invalid, NotFound, Scope
from studiolo.governance.model import Location, within
from studiolo.governance.subject import LOCATION, Subject, of, put
from studiolo.governance.tables import locations
from studiolo.identity import Question, RoleSettings

VIEWS = "studiolo-lake-"
"""How the names of the buckets begin in which governed views lie: nobody else's may have such a name."""

SERVICE = "lakeformation.amazonaws.com"
LINKED_ROLE = "AWSServiceRoleForLakeFormationDataAccess"
_LINKED_PATH = f"/aws-service-role/{SERVICE}/"
LINKED_POLICY = "LakeFormationDataAccessPolicyForS3"
"""The policy that the service's own role has, with all that is registered with that role."""

_WRITES = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
_PLACE = re.compile(r"arn:aws[\w-]*:s3:::(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<folder>/.+)?/?")


class Locations(Subject):
    """Registered locations of one account and region."""

    def register(self, scope: Scope, wanted: Location) -> Location:
        """Register a location; without a role with the service's own. Raises Invalid, AlreadyExists, NotFound."""
        arn = _checked(wanted.arn)
        if any(each.arn == arn for each in self.locations(scope)):
            raise AlreadyExists(f"Resource is already registered: {arn}")
        made = replace(wanted, arn=arn, role=self._role(scope, wanted.role), modified=self._shelf.clock())
        self._keep(scope, made)
        return made

    def update_location(self, scope: Scope, wanted: Location) -> None:
        """Give a location another role or mode. Raises NotFound and Invalid."""
        before = self.location(scope, wanted.arn)
        self._keep(
            scope, replace(wanted, arn=before.arn, role=self._role(scope, wanted.role), modified=self._shelf.clock())
        )

    def deregister(self, scope: Scope, arn: str) -> None:
        """Raises NotFound."""
        before = self.location(scope, arn)
        scope = _of_account(scope)
        with self._shelf.changing() as tx:
            tx.execute(locations.delete().where(of(locations, scope, arn=before.arn)))
        self._keep_linked_role(scope, self.locations(scope))

    def location(self, scope: Scope, arn: str) -> Location:
        """Raises NotFound."""
        for each in self.locations(scope):
            if each.arn == arn.rstrip("/"):
                return each
        raise NotFound(f"Resource not found: {arn}")

    def locations(self, scope: Scope) -> tuple[Location, ...]:
        """In the order of their ARNs."""
        return self._shelf.documents(locations, LOCATION, _of_account(scope))

    def location_of(self, scope: Scope, bucket: str, key: str) -> Location | None:
        """The registered location that an object is in: the innermost."""
        covering = [each for each in self.locations(scope) if each.covers(bucket, key)]
        return max(covering, key=lambda each: len(each.arn), default=None)

    def reaches(self, scope: Scope, path: str) -> bool:
        """Whether a place, `bucket/folder`, is in a registered location, or has one in it."""
        places = [each.arn.partition(":::")[2] for each in self.locations(scope)]
        return any(within(path, place) or within(place, path) for place in places)

    def is_registered(self, scope: Scope, location: str | None) -> bool:
        """Whether a table's location is in a registered one, or is that of a governed view."""
        if not location or not (self.locations(scope)):
            return False
        bucket, _, key = location.partition("://")[2].partition("/")
        return bucket.startswith(VIEWS) or self.location_of(scope, bucket, key) is not None

    def _role(self, scope: Scope, asked: str) -> str:
        """The ARN of a role that is there: the one asked for, or the service's own, which is made. Raises Invalid."""
        roles = self._shelf.identity.of(_of_account(scope).account).roles
        if asked:
            try:
                role = self._shelf.identity.role(asked)
            except NotFound as error:
                raise Invalid(str(error)) from error
            return role.arn
        with suppress(AlreadyExists):
            statement = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}
            trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            roles.create(LINKED_ROLE, trust, _LINKED_PATH, RoleSettings())
        return roles.get(LINKED_ROLE).arn

    def linked_role_arn(self, scope: Scope) -> str:
        """The ARN of the service's own role in an account, be it there yet or not."""
        account = _of_account(scope).account
        return f"arn:{scope.partition}:iam::{account}:role{_LINKED_PATH}{LINKED_ROLE}"

    def usable(self, location: Location) -> bool:
        """Whether Lake Formation may take the role that a location is registered with."""
        identity = self._shelf.identity
        try:
            role = identity.role(location.role)
        except (NotFound, Invalid):
            return False
        taking = Question("sts:AssumeRole", role.arn, {"aws:SourceAccount": role.account})
        return identity.trusts(identity.compiled(role.bound, role.arn), frozenset({("Service", SERVICE)}), taking)

    def _keep(self, scope: Scope, made: Location) -> None:
        scope = _of_account(scope)
        # The rights first, of which there is a bound: what cannot have them is not registered.
        self._keep_linked_role(scope, [*(each for each in self.locations(scope) if each.arn != made.arn), made])
        with self._shelf.changing() as tx:
            put(tx, locations, scope, LOCATION, made, arn=made.arn)

    def _keep_linked_role(self, scope: Scope, registered: Sequence[Location]) -> None:
        """Let the service's own role do, in S3, what the locations that are registered with it need, and no more."""
        roles = self._shelf.identity.of(scope.account).roles
        with suppress(NotFound):
            arn = roles.get(LINKED_ROLE).arn
            mine = [each.arn for each in registered if each.role == arn]
            if mine:
                roles.put_policy(LINKED_ROLE, LINKED_POLICY, json.dumps(policy(mine)), by_service=True)
            else:
                roles.delete_policy(LINKED_ROLE, LINKED_POLICY, by_service=True)


def policy(arns: Sequence[str], *, write: bool = True) -> dict[str, object]:
    """The policy that lets the objects of places in S3 be read, and written too."""
    objects = ["s3:GetObject", *(_WRITES if write else ())]
    buckets = {arn: arn.partition("/")[0] for arn in arns}
    said: list[dict[str, object]] = [
        {"Effect": "Allow", "Action": objects, "Resource": [each for arn in arns for each in _objects(arn)]},
        {"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": sorted(set(buckets.values()))},
    ]
    for arn, bucket in buckets.items():
        listing: dict[str, object] = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket}
        folder = arn[len(bucket) + 1 :]
        if folder:
            # With its slash: without it what lies beside the folder would be listed, too.
            listing["Condition"] = {"StringLike": {"s3:prefix": f"{folder}/*"}}
        said.append(listing)
    return {"Version": "2012-10-17", "Statement": said}


def _objects(arn: str) -> list[str]:
    # Engines look whether the folder itself is an object.
    return [arn, f"{arn}/*"] if "/" in arn else [f"{arn}/*"]


def _checked(arn: str) -> str:
    """The ARN of a place in S3, without a last slash. Raises Invalid."""
    place = arn.rstrip("/")
    if _PLACE.fullmatch(place) is None or any(sign in place for sign in "*?${}"):
        raise Invalid(f"{arn} is not the ARN of a bucket or of a folder in one: arn:aws:s3:::bucket/folder.")
    return place


def _of_account(scope: Scope) -> Scope:
    """Locations are the account's, whichever of its catalogs is asked about."""
    return Scope(scope.account.partition(":")[0], scope.region)
