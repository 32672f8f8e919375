"""What can be wrong with a template or the values it is given."""

from studiolo.domain import Invalid


class TemplateInvalid(Invalid):
    """A template, or a value for it, that cannot be used, in CloudFormation's words."""
