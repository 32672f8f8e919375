"""Amazon EMR: clusters on EC2."""

from studiolo.services.emr import clusters, instances, interfaces, releases, sessions, settings, steps
from studiolo.services.emr.service import emr

__all__ = ["clusters", "emr", "instances", "interfaces", "releases", "sessions", "settings", "steps"]
