"""How stacks call the services: by their operations, as somebody, and what these refuse."""

from collections.abc import Mapping
from typing import Any, Protocol

from studiolo.identity import Principal


class Refused(Exception):
    """What a service answered instead of doing it: its error code, and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def missing(self) -> bool:
        """Whether it says that what was named is not there."""
        code = self.code.removesuffix("Exception").removesuffix("Fault")
        return (
            code.endswith((".NotFound", "NotFound", "DoesNotExist", ".Malformed"))
            or code in ("NoSuchEntity", "NoSuchBucket", "NoSuchBucketPolicy", "404", "RepositoryNotFound")
            or "NotFound" in code
            or (code == "Validation" and self.message.startswith(("Could not find", "Cannot find")))
            or (code == "Validation" and self.message.endswith("does not exist."))
        )

    @property
    def exists(self) -> bool:
        """Whether it says that there is one already."""
        return "AlreadyExist" in self.code or "AlreadyOwned" in self.code or "Duplicate" in self.code

    @property
    def denied(self) -> bool:
        return self.code.startswith("AccessDenied") or self.code == "UnauthorizedOperation"


class Services(Protocol):
    """Every operation of every service that is here, as a client of the API has it."""

    def __call__(
        self, principal: Principal, region: str, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The answer. service, operation: as botocore spells them. Raises Refused."""

    def require(
        self, principal: Principal, region: str, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        """Raise Refused unless the principal may do that."""
