"""How the server's own parts call its services: by their operations, as somebody, and what these refuse."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Protocol

from studiolo.identity import VIA, Kind, Principal


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

    def knows(self, service: str, operation: str) -> bool:
        """Whether that is implemented."""


def principal_as_json(principal: Principal) -> dict[str, Any]:
    """Who calls, for a journal: of what the request told, by which services it came alone."""
    told = {VIA: list(principal.told[VIA])} if VIA in principal.told else {}
    return {**asdict(replace(principal, told={})), "kind": principal.kind.name, "told": told}


def principal_from(kept: Mapping[str, Any]) -> Principal:
    pairs = {name: tuple(tuple(pair) for pair in kept[name]) for name in ("tags", "context")}
    lists = {name: tuple(kept[name]) for name in ("session_policies", "transitive")}
    told = {name: tuple(values) for name, values in kept.get("told", {}).items()}
    return Principal(**{**kept, **pairs, **lists, "kind": Kind[kept["kind"]], "told": told})
