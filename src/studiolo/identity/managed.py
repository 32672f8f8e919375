"""Managed policies: the account's own, with their versions, and our reading of those of AWS that people attach."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from studiolo.domain import AlreadyExists, Conflict, LimitExceeded, NotFound
from studiolo.identity.documents import check_identity_policy
from studiolo.identity.keys import unique_id
from studiolo.identity.records import Records
from studiolo.identity.tables import attachments, policies, policy_versions, roles
from studiolo.identity.tags import with_tags, without_tags

AWS_POLICIES = Path(__file__).parent / "aws_policies.json"
AWS_PREFIX = "arn:aws:iam::aws:policy"
AWS_DATE = datetime(2015, 2, 6, 18, 39, tzinfo=timezone.utc)
MOST_VERSIONS = 5
POLICY_CHARACTERS = 6144


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy that can be attached to several roles; versions count from 1."""

    arn: str
    id: str
    description: str
    default_version: int
    tags: Mapping[str, str]
    created: datetime
    updated: datetime

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def path(self) -> str:
        return self.arn.partition(":policy")[2].rpartition("/")[0] + "/"

    @property
    def of_aws(self) -> bool:
        """Whether it is one of AWS's, which cannot be changed."""
        return self.arn.startswith(AWS_PREFIX)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy."""

    number: int
    document: str
    default: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class PolicyUsage:
    """The names of the roles that a policy is attached to, and of those it bounds."""

    attached: tuple[str, ...]
    bounded: tuple[str, ...]


class ManagedPolicies:
    """The managed policies that the roles of one account can have."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(
        self, name: str, document: str, path: str = "/", description: str = "", tags: Mapping[str, str] | None = None
    ) -> ManagedPolicy:
        """Add a policy; the document is its version 1. Raises AlreadyExists, MalformedPolicy, LimitExceeded."""
        _check(document)
        arn = f"arn:aws:iam::{self._records.account}:policy{path}{name}"
        present = self._records.clock()
        with self._records.changing() as tx:
            names = {
                row.arn.rpartition("/")[2].lower() for row in tx.execute(select(policies.c.arn).where(self._mine()))
            }
            if name.lower() in names:
                raise AlreadyExists(f"A policy called {name} already exists. Duplicate names are not allowed.")
            row = {
                "account": self._records.account,
                "arn": arn,
                "id": unique_id("ANPA"),
                "description": description,
                "default_version": 1,
                "latest_version": 1,
                "tags": with_tags({}, tags or {}),
                "created": present,
                "updated": present,
            }
            tx.execute(policies.insert().values(row))
            self._add_version(tx, arn, 1, document)
        return self.get(arn)

    def get(self, arn: str) -> ManagedPolicy:
        """The policy of that ARN. Raises NotFound."""
        if arn in self._of_aws:
            return self._of_aws[arn][0]
        with self._records.reading() as connection:
            return _policy(self._row(connection, arn))

    def all(self) -> list[ManagedPolicy]:
        """Every policy, AWS's too, by ARN."""
        with self._records.reading() as connection:
            own = [_policy(row) for row in connection.execute(policies.select().where(self._mine()))]
        return sorted([*own, *(policy for policy, _ in self._of_aws.values())], key=lambda policy: policy.arn)

    def usage(self) -> dict[str, PolicyUsage]:
        """Which roles use each policy, by ARN; a policy that none uses is left out."""
        account = self._records.account
        attached = select(attachments.c.policy, attachments.c.role).where(attachments.c.account == account)
        bounded = select(roles.c.boundary, roles.c.name).where(
            roles.c.account == account, roles.c.boundary.is_not(None)
        )
        with self._records.reading() as connection:
            pairs = [tuple(row) for row in connection.execute(attached.order_by(attachments.c.role))]
            bounds = [tuple(row) for row in connection.execute(bounded.order_by(roles.c.name))]
        return {
            arn: PolicyUsage(
                tuple(role for policy, role in pairs if policy == arn),
                tuple(role for policy, role in bounds if policy == arn),
            )
            for arn in {policy for policy, _ in [*pairs, *bounds]}
        }

    def delete(self, arn: str) -> None:
        """Delete a policy that no role has and that has one version. Raises NotFound, Conflict."""
        with self._records.changing() as tx:
            self._row(tx, arn)
            bounded = roles.select().where(roles.c.account == self._records.account, roles.c.boundary == arn)
            if (
                tx.execute(attachments.select().where(self._of(attachments, arn))).first()
                or tx.execute(bounded).first()
            ):
                raise Conflict("Cannot delete a policy attached to entities.")
            if len(tx.execute(policy_versions.select().where(self._of(policy_versions, arn))).all()) > 1:
                raise Conflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                    "versions. The default version is deleted with the policy."
                )
            tx.execute(policy_versions.delete().where(self._of(policy_versions, arn)))
            tx.execute(policies.delete().where(self._this(arn)))

    def create_version(self, arn: str, document: str, *, default: bool) -> PolicyVersion:
        """Add a version. Raises NotFound, MalformedPolicy, LimitExceeded for a sixth."""
        _check(document)
        with self._records.changing() as tx:
            row = self._row(tx, arn)
            if len(tx.execute(policy_versions.select().where(self._of(policy_versions, arn))).all()) >= MOST_VERSIONS:
                raise LimitExceeded(
                    f"A managed policy can have up to {MOST_VERSIONS} versions. Before you create a new version, you "
                    "must delete an existing version."
                )
            number = row.latest_version + 1
            self._add_version(tx, arn, number, document)
            changes = {"latest_version": number, "updated": self._records.clock()}
            if default:
                changes["default_version"] = number
            tx.execute(policies.update().where(self._this(arn)).values(changes))
        return self.version(arn, number)

    def version(self, arn: str, number: int) -> PolicyVersion:
        """One version. Raises NotFound."""
        found = next((version for version in self.versions(arn) if version.number == number), None)
        if found is None:
            raise NotFound(f"Policy {arn} version v{number} does not exist or is not attachable.")
        return found

    def versions(self, arn: str) -> list[PolicyVersion]:
        """The versions, newest first. Raises NotFound."""
        if arn in self._of_aws:
            return [PolicyVersion(1, self._of_aws[arn][1], True, AWS_DATE)]
        query = (
            policy_versions.select().where(self._of(policy_versions, arn)).order_by(policy_versions.c.version.desc())
        )
        with self._records.reading() as connection:
            default = self._row(connection, arn).default_version
            rows = connection.execute(query).all()
        return [PolicyVersion(row.version, row.document, row.version == default, row.created) for row in rows]

    def set_default(self, arn: str, number: int) -> None:
        """Make a version the one that counts. Raises NotFound."""
        self.version(arn, number)
        with self._records.changing() as tx:
            self._row(tx, arn)
            changes = {"default_version": number, "updated": self._records.clock()}
            tx.execute(policies.update().where(self._this(arn)).values(changes))

    def delete_version(self, arn: str, number: int) -> None:
        """Delete a version that does not count. Raises NotFound, Conflict."""
        if self.version(arn, number).default:
            raise Conflict("Cannot delete the default version of a policy.")
        with self._records.changing() as tx:
            this = self._of(policy_versions, arn) & (policy_versions.c.version == number)
            tx.execute(policy_versions.delete().where(this))

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace their values. Raises NotFound, LimitExceeded over 50."""
        with self._records.changing() as tx:
            kept = with_tags(self._row(tx, arn).tags, tags)
            tx.execute(policies.update().where(self._this(arn)).values(tags=kept))

    def untag(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags, whether they are there or not. Raises NotFound."""
        with self._records.changing() as tx:
            kept = without_tags(self._row(tx, arn).tags, keys)
            tx.execute(policies.update().where(self._this(arn)).values(tags=kept))

    def require(self, connection: Connection, arn: str) -> None:
        """Raise NotFound unless a role can be given the policy."""
        if arn not in self._of_aws and connection.execute(policies.select().where(self._this(arn))).first() is None:
            raise NotFound(f"Policy {arn} does not exist or is not attachable.")

    def document(self, connection: Connection, arn: str) -> str:
        """The document that counts. Raises NotFound."""
        if arn in self._of_aws:
            return self._of_aws[arn][1]
        number = self._row(connection, arn).default_version
        query = select(policy_versions.c.document).where(
            self._of(policy_versions, arn), policy_versions.c.version == number
        )
        return str(connection.execute(query).scalar_one())

    @cached_property
    def _of_aws(self) -> Mapping[str, tuple[ManagedPolicy, str]]:
        """AWS's policies and their documents, by ARN."""
        found = {}
        for name, facts in json.loads(AWS_POLICIES.read_text()).items():
            arn = f"{AWS_PREFIX}/{name}"
            identifier = "ANPA" + "".join(c for c in name.upper() if c.isalpha())[:16].ljust(16, "A")
            policy = ManagedPolicy(arn, identifier, facts["description"], 1, {}, AWS_DATE, AWS_DATE)
            found[arn] = policy, json.dumps({"Version": "2012-10-17", "Statement": facts["statements"]})
        return found

    def _row(self, connection: Connection, arn: str) -> Row[Any]:
        row = connection.execute(policies.select().where(self._this(arn))).first()
        if row is None:
            raise NotFound(f"Policy {arn} was not found.")
        return row

    def _add_version(self, tx: Connection, arn: str, number: int, document: str) -> None:
        row = {
            "account": self._records.account,
            "policy": arn,
            "version": number,
            "document": document,
            "created": self._records.clock(),
        }
        tx.execute(policy_versions.insert().values(row))

    def _mine(self) -> ColumnElement[bool]:
        return policies.c.account == self._records.account

    def _this(self, arn: str) -> ColumnElement[bool]:
        return self._mine() & (policies.c.arn == arn)

    def _of(self, table: Table, arn: str) -> ColumnElement[bool]:
        return (table.c.account == self._records.account) & (table.c.policy == arn)


def _check(document: str) -> None:
    check_identity_policy(document)
    if len("".join(document.split())) > POLICY_CHARACTERS:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {POLICY_CHARACTERS}")


def _policy(row: Row[Any]) -> ManagedPolicy:
    return ManagedPolicy(row.arn, row.id, row.description, row.default_version, row.tags, row.created, row.updated)
