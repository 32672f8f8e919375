"""Opening Studio in a browser: addresses that sign in once, and what is behind a domain's name then."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from studiolo.domain import Denied, Invalid, NotFound, Scope
from studiolo.identity import AccessKey, Identity
from studiolo.signin import Offer, SignedIn, SignIns
from studiolo.studio.apps import child_name
from studiolo.studio.jupyter import BASE
from studiolo.studio.resources import App

if TYPE_CHECKING:
    from studiolo.studio.studio import Domains

LANDINGS = ("app:JupyterLab:", "studio::")


@dataclass(frozen=True)
class Landing:
    """Where a browser goes that has been signed in: a path at the domain's name."""

    cookie: str
    path: str


class Opening:
    """Makes the addresses, and finds the app behind one."""

    def __init__(self, domains: "Domains", sign_ins: SignIns, identity: Identity, endpoint: str) -> None:
        self._domains = domains
        self._sign_ins = sign_ins
        self._identity = identity
        self._port = urlsplit(endpoint).port

    def address(self, scope: Scope, domain: str) -> str:
        """The domain's own name, as AWS shapes it, below localhost."""
        return f"http://{domain}.studio.{scope.region}.localhost:{self._port}"

    def presigned(
        self, scope: Scope, domain: str, profile: str, space: str | None, landing: str | None, lives: int, lasts: int
    ) -> str:
        """An address that signs in once as a user of the domain; lives, lasts: in seconds.

        Raises Missing, and Invalid for a space of somebody else or a place that is not there.
        """
        user = self._domains.profile(scope, domain, profile)
        if landing is not None and not landing.startswith(LANDINGS):
            raise Invalid(f"LandingUri {landing} is not supported by Studiolo: app:JupyterLab:, or studio::.")
        if space is not None:
            found = self._domains.space(scope, domain, space)
            if not found.shared and found.owner != user.name:
                raise Invalid(f"The space {space} is not one of the user profile {profile}.")
        content = {"account": scope.account, "region": scope.region, "user": profile, "space": space}
        rest = landing.partition("::")[2] if landing is not None and landing.startswith("studio::") else ""
        offer = Offer(domain, None, {**content, "path": _relative(rest)}, timedelta(seconds=lasts))
        token = self._sign_ins.offer(offer, timedelta(seconds=lives))
        return f"{self.address(scope, domain)}/auth?token={quote(token, safe='')}"

    def redeem(self, domain: str, region: str, token: str) -> Landing:
        """Sign in: the app of the space is made where there is none. Raises Denied, DomainError."""
        offer = self._sign_ins.offered(token, domain)
        scope = Scope(offer.content["account"], offer.content["region"])
        if scope.region != region:
            raise Denied("This link is for another domain.")
        cookie, signed_in = self._sign_ins.redeem(token, domain)
        self.app(signed_in, make=True)
        return Landing(cookie, BASE + (offer.content["path"] or "lab"))

    def signed_in(self, domain: str, region: str, cookie: str) -> SignedIn | None:
        """Whose browser it is, at a domain's name."""
        found = self._sign_ins.find(cookie, domain)
        return found if found is not None and found.content["region"] == region else None

    def key(self, app: App) -> AccessKey:
        """A key of the role that an app acts as. Raises Denied for one that does not run, NotFound without its role."""
        workload = self._identity.workloads.find(child_name(app.id))
        if workload is None:
            raise Denied("The app does not run.")
        return self._identity.workloads.key(workload.token)

    def app(self, signed_in: SignedIn, *, make: bool = False) -> App | None:
        """The app that is behind the domain's name for them. Raises Missing where they, or their space, are gone."""
        content = signed_in.content
        scope = Scope(content["account"], content["region"])
        profile = self._domains.profile(scope, signed_in.place, content["user"])
        if content["space"] is not None:
            space = self._domains.space(scope, signed_in.place, content["space"])
        else:
            space = self._domains.private_space(scope, signed_in.place, profile.name)
        return self._domains.ensure_app(scope, space) if make else self._domains.apps.find(scope, space.path)


def _relative(path: str) -> str:
    """A path below JupyterLab's: `studio::relative/path`."""
    if "://" in path or ".." in path.split("/"):
        raise NotFound("The LandingUri leads out of Studio.")
    return path.lstrip("/")
