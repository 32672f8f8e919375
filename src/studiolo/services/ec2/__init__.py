"""Amazon EC2: the VPC family, which is only recorded."""

from studiolo.services.ec2 import changes, lists
from studiolo.services.ec2.service import ec2

__all__ = ["changes", "ec2", "lists"]
