"""Studio's lifecycle configurations: shell scripts that run before an App starts."""

from collections.abc import Mapping
from functools import partial

from studiolo.domain import Clock, Invalid, Scope
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.state import State
from studiolo.studio import resources
from studiolo.studio.values import Domain, LifecycleConfig, Space, UserProfile, arn, decoded, lifecycle_of

KIND = "studio-lifecycle-config"
TYPES = ("JupyterLab",)


class LifecycleConfigs:
    """Those of every scope."""

    def __init__(self, state: State, tags: Tags, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        tags.know(KIND, partial(resources.exists, "studio-lifecycle-config"))

    def create(self, scope: Scope, name: str, app_type: str, content: str, tags: Mapping[str, str]) -> LifecycleConfig:
        """Raises InUse, and Invalid for what is no script in base64, or for an app that is not there."""
        if app_type not in TYPES:
            raise Invalid(f"StudioLifecycleConfigAppType {app_type} is not supported by Studiolo: use JupyterLab.")
        try:
            decoded(content)
        except ValueError as error:
            raise Invalid(f"StudioLifecycleConfigContent is not a text in base64: {error}.") from error
        with self._state.transaction() as tx:
            made = {"AppType": app_type, "Content": content}
            resources.insert(tx, scope, "studio-lifecycle-config", name, "InService", self._clock(), made)
            set_tags(tx, arn(scope, "studio-lifecycle-config", name), tags)
        return self.get(scope, name)

    def get(self, scope: Scope, name: str) -> LifecycleConfig:
        """Raises Missing."""
        with self._state.reading() as connection:
            found: LifecycleConfig = resources.get(connection, scope, "studio-lifecycle-config", name)
        return found

    def delete(self, scope: Scope, name: str) -> None:
        """Raises Missing. Apps that were made with it keep it."""
        with self._state.transaction() as tx:
            resources.delete(tx, resources.get(tx, scope, "studio-lifecycle-config", name))
            drop_tags(tx, arn(scope, "studio-lifecycle-config", name))

    def named(self, scope: Scope, config: str) -> LifecycleConfig:
        """That of an ARN. Raises Invalid for one of another kind, or scope, and Missing."""
        prefix = arn(scope, "studio-lifecycle-config", "")
        if not config.startswith(prefix):
            raise Invalid(f"LifecycleConfigArn {config} is none of this account and region.")
        return self.get(scope, config.removeprefix(prefix))

    def chosen(self, asked: str | None, space: Space, owner: UserProfile | None, domain: Domain) -> str | None:
        """The script of a new app in a space, in base64: of the one that it names, else of its settings'."""
        levels = [space.lab_settings, *([owner.lab_settings] if owner is not None and not space.shared else [])]
        levels.append(domain.lab_settings(shared=space.shared))
        config = asked or next(filter(None, map(lifecycle_of, levels)), None)
        return None if config is None else self.named(space.scope, config).content
