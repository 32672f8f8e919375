"""AWS CloudFormation: stacks, change sets, templates, stack sets."""

from studiolo.services.cloudformation import change_sets, drift, instances, resources, sets, stacks, templates
from studiolo.services.cloudformation.service import cloudformation

__all__ = ["change_sets", "cloudformation", "drift", "instances", "resources", "sets", "stacks", "templates"]
