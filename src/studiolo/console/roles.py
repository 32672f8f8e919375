"""The roles that a form can be filled in with: those that trust a service."""

from dataclasses import dataclass

from studiolo.console.visit import Visit

MOST = 100
"""Roles of the account that are looked at, for each form: a thousand take a tenth of a second."""


@dataclass(frozen=True)
class Roles:
    """ARNs of roles that trust the service. complete: whether there can be no others of the account."""

    arns: list[str]
    complete: bool

    def __bool__(self) -> bool:
        """Whether there is anything to fill in."""
        return bool(self.arns) or not self.complete


def roles_for(visit: Visit, service: str) -> Roles:
    """Those that trust it, e.g. `glue.amazonaws.com`. Raises ClientError."""
    found = visit.client("iam").list_roles(MaxItems=MOST)
    trusting = [each["Arn"] for each in found["Roles"] if service in str(each.get("AssumeRolePolicyDocument"))]
    return Roles(trusting, not found["IsTruncated"])
