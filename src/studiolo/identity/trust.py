"""Trust policies name users and roles by their ids: who is made anew under a name that was trusted is not trusted.

After "AWS JSON policy elements: Principal" (IAM User Guide): when such a policy is saved, the ARN of a user or role becomes
its id; it is shown as an ARN for as long as there is one of that id. Accounts that are not of this server are believed.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from studiolo.identity.documents import TRUST, Grammar
from studiolo.identity.policies import as_list
from studiolo.identity.tables import members, roles, users

_NAMED = re.compile(r"arn:aws[\w-]*:iam::(?P<account>\d{12}):(?P<kind>user|role)(?P<path>/(?:.*/)?)(?P<name>[^/]+)")
_ID = re.compile(r'"(A(?:IDA|ROA)[A-Z0-9]{12,})"')
_TABLES = {"user": users, "role": roles}


def bound(connection: Connection, document: str, accounts: frozenset[str], grammar: Grammar = TRUST) -> str:
    """The policy with the ids of the users and roles of this server that it names. Raises MalformedPolicy.

    accounts: those of this server that are no members; grammar: of that kind of policy, whose words a refusal has.
    """

    def identifier(arn: str) -> str:
        named = _NAMED.fullmatch(arn)
        if named is None:
            return arn
        if named["account"] not in accounts and not _is_member(connection, named["account"]):
            return arn
        table = _TABLES[named["kind"]]
        mine = (table.c.account == named["account"]) & (table.c.name == named["name"]) & (table.c.path == named["path"])
        found: str | None = connection.execute(select(table.c.id).where(mine)).scalar()
        if found is None:
            grammar.refuse("invalid principal", kind="AWS", name=arn)
        return found

    policy = json.loads(document)
    changed = [_with_names(each, identifier) for each in as_list(policy["Statement"])]
    if changed == as_list(policy["Statement"]):
        return document
    return json.dumps({**policy, "Statement": changed if isinstance(policy["Statement"], list) else changed[0]})


def shown(connection: Connection, document: str, partition: str) -> str:
    """The policy with the ARNs of those of its ids that there are."""
    ids = set(_ID.findall(document))
    if not ids:
        return document
    arns: dict[str, str] = {}
    for kind, table in _TABLES.items():
        for row in connection.execute(select(table).where(table.c.id.in_(ids))):
            arns[row.id] = f"arn:{partition}:iam::{row.account}:{kind}{row.path}{row.name}"
    return _ID.sub(lambda found: json.dumps(arns.get(found[1], found[1])), document)


def _is_member(connection: Connection, account: str) -> bool:
    return connection.execute(select(members.c.account).where(members.c.account == account)).first() is not None


def _with_names(statement: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """The statement with other names for whom it is of AWS. Whom it spares it must name by every name, as ARNs."""
    named = statement.get("Principal")
    if not isinstance(named, dict) or "AWS" not in named:
        return dict(statement)
    names = named["AWS"]
    changed = [change(each) for each in names] if isinstance(names, list) else change(names)
    return {**statement, "Principal": {**named, "AWS": changed}}
