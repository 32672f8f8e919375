"""AWS Glue."""

from studiolo.services.glue import sessions as sessions
from studiolo.services.glue import tags as tags
from studiolo.services.glue.service import glue

__all__ = ["glue"]
