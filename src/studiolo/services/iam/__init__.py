"""AWS Identity and Access Management: roles, policies, the account."""

from studiolo.services.iam import account, policies, role_policies, roles, simulation
from studiolo.services.iam.service import iam

__all__ = ["account", "iam", "policies", "role_policies", "roles", "simulation"]
