"""Names and ARNs of machine-learning resources."""

import re

from studiolo.domain import Invalid, Scope

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


def arn(scope: Scope, kind: str, name: str) -> str:
    """The ARN of a resource, e.g. of kind `training-job` or `endpoint`."""
    return f"arn:{scope.partition}:sagemaker:{scope.region}:{scope.account}:{kind}/{name}"


def checked_name(name: str, field: str) -> str:
    """`name`, if SageMaker would take it for `field` (e.g. `trainingJobName`). Raises Invalid."""
    if not NAME.fullmatch(name):
        raise Invalid(
            f"1 validation error detected: Value '{name}' at '{field}' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
        )
    return name
