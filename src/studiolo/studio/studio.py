"""Domains, their user profiles and spaces: who has them, what they act as; and what else opens a JupyterLab."""

import secrets
import string
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from studiolo.domain import Clock, Conflict, Invalid, Page, Scope
from studiolo.identity import Identity, Principal
from studiolo.logs import Logs
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.processes import Processes
from studiolo.signin import SignIns
from studiolo.state import State
from studiolo.studio import resources
from studiolo.studio.apps import NAME, TYPE, Apps
from studiolo.studio.errors import InUse
from studiolo.studio.images import Images
from studiolo.studio.lab import App
from studiolo.studio.labs import Addresses, Labs
from studiolo.studio.lifecycle import LifecycleConfigs
from studiolo.studio.notebooks import NotebookInstances
from studiolo.studio.opening import NotebookOpening, Opening
from studiolo.studio.resources import Listing
from studiolo.studio.scripts import Scripts
from studiolo.studio.values import Domain, Kind, Space, UserProfile, arn

SERVICE = "sagemaker.amazonaws.com"
IN_DOMAINS: tuple[Kind, ...] = ("domain", "user-profile", "space", "app")
ALPHABET = string.ascii_lowercase + string.digits


class Domains:
    """The domains of every scope, and all that is in them."""

    def __init__(
        self,
        state: State,
        processes: Processes,
        identity: Identity,
        tags: Tags,
        sign_ins: SignIns,
        logs: Logs,
        data: Path,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        self._state = state
        self._identity = identity
        self._clock = clock
        self._sign_ins = sign_ins
        self.lifecycle = LifecycleConfigs(state, tags, clock)
        self.images = Images(state, identity, tags, data, clock)
        scripts, folder = Scripts(processes, logs), data / "studio"
        self._labs = Labs(state, processes, identity, scripts, self.images, folder, addresses, clock)
        self.apps = Apps(state, self._labs, clock)
        self.notebooks = NotebookInstances(state, self._labs, identity, tags, sign_ins, clock)
        self.opening = Opening(self, sign_ins, identity, addresses.endpoint)
        self.opening_notebooks = NotebookOpening(self.notebooks, sign_ins, identity, addresses.endpoint)
        for kind in IN_DOMAINS:
            tags.know(kind, partial(resources.exists, kind))

    def start(self) -> None:
        """Take over what runs of a crashed server, and bring back what ran of one that ended."""
        with self._state.reading() as connection:
            known = [*resources.everywhere(connection, "app"), *resources.everywhere(connection, "notebook-instance")]
        self.images.start()
        self._labs.adopt(known)
        self.apps.start()
        self.notebooks.start_again()

    def close(self) -> None:
        self._labs.close()

    def empty(self) -> None:
        self._labs.empty()
        self.apps.begin_looking()

    def create(
        self, scope: Scope, principal: Principal, name: str, settings: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Domain:
        """A new domain. Raises Invalid, Denied and NotFound for its roles, InUse for a name that is taken."""
        if settings["AuthMode"] != "IAM":
            raise Invalid("AuthMode SSO needs IAM Identity Center, which Studiolo does not have: use IAM.")
        if settings["DefaultUserSettings"].get("ExecutionRole") is None:
            raise Invalid("DefaultUserSettings needs an ExecutionRole.")
        for part in ("DefaultUserSettings", "DefaultSpaceSettings"):
            self._check(principal, settings.get(part, {}))
        path = "d-" + "".join(secrets.choice(ALPHABET) for _ in range(12))
        with self._state.transaction() as tx:
            others = resources.listed(tx, scope, "domain", Listing(limit=1000)).items
            if any(each.settings["DomainName"] == name for each in others):
                raise InUse(f"Domain already exists: {name}.")
            resources.insert(tx, scope, "domain", path, "InService", self._clock(), {**settings, "DomainName": name})
            set_tags(tx, arn(scope, "domain", path), tags)
        return self.domain(scope, path)

    def domain(self, scope: Scope, identifier: str) -> Domain:
        """Raises Missing."""
        found: Domain = self._get(scope, "domain", identifier)
        return found

    def update(self, scope: Scope, principal: Principal, identifier: str, changes: Mapping[str, Any]) -> Domain:
        """Raises Missing, Invalid, Denied."""
        for part in ("DefaultUserSettings", "DefaultSpaceSettings"):
            self._check(principal, changes.get(part, {}))
        updated: Domain = self._update(self.domain(scope, identifier), changes)
        return updated

    def delete(self, scope: Scope, identifier: str) -> None:
        """Raises Missing, and InUse while there is anything in it. With it everybody is signed out of it."""
        with self._state.transaction() as tx:
            domain = resources.get(tx, scope, "domain", identifier)
            for kind in ("user-profile", "space"):
                if resources.below(tx, scope, kind, identifier):
                    raise InUse(f"The domain {identifier} has {kind}s: delete them first.")
            self._drop(tx, domain)
        self._sign_ins.end_place(identifier)

    def create_profile(
        self,
        scope: Scope,
        principal: Principal,
        domain: str,
        name: str,
        settings: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> UserProfile:
        """Raises Missing, InUse, Invalid, Denied."""
        self._check(principal, settings.get("UserSettings", {}))
        return self._add(scope, "user-profile", domain, name, settings, tags)  # type: ignore[no-any-return]

    def profile(self, scope: Scope, domain: str, name: str) -> UserProfile:
        """Raises Missing."""
        found: UserProfile = self._get(scope, "user-profile", f"{domain}/{name}")
        return found

    def update_profile(
        self, scope: Scope, principal: Principal, domain: str, name: str, changes: Mapping[str, Any]
    ) -> UserProfile:
        """Raises Missing, Invalid, Denied."""
        self._check(principal, changes.get("UserSettings", {}))
        return self._update(self.profile(scope, domain, name), changes)  # type: ignore[no-any-return]

    def delete_profile(self, scope: Scope, domain: str, name: str) -> None:
        """Raises Missing, and InUse while it owns a space."""
        with self._state.transaction() as tx:
            profile = resources.get(tx, scope, "user-profile", f"{domain}/{name}")
            owned = [space.name for space in resources.below(tx, scope, "space", domain) if space.owner == name]
            if owned:
                raise InUse(f"The user profile {name} owns the space {owned[0]}: delete it first.")
            self._drop(tx, profile)

    def create_space(
        self, scope: Scope, domain: str, name: str, settings: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Space:
        """Raises Missing, InUse, and Invalid for an owner who is not there."""
        owner = settings.get("OwnershipSettings", {}).get("OwnerUserProfileName")
        if ("OwnershipSettings" in settings) != ("SpaceSharingSettings" in settings):
            raise Invalid("OwnershipSettings and SpaceSharingSettings must be given together.")
        if owner is not None:
            self.profile(scope, domain, owner)
        app_type = settings.get("SpaceSettings", {}).get("AppType", TYPE)
        if app_type != TYPE:
            raise Invalid(f"AppType {app_type} in SpaceSettings is not supported by Studiolo: use {TYPE}.")
        return self._add(scope, "space", domain, name, settings, tags)  # type: ignore[no-any-return]

    def space(self, scope: Scope, domain: str, name: str) -> Space:
        """Raises Missing."""
        found: Space = self._get(scope, "space", f"{domain}/{name}")
        return found

    def update_space(self, scope: Scope, domain: str, name: str, changes: Mapping[str, Any]) -> Space:
        """Raises Missing."""
        return self._update(self.space(scope, domain, name), changes)  # type: ignore[no-any-return]

    def delete_space(self, scope: Scope, domain: str, name: str) -> None:
        """Delete a space with its files. Raises Missing, and InUse while an app of it lives."""
        space = self.space(scope, domain, name)
        self.apps.forget_space(space)
        with self._state.transaction() as tx:
            self._drop(tx, space)

    def create_app(self, scope: Scope, space: Space, app_type: str, name: str, settings: Any, tags: Any) -> App:
        """Start an app in a space, as its owner's role; a shared space's is the domain's. Raises Invalid, InUse."""
        owner = None if space.owner is None else self.profile(scope, space.domain, space.owner)
        spec, domain = settings.get("ResourceSpec", {}), self.domain(scope, space.domain)
        script = self.lifecycle.chosen(spec.get("LifecycleConfigArn"), space, owner, domain)
        made = {**settings, "script": script, "images": self._kernels(space, owner, domain, spec)}
        app = self.apps.create(space, app_type, name, self.role_of(space), space.owner, made)
        with self._state.transaction() as tx:
            set_tags(tx, arn(scope, "app", app.path), tags)
        return app

    def _kernels(
        self, space: Space, owner: UserProfile | None, domain: Domain, spec: Mapping[str, Any]
    ) -> list[dict[str, str]]:
        """The kernels on images that a new app in a space has: of what it asks for, then of what settings offer."""
        levels = [owner.lab_settings] if owner is not None and not space.shared else []
        offers = [
            each
            for level in (*levels, domain.lab_settings(shared=space.shared))
            for each in level.get("CustomImages", ())
        ]
        found = self.images.asked(space.scope, spec)
        for each in offers:
            found += self.images.offered(space.scope, each)
        return list({each["name"]: each for each in reversed(found)}.values())

    def role_of(self, space: Space) -> str:
        """What apps in a space act as. Raises Conflict where the domain names no role for it."""
        domain = self.domain(space.scope, space.domain)
        if space.shared and space.owner is None:
            role = domain.shared_role
        else:
            owner = self.profile(space.scope, space.domain, str(space.owner))
            role = domain.shared_role if space.shared and domain.shared_role else owner.role or domain.default_role
        if role is None:
            raise Conflict("Shared spaces need an ExecutionRole in the domain's DefaultSpaceSettings.")
        return role

    def find_private_space(self, scope: Scope, domain: str, profile: str) -> Space | None:
        with self._state.reading() as connection:
            spaces: list[Space] = resources.below(connection, scope, "space", domain)
        return next((space for space in spaces if space.owner == profile and not space.shared), None)

    def private_space(self, scope: Scope, domain: str, profile: str) -> Space:
        """The private space of a user, made where there is none. Raises Missing."""
        if (mine := self.find_private_space(scope, domain, profile)) is not None:
            return mine
        settings = {
            "OwnershipSettings": {"OwnerUserProfileName": profile},
            "SpaceSharingSettings": {"SharingType": "Private"},
            "SpaceSettings": {"AppType": TYPE},
        }
        return self.create_space(scope, domain, profile, settings, {})

    def ensure_app(self, scope: Scope, space: Space) -> App:
        """The JupyterLab of a space, made where there is none, or where it has failed."""
        found = self.apps.find(scope, space.path)
        if found is not None and found.status == "Failed":
            self.apps.drop_failed(found)
            found = None
        return found or self.create_app(scope, space, TYPE, NAME, {}, {})

    def page(self, scope: Scope, kind: Kind, listing: Listing) -> Page[Any]:
        with self._state.reading() as connection:
            return resources.listed(connection, scope, kind, listing)

    def _get(self, scope: Scope, kind: Kind, path: str) -> Any:
        with self._state.reading() as connection:
            return resources.get(connection, scope, kind, path)

    def _add(
        self, scope: Scope, kind: Kind, domain: str, name: str, settings: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Any:
        path = f"{domain}/{name}"
        with self._state.transaction() as tx:
            resources.get(tx, scope, "domain", domain)
            resources.insert(tx, scope, kind, path, "InService", self._clock(), dict(settings))
            set_tags(tx, arn(scope, kind, path), tags)
        return self._get(scope, kind, path)

    def _update(self, resource: Any, changes: Mapping[str, Any]) -> Any:
        with self._state.transaction() as tx:
            settings = {**resource.settings, **_merged(resource.settings, changes)}
            resources.change(tx, resource, settings=settings, changed=self._clock())
        return self._get(resource.scope, resource.kind, resource.path)

    def _drop(self, tx: Any, resource: Any) -> None:
        resources.delete(tx, resource)
        drop_tags(tx, arn(resource.scope, resource.kind, resource.path))

    def _check(self, principal: Principal, settings: Mapping[str, Any]) -> None:
        """Whether the caller may hand a role to Studio, and it trusts SageMaker."""
        if "ExecutionRole" in settings:
            self._identity.pass_role(principal, settings["ExecutionRole"], SERVICE)


def _merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of settings: members of structures one by one, as UpdateUserProfile has it."""
    return {
        name: {**before.get(name, {}), **value} if isinstance(value, Mapping) else value
        for name, value in changes.items()
    }
