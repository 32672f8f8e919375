"""Accounts, access keys, roles and policies: who calls, and may they."""

from studiolo.identity.documents import MalformedPolicy
from studiolo.identity.environment import client_environment, plugin_works
from studiolo.identity.identity import Identity
from studiolo.identity.keys import AccessKey, known_root_key, root_key
from studiolo.identity.managed import ManagedPolicy, PolicyUsage, PolicyVersion
from studiolo.identity.policies import Answer
from studiolo.identity.principals import Principal, SessionRequest
from studiolo.identity.roles import Role, RoleSettings

__all__ = [
    "AccessKey", "Answer", "Identity", "MalformedPolicy", "ManagedPolicy", "PolicyUsage", "PolicyVersion", "Principal",
    "Role", "RoleSettings", "SessionRequest", "client_environment", "known_root_key", "plugin_works",
    "root_key",
]  # fmt: skip
