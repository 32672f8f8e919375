"""AWS CloudFormation: stacks, change sets, templates."""

from studiolo.services.cloudformation import change_sets, drift, resources, stacks, templates
from studiolo.services.cloudformation.service import cloudformation

__all__ = ["change_sets", "cloudformation", "drift", "resources", "stacks", "templates"]
