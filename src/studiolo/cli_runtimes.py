"""`studiolo runtimes`: the versions of Spark there are."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from studiolo.terminal import Data, fail, given_settings, out

if TYPE_CHECKING:
    from studiolo.runtimes import Environment

app = typer.Typer()


@app.callback(invoke_without_command=True)
def runtimes(context: typer.Context, data: Data = None) -> None:
    """List the versions of Spark there are, and which releases of AWS run on them; prepare and remove them."""
    if context.invoked_subcommand is not None:
        return
    from studiolo.runtimes import Runtimes

    known = Runtimes(given_settings(data=data))
    releases = [known.for_glue(label) for label in known.glue_labels()]
    releases += [known.for_emr(label) for label in known.emr_labels()]
    table = Table("runtime", "Spark", "Python", "", "releases", box=None)
    for name in known.names:
        runtime = known.runtime(name)
        labels = ", ".join(f"{release.service} {release.label}" for release in releases if release.runtime is runtime)
        if runtime.environment is None:
            state = "installed with Studiolo"
        elif runtime.ready:
            state = f"ready, {runtime.environment.size() / 1e9:.1f} GB"
        else:
            state = "made when it is first used"
        table.add_row(name, runtime.pyspark, runtime.python_version, state, labels)
    out.print(table)
    for name, environment in _of_clusters().items():
        state = "ready" if environment.ready else "fetched when it is first used"
        out.print(f"{name}: {environment.name}, for clusters of EMR: {state}.")


def _of_clusters() -> "dict[str, Environment]":
    """What applications of clusters are made of, by the names that are told here."""
    from studiolo.runtimes import enterprise_gateway, trino

    return {"trino": trino().environment, "enterprise-gateway": enterprise_gateway()}


Name = Annotated[
    str,
    typer.Argument(
        help="A runtime's name, as spark-4.1, or the Glue version that runs on it; or trino, or enterprise-gateway."
    ),
]


@app.command()
def prepare(name: Name, data: Data = None) -> None:
    """Fetch all that a runtime needs, so that the first session of it need not, and none needs the network."""
    from studiolo.runtimes import Runtimes

    def say(line: str) -> None:
        out.print(line, markup=False, style="dim")

    if (environment := _of_clusters().get(name)) is not None:
        environment.make(say)
        out.print(f"{environment.name} is ready.")
        return
    known = Runtimes(given_settings(data=data))
    runtime = known.named(name)
    known.make(runtime, say)
    known.jars(runtime, connect=True, formats=runtime.formats)
    known.hadoop(runtime)
    out.print(f"{runtime.name} is ready: Spark {runtime.pyspark}, Python {runtime.python_version}.")


@app.command()
def remove(name: Name, data: Data = None) -> None:
    """Remove a runtime's Python environment from this person's cache. The next session of it makes it anew."""
    from studiolo.runtimes import Runtimes

    environment = _of_clusters().get(name) or Runtimes(given_settings(data=data)).named(name).environment
    if environment is None:
        fail(f"{name} runs in the environment that Studiolo is installed in.")
    removed = environment.remove()
    out.print(f"{environment.name} is removed." if removed else f"{environment.name} was not there.")
