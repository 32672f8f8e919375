"""Opening Studio in a browser: addresses that sign in once, and what is behind a name then.

Each domain and each notebook instance has a name of its own.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlsplit

from studiolo.domain import Conflict, Denied, Invalid, NotFound, Scope
from studiolo.identity import AccessKey, Identity
from studiolo.signin import Offer, SignedIn, SignIns
from studiolo.studio.lab import App, Lab, NotebookInstance
from studiolo.studio.labs import child_name

if TYPE_CHECKING:
    from studiolo.studio.notebooks import NotebookInstances
    from studiolo.studio.studio import Domains

LANDINGS = ("app:JupyterLab:", "studio::")
LIVES = 300
"""Seconds that the address of a notebook instance is good for ("CreatePresignedNotebookInstanceUrl")."""


@dataclass(frozen=True)
class Landing:
    """Where a browser goes that has been signed in: a path at the name."""

    cookie: str
    path: str


class Door(Protocol):
    """What is behind names of one kind. place: the first label of a name."""

    def redeem(self, place: str, region: str, token: str) -> Landing:
        """Sign in. Raises Denied, DomainError."""

    def signed_in(self, place: str, region: str, cookie: str) -> SignedIn | None:
        """Whose browser it is, at a name."""

    def lab(self, signed_in: SignedIn) -> Lab | None:
        """The JupyterLab that is behind the name for them. Raises NotFound where what they signed in to is gone."""

    def key(self, lab: Lab) -> AccessKey:
        """A key of the role that it acts as. Raises Denied where it does not run, NotFound without its role."""


class _Doors:
    """What both kinds share."""

    def __init__(self, sign_ins: SignIns, identity: Identity, endpoint: str) -> None:
        self._sign_ins = sign_ins
        self._identity = identity
        self._port = urlsplit(endpoint).port

    def signed_in(self, place: str, region: str, cookie: str) -> SignedIn | None:
        found = self._sign_ins.find(cookie, place)
        return found if found is not None and found.content["region"] == region else None

    def key(self, lab: Lab) -> AccessKey:
        workload = self._identity.workloads.find(child_name(lab.id))
        if workload is None:
            raise Denied("JupyterLab does not run.")
        return self._identity.workloads.key(workload.token)

    def _url(self, offer: Offer, lives: int, address: str) -> str:
        token = self._sign_ins.offer(offer, timedelta(seconds=lives))
        return f"{address}/auth?token={quote(token, safe='')}"

    def _offered(self, place: str, region: str, token: str) -> Offer:
        offer = self._sign_ins.offered(token, place)
        if offer.content["region"] != region:
            raise Denied("This link is for another place.")
        return offer


class Opening(_Doors):
    """Makes the addresses of domains, and finds the app behind one."""

    def __init__(self, domains: "Domains", sign_ins: SignIns, identity: Identity, endpoint: str) -> None:
        super().__init__(sign_ins, identity, endpoint)
        self._domains = domains

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
        return self._url(offer, lives, self.address(scope, domain))

    def redeem(self, place: str, region: str, token: str) -> Landing:
        """Sign in: the app of the space is made where there is none. Raises Denied, DomainError."""
        offer = self._offered(place, region, token)
        cookie, signed_in = self._sign_ins.redeem(token, place)
        app = self._app(signed_in, make=True)
        assert app is not None
        return Landing(cookie, app.base + (offer.content["path"] or "lab"))

    def lab(self, signed_in: SignedIn) -> App | None:
        """The app that is behind the domain's name for them. Raises Missing where they, or their space, are gone."""
        return self._app(signed_in)

    def _app(self, signed_in: SignedIn, *, make: bool = False) -> App | None:
        content = signed_in.content
        scope = Scope(content["account"], content["region"])
        profile = self._domains.profile(scope, signed_in.place, content["user"])
        if content["space"] is not None:
            space = self._domains.space(scope, signed_in.place, content["space"])
        else:
            space = self._domains.private_space(scope, signed_in.place, profile.name)
        return self._domains.ensure_app(scope, space) if make else self._domains.apps.find(scope, space.path)


class NotebookOpening(_Doors):
    """Makes the addresses of notebook instances, and finds the one behind an address."""

    def __init__(self, notebooks: "NotebookInstances", sign_ins: SignIns, identity: Identity, endpoint: str) -> None:
        super().__init__(sign_ins, identity, endpoint)
        self._notebooks = notebooks

    def address(self, notebook: NotebookInstance) -> str:
        """Its own name and port, as AWS shapes it, below localhost."""
        return f"{notebook.host}.notebook.{notebook.scope.region}.localhost:{self._port}"

    def presigned(self, scope: Scope, name: str, lasts: int) -> str:
        """An address that signs in once. lasts: of the sign-in, in seconds. Raises NotFound, Conflict."""
        notebook = self._notebooks.get(scope, name)
        if notebook.status != "InService":
            raise Conflict(f"The notebook instance {name} is {notebook.status}: it can be opened when it is InService.")
        content = {"account": scope.account, "region": scope.region, "notebook": name}
        offer = Offer(notebook.host, None, content, timedelta(seconds=lasts))
        return self._url(offer, LIVES, f"http://{self.address(notebook)}")

    def redeem(self, place: str, region: str, token: str) -> Landing:
        """Sign in. Raises Denied, NotFound."""
        self._offered(place, region, token)
        cookie, signed_in = self._sign_ins.redeem(token, place)
        repository = self.lab(signed_in).repository
        return Landing(cookie, "/lab" if repository is None else f"/lab/tree/{quote(repository)}")

    def lab(self, signed_in: SignedIn) -> NotebookInstance:
        """Raises NotFound where it is gone."""
        content = signed_in.content
        found = self._notebooks.get(Scope(content["account"], content["region"]), content["notebook"])
        if found.host != signed_in.place:
            raise NotFound("This is the address of a notebook instance that was deleted.")
        return found


def _relative(path: str) -> str:
    """A path below JupyterLab's: `studio::relative/path`."""
    if "://" in path or ".." in path.split("/"):
        raise NotFound("The LandingUri leads out of Studio.")
    return path.lstrip("/")
