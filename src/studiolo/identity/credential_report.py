"""The credential report: who has which credentials, and when they were used, as a table in CSV.

After "Getting credential reports for your AWS account" of the IAM User Guide.
"""

import csv
import io
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Table

from studiolo.identity.keys import AccessKey
from studiolo.identity.tables import access_keys, mfa_devices, users, uses
from studiolo.identity.users import user_arn

NONE = "N/A"
CERTIFICATES = {
    "cert_1_active": "false",
    "cert_1_last_rotated": NONE,
    "cert_2_active": "false",
    "cert_2_last_rotated": NONE,
}
"""Nobody has certificates for signing."""


def credential_report(connection: Connection, account: str, root: AccessKey | None) -> str:
    """The report, a line for the root user, whose key is None for an account that has none, and one for each user.

    All is read at once: of thousands of users a question for each would take many seconds.
    """
    keys: dict[str, list[Row[Any]]] = {}
    for key in connection.execute(_of(access_keys, account).order_by(access_keys.c.id)):
        keys.setdefault(key.user, []).append(key)
    used = {row.id: row for row in connection.execute(_of(uses, account))}
    with_device = {row.user for row in connection.execute(_of(mfa_devices, account))}
    text = io.StringIO()
    first = _of_root(account, root)
    table = csv.DictWriter(text, list(first), lineterminator="\n")
    table.writeheader()
    table.writerow(first)
    for user in connection.execute(_of(users, account).order_by(users.c.name)):
        table.writerow(_of_user(user, keys.get(user.id, []), used, with_device=user.id in with_device))
    return text.getvalue()


def _of(table: Table, account: str) -> Select[Any]:
    return table.select().where(table.c.account == account)


def _of_root(account: str, root: AccessKey | None) -> dict[str, str]:
    made = NONE if root is None or root.created is None else _moment(root.created)
    return {
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{account}:root",
        "user_creation_time": made,
        "password_enabled": "not_supported",
        "password_last_used": "no_information",
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        "mfa_active": "false",
        **_key(1, None if root is None else (True, made), None),
        **_key(2, None, None),
        **CERTIFICATES,
    }


def _of_user(user: Row[Any], keys: list[Row[Any]], used: dict[str, Row[Any]], *, with_device: bool) -> dict[str, str]:
    changed = None if user.password is None else _moment(user.password_created)
    row = {
        "user": user.name,
        "arn": user_arn(user),
        "user_creation_time": _moment(user.created),
        "password_enabled": _word(changed is not None),
        "password_last_used": NONE if changed is None else "no_information",
        "password_last_changed": changed or NONE,
        "password_next_rotation": NONE,
        "mfa_active": _word(with_device),
    }
    for number, key in enumerate([*keys, None, None][:2], 1):
        known = None if key is None else (key.active, _moment(key.created))
        row |= _key(number, known, None if key is None else used.get(key.id))
    return {**row, **CERTIFICATES}


def _key(number: int, key: tuple[bool, str] | None, use: Row[Any] | None) -> dict[str, str]:
    values = {
        "active": _word(key is not None and key[0]),
        "last_rotated": NONE if key is None else key[1],
        "last_used_date": NONE if use is None else _moment(use.used),
        "last_used_region": NONE if use is None else use.region,
        "last_used_service": NONE if use is None else use.service,
    }
    return {f"access_key_{number}_{name}": value for name, value in values.items()}


def _word(value: bool) -> str:
    return "true" if value else "false"


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S+00:00")
