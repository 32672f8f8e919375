"""Accounts, access keys, roles and policies: who calls, and may they."""

from studiolo.identity.environment import client_environment, plugin_works
from studiolo.identity.identity import Identity, Principal
from studiolo.identity.keys import AccessKey, root_key
from studiolo.identity.roles import Role

__all__ = ["AccessKey", "Identity", "Principal", "Role", "client_environment", "plugin_works", "root_key"]
