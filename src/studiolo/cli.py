"""What a person types: `studiolo up`, `down`, `status`, `why`, `console`, `studio`, `deploy`, `lint`, `env`, `logs`,
`runtimes`, `images`, `demo`."""

import json
import os
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import psutil
import typer
from rich.table import Table

from studiolo import __version__, cli_browser, cli_deploy, cli_images, cli_kernels, cli_lint, cli_runtimes
from studiolo.cli_server import running_server, signed
from studiolo.config import Settings
from studiolo.domain import DomainError, Invalid
from studiolo.instance import AlreadyRunning, Instance, Running
from studiolo.terminal import Data, complain, err, fail, given_settings, out

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(cli_images.app, name="images")
app.add_typer(cli_kernels.app, name="kernels")
app.add_typer(cli_runtimes.app, name="runtimes")
UP_SECONDS = 60
DOWN_SECONDS = 30

NEXT = """
  eval "$(studiolo env{data})"        AWS clients of this shell find it, with its keys
  studiolo console{data} --open       the console in a browser
  studiolo studio{data} --open        JupyterLab, signed in as a first user
  studiolo demo{data}                 raw measurements to a served model, with a report
  studiolo status{data}               what runs; then also: logs, why, runtimes, images, down
"""


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"studiolo {__version__}")  # noqa: T201 (for scripts)
        raise typer.Exit


@app.callback()
def studiolo(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """The AWS data-preparation and machine-learning stack, executing for real on your own machine."""


@app.command()
def up(
    data: Data = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (default 4566; 0 takes a free one).")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave the server running in the background.")] = False,
    allow_reset: Annotated[
        bool | None, typer.Option("--allow-reset", help="Let POST /_studiolo/reset empty everything.")
    ] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="First make what the first session would have to wait for.")
    ] = False,
) -> None:
    """Start Studiolo."""
    settings = given_settings(data=data, port=port, host=host, allow_reset=allow_reset)
    if prepare:
        _prepare(settings)
    if detach:
        running = _start(settings)
        out.print(f"Studiolo answers at [bold]{running.endpoint}[/bold]. What to do next:")
        out.print(NEXT.format(data=_data_option(data)), end="", markup=False)
        return
    from studiolo.server import CannotStart, configure_logging, serve  # its imports take a second that others need not

    configure_logging()

    def ready() -> None:
        err.print("In another terminal:", NEXT.format(data=_data_option(data)), sep="\n", markup=False)

    try:
        serve(settings, ready)
    except CannotStart as error:
        fail(str(error))


def _prepare(settings: Settings) -> None:
    """Make ahead what sessions need; what cannot be made is told, and the server starts all the same."""
    from studiolo.engine import prepare
    from studiolo.processes import Processes
    from studiolo.runtimes import NotMade
    from studiolo.state import State, StateUnavailable

    try:
        with Instance(settings.folder):
            state = State(settings.database)
            try:
                for step in prepare(settings, Processes(state, settings.folder)):
                    out.print(step)
            finally:
                state.close()
    except AlreadyRunning as error:
        fail(str(error))
    except (DomainError, NotMade, StateUnavailable, OSError) as error:
        complain(error)


def _data_option(data: Path | None) -> str:
    return f" --data {shlex.quote(str(data))}" if data else ""


def _start(settings: Settings) -> Running:
    """Start a server in the background; returns when it answers, shows what it says until then."""
    instance = Instance(settings.folder)
    running = instance.running()
    if running is not None:
        fail(f"Studiolo is already running at {running.endpoint} (pid {running.pid}) on {settings.folder}.")
    log = settings.folder / "logs" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    given = {f"STUDIOLO_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set}
    if settings.s3_secret_key is not None:
        given["STUDIOLO_S3_SECRET_KEY"] = settings.s3_secret_key.get_secret_value()
    with log.open("ab") as output:
        position = output.tell()
        server = subprocess.Popen(
            [sys.executable, "-m", "studiolo.server"],
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + UP_SECONDS
    with log.open() as said:
        said.seek(position)
        while True:
            running = instance.running()
            ended = server.poll() is not None
            out.print(said.read(), end="", style="dim", markup=False)
            if ended:
                fail(f"Studiolo did not start; its log is {log}.")
            if running is not None and running.pid == server.pid and _health(running) is not None:
                return running
            if time.monotonic() > deadline:
                fail(f"Studiolo does not answer after {UP_SECONDS} s; its log is {log}.")
            time.sleep(0.02)


def _health(running: Running) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"{running.endpoint}/_studiolo/health", timeout=5) as answer:  # noqa: S310 (ours)
            health: dict[str, Any] = json.load(answer)
            return health
    except OSError:
        return None


@app.command()
def down(data: Data = None) -> None:
    """Stop Studiolo and everything it started."""
    settings = given_settings(data=data)
    running = Instance(settings.folder).running()
    if running is not None:
        server = psutil.Process(running.pid)
        server.terminate()
        try:
            server.wait(DOWN_SECONDS)
        except psutil.TimeoutExpired:
            server.kill()
            err.print(f"The server did not stop within {DOWN_SECONDS} s and was killed.")
    try:
        ended = _end_orphans(settings)
    except AlreadyRunning as error:
        fail(f"{error} It does not say its pid, as one that starts does not yet: try again in a moment.")
    _complain_of_key(settings)
    if running is None and not ended:
        out.print(f"No Studiolo runs on {settings.folder}.")
        return
    out.print("Studiolo is down.")


def _end_orphans(settings: Settings) -> int:
    """End the children that a killed server left behind; how many there were."""
    from studiolo.processes import end_unrecorded
    from studiolo.state import StateUnavailable
    from studiolo.storage import remove_traces

    instance = Instance(settings.folder)
    if not instance.used:
        return 0
    with instance:
        try:
            ended = _end_recorded(settings)
        except StateUnavailable as error:
            complain(error)
            ended = 0
        ended += end_unrecorded(settings.folder)
        if ended:
            remove_traces(settings.folder)
    return ended


def _end_recorded(settings: Settings) -> int:
    """End the children that the database knows; how many there were. Raises StateUnavailable."""
    from studiolo.processes import Processes
    from studiolo.state import State

    file = settings.folder / "state.db"
    if settings.database_url is None and not (file.exists() and file.stat().st_size):
        return 0
    state = State(settings.database)
    try:
        processes = Processes(state, settings.folder)
        orphans = [child for child in processes.children() if child.alive]
        for child in orphans:
            processes.stop(child)
    finally:
        state.close()
    return len(orphans)


def _complain_of_key(settings: Settings) -> None:
    """Say so where the root key of a data folder cannot be read."""
    from studiolo.identity import known_root_key

    try:
        known_root_key(settings.folder)
    except Invalid as error:
        complain(error)


@app.command()
def status(data: Data = None) -> None:
    """Show what runs: the server, its services and its child processes."""
    settings = given_settings(data=data)
    running = running_server(settings)
    health = _health(running)
    if health is None:
        fail(f"The server at {running.endpoint} (pid {running.pid}) does not answer.")
    out.print(f"Studiolo {health['version']} at {running.endpoint} (pid {running.pid}), S3 at {running.s3_endpoint}")
    out.print(f"Hive Metastore at {running.metastore}")
    out.print("Services: " + ", ".join(sorted(health["services"])))
    out.print(f"Users' code: {health['isolation']}.")
    _complain_of_key(settings)
    for part in health["parts"]:
        reason = f": {part['reason']}" if part["reason"] else ""
        out.print(f"{part['name']} {part['status']}{reason}", style="red" if reason else None, markup=False)
    table = Table("process", "kind", "pid", "memory", box=None)
    for child in health["children"]:
        memory = f"{child['memory_mib']} MiB" if child["alive"] else "ended"
        table.add_row(child["name"], child["kind"], str(child["pid"]), memory)
    out.print(table)


@app.command()
def why(
    request_id: Annotated[str, typer.Argument(help="Of the answer that said AccessDenied.")], data: Data = None
) -> None:
    """Show why a request was denied: by which policy, or for want of which, and what was known of it."""
    from studiolo.identity import root_key

    settings = given_settings(data=data)
    running = running_server(settings)
    status, denial = signed(f"{running.endpoint}/_studiolo/denials/{quote(request_id)}", root_key(settings.folder))
    if status != HTTPStatus.OK:
        fail(denial["message"])
    for name in ("principal", "action", "resource", "because"):
        out.print(f"{name:10} {denial[name]}", markup=False)
    if denial["policy"] is not None:
        out.print(f"{'policy':10} {denial['policy'] or 'inline'}, statement {denial['statement']}", markup=False)
    table = Table("condition key", "values", box=None)
    for key, values in denial["context"].items():
        table.add_row(key, ", ".join(values))
    out.print(table)


app.command()(cli_browser.console)
app.command()(cli_browser.studio)
app.command()(cli_deploy.deploy)
app.command()(cli_lint.lint)


@app.command()
def env(
    data: Data = None,
    profile: Annotated[bool, typer.Option("--profile", help="Write the AWS profile `studiolo` instead.")] = False,
) -> None:
    """Print what points AWS clients at Studiolo: eval "$(studiolo env)"."""
    from studiolo.identity import client_environment, key_variables, metastore_token, plugin_works, root_key
    from studiolo.identity.environment import DEFAULTS_VARIABLE
    from studiolo.profile import write_profile

    settings = given_settings(data=data)
    running = running_server(settings)
    key = root_key(settings.folder)
    if profile:
        written = write_profile(running.endpoint, running.s3_endpoint, settings.region, key.id, key.secret)
        out.print(f"Profile [bold]studiolo[/bold] written to {' and '.join(str(path) for path in written)}.")
        return
    variables = client_environment(running.endpoint, running.s3_endpoint, settings.region, key_variables(key))
    defaults = shlex.quote(variables[DEFAULTS_VARIABLE])
    others = {name: value for name, value in variables.items() if name not in ("PYTHONPATH", DEFAULTS_VARIABLE)}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in others.items()]
    # Who has defaults of their own there keeps them.
    lines.append(f'export {DEFAULTS_VARIABLE}="${{{DEFAULTS_VARIABLE}:-"{defaults}"}}"')
    lines.append(f"export STUDIOLO_METASTORE_URI={shlex.quote(running.metastore)}")
    lines.append(f"export STUDIOLO_METASTORE_TOKEN={metastore_token(key.id, key.secret)}")
    lines.append(f'export PYTHONPATH={shlex.quote(variables["PYTHONPATH"])}"${{PYTHONPATH:+:$PYTHONPATH}}"')
    lines.append("unset AWS_SESSION_TOKEN")
    print("\n".join(lines))  # noqa: T201 (for eval: no terminal width, no colors)
    if not plugin_works({**os.environ, **variables}):
        err.print(
            "Note: this botocore ignores the endpoint plugin; clients that hard-code AWS addresses will miss Studiolo."
        )


@app.command()
def metastore_token() -> None:
    """Print the user name by which the Hive Metastore knows the holder of the AWS keys in the environment."""
    from studiolo.identity import metastore_token as token_of

    identifier, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not identifier or not secret:
        fail("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as studiolo env and the answer of AssumeRole tell them.")
    print(token_of(identifier, secret))  # noqa: T201 (for $(…): no terminal width, no colors)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="A log's name; without it, the names are listed.")] = None,
    data: Data = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is added.")] = False,
) -> None:
    """Show the log of the server or of one of its processes."""
    folder = given_settings(data=data).folder / "logs"
    names = sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.log"))
    if name is None:
        out.print("\n".join(names) or f"There are no logs in {folder} yet.")
        return
    if name not in names:
        fail(f"There is no log named {name}. There are: {', '.join(names) or 'none'}.")
    with (folder / f"{name}.log").open(errors="replace") as log:
        while True:
            out.print(log.read(), end="", markup=False)
            if not follow:
                return
            time.sleep(0.2)


@app.command()
def demo(
    data: Data = None,
    source: Annotated[
        Path | None, typer.Option("--source", help="Folder with the UCI Beijing CSV files (else found, or downloaded).")
    ] = None,
    report: Annotated[Path, typer.Option("--report", help="Folder for the report.")] = Path("demo-report"),
    engine: Annotated[
        Literal["glue", "emr"], typer.Option("--on", help="Spark in a Glue session, or on an EMR cluster.")
    ] = "glue",
    stack: Annotated[bool, typer.Option("--stack", help="Bucket, roles and database from one template.")] = False,
) -> None:
    """Run the air-quality story: raw measurements to a served model, with a report at the end."""
    from studiolo.identity import client_environment, key_variables, root_key

    settings = given_settings(data=data)
    running = Instance(settings.folder).running()
    started = running is None
    running = running or _start(settings)
    key = root_key(settings.folder)
    client = client_environment(running.endpoint, running.s3_endpoint, settings.region, key_variables(key))
    command = [sys.executable, "-m", "studiolo.demo", "--report", str(report), "--on", engine]
    command += ["--stack"] if stack else []
    if source is not None:
        command += ["--source", str(source)]
    # The key is the root user's, who has no session: a role's token in the person's shell does not go with it.
    inherited = {name: value for name, value in os.environ.items() if name != "AWS_SESSION_TOKEN"}
    story = subprocess.Popen(command, env={**inherited, **client})
    try:
        status = story.wait()
    except KeyboardInterrupt:
        status = story.wait()  # the story got the same Ctrl-C and ends what it began
        if started:
            down(data)
    if status == 0:
        out.print(f'Studiolo is still up: eval "$(studiolo env{_data_option(data)})" and go on; studiolo down ends it.')
    raise typer.Exit(status)


def main() -> None:
    """The `studiolo` command."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except DomainError as error:
        complain(error)
        sys.exit(1)
    except OSError as error:
        complain(f"{error.strerror or error}: {error.filename}")
        sys.exit(1)


if __name__ == "__main__":
    main()
