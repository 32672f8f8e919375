"""Jupyter's kernel gateway, in an environment of its own, for clusters of EMR that have JupyterEnterpriseGateway."""

from pathlib import Path

from studiolo.runtimes.environments import Environment, environments_folder

LOCK = Path(__file__).parent / "locks" / "enterprise-gateway.lock"
PYTHONS = ("3.12", "3.11", "3.10")


def enterprise_gateway() -> Environment:
    """The one in this person's cache; it may have to be made yet."""
    return Environment.of(environments_folder(), "enterprise-gateway", LOCK, PYTHONS, "half a minute, 0.1 GB")
