"""AWS Identity and Access Management: users, groups, roles, policies, providers, the account."""

from studiolo.services.iam import (
    account,
    details,
    held_policies,
    instance_profiles,
    logins,
    policies,
    providers,
    roles,
    service_roles,
    simulation,
    tagging,
    users,
)
from studiolo.services.iam.service import iam

__all__ = [
    "account", "details", "held_policies", "iam", "instance_profiles", "logins", "policies", "providers", "roles",
    "service_roles", "simulation", "tagging", "users",
]  # fmt: skip
