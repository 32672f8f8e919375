"""Web identity tokens: JWTs of OpenID Connect, verified against the keys of an issuer that the account knows."""

from collections.abc import Mapping
from typing import Any

import jwt

from studiolo.domain import Clock
from studiolo.identity.claims import Claims, ExpiredIdentityToken, InvalidIdentityToken
from studiolo.identity.key_sets import KeySets
from studiolo.identity.providers import OpenIdProvider, Providers

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
LEEWAY = 300
"""Seconds that an issuer's clock may be ahead."""

TAGS = "https://aws.amazon.com/tags"
SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)


class WebIdentities:
    """Verifies tokens of the issuers of one account."""

    def __init__(self, providers: Providers, clock: Clock, keys: KeySets) -> None:
        self._providers = providers
        self._clock = clock
        self._keys = keys

    def verified(self, token: str) -> Claims:
        """What the token says. Raises InvalidIdentityToken, ExpiredIdentityToken, ProviderUnreachable."""
        try:
            header = jwt.get_unverified_header(token)
            unproven = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise InvalidIdentityToken(f"The ID Token provided is not a valid JWT. {error}") from error
        issuer = unproven.get("iss")
        if not isinstance(issuer, str):
            raise InvalidIdentityToken("Missing a required claim: iss")
        provider = self._providers.issuer(issuer)
        if provider is None:
            raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer}")
        if header.get("alg") not in ALGORITHMS:
            raise InvalidIdentityToken(f"The signing algorithm must be one of {', '.join(ALGORITHMS)}.")
        return self._claims(provider, self._proven(provider, token, header))

    def _proven(self, provider: OpenIdProvider, token: str, header: Mapping[str, Any]) -> Mapping[str, Any]:
        options: Any = {"require": ["iss", "sub", "aud", "exp", "iat"], "verify_aud": False}
        # The clock is ours, and may be held by a test.
        options |= {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        for key in self._keys.find(provider, header.get("kid")):
            try:
                return jwt.decode(token, key, algorithms=[header["alg"]], options=options, issuer=provider.url)
            except jwt.MissingRequiredClaimError as error:
                raise InvalidIdentityToken(f"Missing a required claim: {error.claim}") from error
            except (jwt.InvalidSignatureError, jwt.InvalidKeyError, jwt.InvalidAlgorithmError):
                continue
            except jwt.PyJWTError as error:
                raise InvalidIdentityToken(f"The ID Token provided is not valid. {error}") from error
        raise InvalidIdentityToken(NO_KEY)

    def _claims(self, provider: OpenIdProvider, claims: Mapping[str, Any]) -> Claims:
        self._check_times(claims)
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        # Who asked for the token, where it says so; else for whom it is (OpenID Connect Core, 2).
        audience = str(claims.get("azp") or next(iter(audiences), ""))
        if audience not in provider.clients:
            raise InvalidIdentityToken("Incorrect token audience")
        context = {f"{provider.name}:aud": audience, f"{provider.name}:sub": str(claims["sub"])}
        if "azp" in claims:
            context[f"{provider.name}:oaud"] = str(next(iter(audiences), ""))
        for name in ("amr", "email", "id"):
            if isinstance(claims.get(name), str):
                context[f"{provider.name}:{name}"] = claims[name]
        tags, transitive = _tags(claims.get(TAGS))
        source = claims.get(SOURCE_IDENTITY)
        return Claims(
            provider=provider.arn,
            issuer=provider.url,
            subject=str(claims["sub"]),
            audience=audience,
            context={**context, "aws:FederatedProvider": provider.arn},
            tags=tags,
            transitive=transitive,
            source_identity=source if isinstance(source, str) else None,
        )

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        present = self._clock().timestamp()
        for name in ("exp", "iat", "nbf"):
            if name in claims and (isinstance(claims[name], bool) or not isinstance(claims[name], int | float)):
                raise InvalidIdentityToken(f"The claim {name} must be a number of seconds.")
        if claims["exp"] <= present:
            raise ExpiredIdentityToken(
                f"Token expired: current date/time {int(present)} must be before the expiration date/time "
                f"{int(claims['exp'])}"
            )
        if max(claims["iat"], claims.get("nbf", 0)) > present + LEEWAY:
            raise InvalidIdentityToken("The ID Token provided is not valid yet.")


def _tags(said: Any) -> tuple[dict[str, str], tuple[str, ...]]:
    """The session tags of a token, and the keys of those that are transitive. Raises InvalidIdentityToken."""
    if said is None:
        return {}, ()
    try:
        tags = {key: values[0] for key, values in said["principal_tags"].items()}
        transitive = tuple(said.get("transitive_tag_keys", ()))
    except (AttributeError, KeyError, IndexError, TypeError):
        tags, transitive = {"": None}, ()
    if not all(isinstance(text, str) for text in (*tags.values(), *transitive)):
        raise InvalidIdentityToken(f"The claim {TAGS} must have principal_tags, a list of one value for each key.")
    return tags, transitive
