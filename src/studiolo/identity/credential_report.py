"""The credential report: who has which credentials, and when they were used, as a table in CSV.

After "Getting credential reports for your AWS account" of the IAM User Guide.
"""

import csv
import io
from datetime import datetime

from studiolo.domain import NotFound
from studiolo.identity.access_keys import AccessKeys, Use, Uses
from studiolo.identity.keys import AccessKey
from studiolo.identity.mfa import Devices
from studiolo.identity.passwords import Passwords
from studiolo.identity.users import User, Users

NONE = "N/A"
CERTIFICATES = {
    "cert_1_active": "false",
    "cert_1_last_rotated": NONE,
    "cert_2_active": "false",
    "cert_2_last_rotated": NONE,
}
"""Nobody has certificates for signing."""


def credential_report(
    account: str,
    root: AccessKey | None,
    users: Users,
    keys: AccessKeys,
    uses: Uses,
    passwords: Passwords,
    devices: Devices,
) -> str:
    """The report, a line for the root user, whose key is None for an account that has none, and one for each user."""
    made = NONE if root is None or root.created is None else _moment(root.created)
    rows = [
        {
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
    ]
    after: str | None = None
    while True:
        page = users.list(after=after, limit=1000)
        rows += [_row(user, keys, uses, passwords, devices) for user in page.items]
        after = page.next
        if after is None:
            break
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _row(user: User, keys: AccessKeys, uses: Uses, passwords: Passwords, devices: Devices) -> dict[str, str]:
    own = [*keys.list(user.name).items, None, None][:2]
    used = uses.last(key.id for key in own if key is not None)
    try:
        changed: str | None = _moment(passwords.get(user.name).created)
    except NotFound:
        changed = None
    row = {
        "user": user.name,
        "arn": user.arn,
        "user_creation_time": _moment(user.created),
        "password_enabled": _word(changed is not None),
        "password_last_used": NONE if changed is None else "no_information",
        "password_last_changed": changed or NONE,
        "password_next_rotation": NONE,
        "mfa_active": _word(bool(devices.of_user(user.name).items)),
    }
    for number, key in enumerate(own, 1):
        known = None if key is None else (key.active, _moment(key.created))
        row |= _key(number, known, None if key is None else used.get(key.id))
    return {**row, **CERTIFICATES}


def _key(number: int, key: tuple[bool, str] | None, use: Use | None) -> dict[str, str]:
    values = {
        "active": _word(key is not None and key[0]),
        "last_rotated": NONE if key is None else key[1],
        "last_used_date": NONE if use is None else _moment(use.moment),
        "last_used_region": NONE if use is None else use.region,
        "last_used_service": NONE if use is None else use.service,
    }
    return {f"access_key_{number}_{name}": value for name, value in values.items()}


def _word(value: bool) -> str:
    return "true" if value else "false"


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S+00:00")
