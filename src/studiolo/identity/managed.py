"""Managed policies: the account's own, with their versions, and AWS's, with the present one of theirs."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from studiolo.domain import AlreadyExists, Conflict, Denied, LimitExceeded, NotFound
from studiolo.identity.documents import check_identity_policy
from studiolo.identity.entities import check_path
from studiolo.identity.keys import unique_id
from studiolo.identity.records import Records
from studiolo.identity.tables import attachments, policies, policy_versions, roles, users
from studiolo.identity.tags import tags_of, with_tags, without_tags

AWS_POLICIES = Path(__file__).parent / "aws_policies.jsonl"
AWS_PREFIX = "arn:aws:iam::aws:policy"
MOST_VERSIONS = 5
POLICY_CHARACTERS = 6144


@dataclass(frozen=True, slots=True)
class ManagedPolicyName:
    """A managed policy, by its ARN."""

    arn: str

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
class ManagedPolicy(ManagedPolicyName):
    """A policy that can be attached to several users, groups and roles; versions count from 1."""

    id: str
    description: str
    default_version: int
    tags: Mapping[str, str]
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy."""

    number: int
    document: str
    default: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class PolicyUsage:
    """The ids of the users, groups and roles that a policy is attached to, and of those it bounds."""

    attached: tuple[str, ...]
    bounded: tuple[str, ...]


class ManagedPolicies:
    """The managed policies that the users, groups and roles of one account can have."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(
        self, name: str, document: str, path: str = "/", description: str = "", tags: Iterable[tuple[str, str]] = ()
    ) -> ManagedPolicy:
        """Add a policy; the document is its version 1. Raises AlreadyExists, MalformedPolicy, LimitExceeded."""
        _check(document)
        check_path(path)
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
                "tags": tags_of(tags),
                "created": present,
                "updated": present,
            }
            tx.execute(policies.insert().values(row))
            self._add_version(tx, arn, 1, document)
        return self.get(arn)

    def get(self, arn: str) -> ManagedPolicy:
        """The policy of that ARN. Raises NotFound."""
        if arn in self._of_aws:
            return self._read_of_aws(arn)[0]
        with self._records.reading() as connection:
            return _policy(self._row(connection, arn))

    def all(self) -> list[ManagedPolicy]:
        """Every policy, AWS's too, by ARN."""
        with self._records.reading() as connection:
            own = [_policy(row) for row in connection.execute(policies.select().where(self._mine()))]
        return sorted([*own, *self._all_of_aws], key=lambda policy: policy.arn)

    def of_aws_by_name(self) -> dict[str, str]:
        """The ARNs of AWS's policies."""
        return {policy.name: policy.arn for policy in self._all_of_aws}

    @cached_property
    def _all_of_aws(self) -> list[ManagedPolicy]:
        return [_policy_of_aws(line)[0] for line in AWS_POLICIES.read_bytes().splitlines()]

    def usage(self) -> dict[str, PolicyUsage]:
        """What uses each policy, by ARN; a policy that nothing uses is left out."""
        account = self._records.account
        attached = select(attachments.c.policy, attachments.c.holder).where(attachments.c.account == account)
        found: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        with self._records.reading() as connection:
            for arn, holder in connection.execute(attached):
                found[arn][0].append(holder)
            for table in (roles, users):
                bounded = select(table.c.boundary, table.c.id).where(table.c.account == account)
                for arn, holder in connection.execute(bounded.where(table.c.boundary.is_not(None))):
                    found[arn][1].append(holder)
        return {arn: PolicyUsage(tuple(attached), tuple(bounded)) for arn, (attached, bounded) in found.items()}

    def delete(self, arn: str) -> None:
        """Delete a policy that nothing uses and that has one version. Raises NotFound, Conflict, Denied for AWS's."""
        self._check_own(arn)
        with self._records.changing() as tx:
            self._row(tx, arn)
            bounded = any(
                tx.execute(select(table.c.id).where(self._account(table), table.c.boundary == arn)).first()
                for table in (roles, users)
            )
            if bounded or tx.execute(attachments.select().where(self._of(attachments, arn))).first():
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
        self._check_own(arn)
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
            policy, document = self._read_of_aws(arn)
            return [PolicyVersion(policy.default_version, document, True, policy.updated)]
        query = (
            policy_versions.select().where(self._of(policy_versions, arn)).order_by(policy_versions.c.version.desc())
        )
        with self._records.reading() as connection:
            default = self._row(connection, arn).default_version
            rows = connection.execute(query).all()
        return [PolicyVersion(row.version, row.document, row.version == default, row.created) for row in rows]

    def set_default(self, arn: str, number: int) -> None:
        """Make a version the one that counts. Raises NotFound."""
        self._check_own(arn)
        self.version(arn, number)
        with self._records.changing() as tx:
            self._row(tx, arn)
            changes = {"default_version": number, "updated": self._records.clock()}
            tx.execute(policies.update().where(self._this(arn)).values(changes))

    def delete_version(self, arn: str, number: int) -> None:
        """Delete a version that does not count. Raises NotFound, Conflict."""
        self._check_own(arn)
        if self.version(arn, number).default:
            raise Conflict("Cannot delete the default version of a policy.")
        with self._records.changing() as tx:
            this = self._of(policy_versions, arn) & (policy_versions.c.version == number)
            tx.execute(policy_versions.delete().where(this))

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of the policy. Raises NotFound."""
        return self.get(arn).tags

    def tag(self, arn: str, tags: Iterable[tuple[str, str]]) -> None:
        """Add tags, or replace their values. Raises NotFound, LimitExceeded over 50."""
        self._check_own(arn)
        with self._records.changing() as tx:
            kept = with_tags(self._row(tx, arn).tags, tags)
            tx.execute(policies.update().where(self._this(arn)).values(tags=kept))

    def untag(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags, whether they are there or not. Raises NotFound."""
        self._check_own(arn)
        with self._records.changing() as tx:
            kept = without_tags(self._row(tx, arn).tags, keys)
            tx.execute(policies.update().where(self._this(arn)).values(tags=kept))

    def exists(self, connection: Connection, arn: str) -> bool:
        """Whether there is such a policy."""
        return arn in self._of_aws or connection.execute(policies.select().where(self._this(arn))).first() is not None

    def require(self, connection: Connection, arn: str) -> None:
        """Raise NotFound unless it can be attached."""
        if not self.exists(connection, arn):
            raise NotFound(f"Policy {arn} does not exist or is not attachable.")

    def document(self, connection: Connection, arn: str) -> str:
        """The document that counts. Raises NotFound."""
        if arn in self._of_aws:
            return self._document_of_aws(arn)
        number = self._row(connection, arn).default_version
        query = select(policy_versions.c.document).where(
            self._of(policy_versions, arn), policy_versions.c.version == number
        )
        return str(connection.execute(query).scalar_one())

    @cached_property
    def _of_aws(self) -> Mapping[str, tuple[int, int]]:
        """Where in the file each of AWS's policies begins, and its length, by ARN."""
        found, start = {}, 0
        with AWS_POLICIES.open("rb") as lines:
            for line in lines:
                name = line[2 : line.index(b'"', 2)].decode()
                found[f"{AWS_PREFIX}/{name}"] = start, len(line)
                start += len(line)
        return found

    def _read_of_aws(self, arn: str) -> tuple[ManagedPolicy, str]:
        start, length = self._of_aws[arn]
        with AWS_POLICIES.open("rb") as lines:
            lines.seek(start)
            return _policy_of_aws(lines.read(length))

    @lru_cache(maxsize=256)  # noqa: B019 (there is one for each account, as long as the process runs)
    def _document_of_aws(self, arn: str) -> str:
        return self._read_of_aws(arn)[1]

    def _check_own(self, arn: str) -> None:
        if arn in self._of_aws:
            raise Denied(f"The policy {arn} is one of AWS's own, which nobody else can change or delete.")

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
        return self._account(policies)

    def _this(self, arn: str) -> ColumnElement[bool]:
        return self._mine() & (policies.c.arn == arn)

    def _of(self, table: Table, arn: str) -> ColumnElement[bool]:
        return self._account(table) & (table.c.policy == arn)

    def _account(self, table: Table) -> ColumnElement[bool]:
        mine: ColumnElement[bool] = table.c.account == self._records.account
        return mine


def _check(document: str) -> None:
    check_identity_policy(document)
    if len("".join(document.split())) > POLICY_CHARACTERS:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {POLICY_CHARACTERS}")


def _policy(row: Row[Any]) -> ManagedPolicy:
    return ManagedPolicy(row.arn, row.id, row.description, row.default_version, row.tags, row.created, row.updated)


def _policy_of_aws(line: bytes) -> tuple[ManagedPolicy, str]:
    """A policy of AWS's and its document, of a line of the file (docs/aws_policies.py says what is in it)."""
    name, version, created, updated, document = json.loads(line)
    digest = base64.b32encode(sha256(name.encode()).digest()).decode()[:17]
    policy = ManagedPolicy(f"{AWS_PREFIX}/{name}", f"ANPA{digest}", "", version, {}, _moment(created), _moment(updated))
    return policy, json.dumps(document)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
