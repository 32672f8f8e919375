"""Lifecycle configurations: shell scripts that run in an App's fence, as its role, before it starts."""

import base64
import binascii
from collections.abc import Mapping
from functools import partial

from studiolo.domain import Clock, Invalid, Scope
from studiolo.logs import Logs, LogWriter
from studiolo.ml.tags import Tags, drop_tags, set_tags
from studiolo.processes import Child, Fence, Processes, read_end
from studiolo.state import State
from studiolo.studio import resources
from studiolo.studio.jupyter import Place
from studiolo.studio.resources import App, Domain, LifecycleConfig, Space, UserProfile, arn, lifecycle_of

KIND = "studio-lifecycle-config"
TYPES = ("JupyterLab",)
GROUP, STREAM = "/aws/sagemaker/studio", "LifecycleConfigOnStart"
SECONDS = 300.0
"""Longest that one may run ("Lifecycle configurations", SageMaker AI Developer Guide)."""
LOG_BYTES = 1024 * 1024
TAIL_LINES = 4


class LifecycleConfigs:
    """Those of every scope."""

    def __init__(self, state: State, processes: Processes, logs: Logs, tags: Tags, clock: Clock) -> None:
        self._state = state
        self._processes = processes
        self._logs = logs
        self._clock = clock
        tags.know(KIND, partial(resources.exists, "studio-lifecycle-config"))

    def create(self, scope: Scope, name: str, app_type: str, content: str, tags: Mapping[str, str]) -> LifecycleConfig:
        """Raises InUse, and Invalid for what is no script in base64, or for an app that is not there."""
        if app_type not in TYPES:
            raise Invalid(f"StudioLifecycleConfigAppType {app_type} is not supported by Studiolo: use JupyterLab.")
        try:
            base64.b64decode(content, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
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

    def run(self, app: App, place: Place, environment: Mapping[str, str], fence: Fence) -> str | None:
        """Run an app's script; why the app does not start then. What it prints is in CloudWatch."""
        if app.script is None:
            return None
        script = place.folder / "run" / "lifecycle.sh"
        # An earlier one first: it could put a link in the script's place.
        self.stop(app)
        script.write_bytes(base64.b64decode(app.script))
        name = _child_name(app)
        child = self._processes.start(
            name, KIND, ["bash", str(script)], environment=environment, folder=place.home, fence=fence
        )
        try:
            status = self._processes.wait(child, SECONDS)
        except TimeoutError:
            reason: str | None = f"did not end within {SECONDS:.0f} s"
        else:
            reason = None if status == 0 else f"ended with exit status {status}"
        return self._told(app, child, reason)

    def stop(self, app: App) -> None:
        """End the script of an app that is not wanted any more, which is not to start then."""
        if (child := self._processes.find(_child_name(app))) is not None:
            self._processes.stop(child)

    def close(self) -> None:
        """End all scripts: they run anew when their apps are started again."""
        for child in self._processes.children(KIND):
            self._processes.stop(child)

    def _told(self, app: App, child: Child, reason: str | None) -> str | None:
        self._processes.stop(child)
        said = read_end(child.log, LOG_BYTES)
        with LogWriter(self._logs.writer_file(app.scope, GROUP, f"{app.path}/{STREAM}")) as log:
            log.write(said)
        self._processes.log(child.name).unlink(missing_ok=True)
        if reason is None:
            return None
        last = "\n".join(said.splitlines()[-TAIL_LINES:])
        return f"The lifecycle configuration {reason}. It last said: {last or 'nothing'}"


def _child_name(app: App) -> str:
    return f"{KIND}-{app.id}"
