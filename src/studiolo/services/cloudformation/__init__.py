"""AWS CloudFormation: stacks, change sets, templates."""

from studiolo.services.cloudformation import change_sets, resources, stacks, templates
from studiolo.services.cloudformation.service import cloudformation

__all__ = ["change_sets", "cloudformation", "resources", "stacks", "templates"]
