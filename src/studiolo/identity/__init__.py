"""Accounts, access keys, roles and policies: who calls, and may they."""

from studiolo.identity.context import Question, Values, of_tags
from studiolo.identity.decisions import Decision, Layer
from studiolo.identity.denials import Denial, NotAuthorized
from studiolo.identity.documents import MalformedPolicy, check_bucket_policy, check_catalog_policy
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
from studiolo.identity.policies import Answer, Policies
from studiolo.identity.positions import Position
from studiolo.identity.principals import Kind, Principal, SessionRequest
from studiolo.identity.roles import Role, RoleSettings
from studiolo.identity.simulation import Match, Scenario, Simulated, context_keys, simulate
from studiolo.identity.workloads import Workload, metastore_token

__all__ = [
    "CREDENTIALS_PATH", "AccessKey", "Answer", "Decision", "Denial", "Identity", "Kind", "Layer", "MalformedPolicy",
    "ManagedPolicy", "Match", "NotAuthorized", "Policies", "PolicyUsage", "PolicyVersion", "Position", "Principal",
    "Question", "Role", "RoleSettings", "Scenario", "SessionRequest", "Simulated", "Values", "Workload",
    "check_bucket_policy", "check_catalog_policy", "client_environment", "container_variables", "context_keys",
    "key_variables", "known_root_key", "metastore_token", "of_tags", "plugin_works", "root_key", "simulate",
]  # fmt: skip
