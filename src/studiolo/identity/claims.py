"""What an identity provider says of somebody, once it is verified; and how its word can fail to count."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from studiolo.domain import Invalid


class InvalidIdentityToken(Invalid):
    """The token or assertion is not one of a provider that the account trusts."""


class ExpiredIdentityToken(Invalid):
    """The token or assertion counted until a while ago."""


class ProviderUnreachable(Invalid):
    """The provider's keys cannot be had."""


class RejectedClaim(Invalid):
    """The provider's word is true, and does not allow what is asked."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who somebody is. `context` are condition keys; `provider` is the ARN by which trust policies name it."""

    provider: str
    issuer: str
    subject: str
    audience: str
    context: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    session: str | None = None
