"""Accounts, access keys, roles and policies: who calls, and may they."""

from studiolo.identity.documents import MalformedPolicy
from studiolo.identity.environment import (
    CREDENTIALS_PATH,
    client_environment,
    container_variables,
    key_variables,
    plugin_works,
)
from studiolo.identity.identity import Identity
from studiolo.identity.keys import AccessKey, known_root_key, root_key
from studiolo.identity.managed import ManagedPolicy, PolicyUsage, PolicyVersion
from studiolo.identity.policies import Answer
from studiolo.identity.principals import Principal, SessionRequest
from studiolo.identity.roles import Role, RoleSettings
from studiolo.identity.workloads import Workload, metastore_token

__all__ = [
    "CREDENTIALS_PATH", "AccessKey", "Answer", "Identity", "MalformedPolicy", "ManagedPolicy", "PolicyUsage",
    "PolicyVersion", "Principal", "Role", "RoleSettings", "SessionRequest", "Workload", "client_environment",
    "container_variables", "key_variables", "known_root_key", "metastore_token", "plugin_works", "root_key",
]  # fmt: skip
