"""Amazon EMR: clusters on EC2."""

from studiolo.services.emr import clusters, instances, releases, settings, steps
from studiolo.services.emr.service import emr

__all__ = ["clusters", "emr", "instances", "releases", "settings", "steps"]
