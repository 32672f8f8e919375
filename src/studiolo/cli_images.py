"""`studiolo images`: the environments in which scripts run in place of containers."""

from typing import Annotated

import typer
from rich.table import Table

from studiolo.terminal import Data, fail, given_settings, out

app = typer.Typer()


@app.callback(invoke_without_command=True)
def images(context: typer.Context, data: Data = None) -> None:
    """List the environments of images that are there, with their sizes; prepare and remove them."""
    if context.invoked_subcommand is not None:
        return
    from studiolo.containers.environments import Environments
    from studiolo.ml.images import known_images

    folder = given_settings(data=data).folder
    table = Table("image", "Python", "size", box=None)
    for made in Environments(folder).made():
        table.add_row("\n".join(made.names), made.environment.python, f"{made.size / 1e9:.1f} GB")
    if table.row_count:
        out.print(table)
    out.print(f"Images of {', '.join(known_images(folder).frameworks())} are made when they are first used.")


Name = Annotated[
    str, typer.Argument(help="An image's URI, or its repository and tag, as pytorch-training:2.6-cpu-py312.")
]


@app.command()
def prepare(name: Name, data: Data = None) -> None:
    """Make the environment of an image, so that the first job of it need not, and none needs the network."""
    from studiolo.containers.environments import Environments
    from studiolo.ml.images import known_images

    folder = given_settings(data=data).folder
    image = known_images(folder).resolve(name, "train")
    for note in image.notes:
        out.print(note, markup=False)
    if image.environment is None:
        fail(f"{image.name} runs in the environment that Studiolo is installed in.")
    Environments(folder).make(image.environment, lambda line: out.print(line, markup=False, style="dim"))
    out.print(f"{image.name} is ready.")


@app.command()
def remove(name: Name, data: Data = None) -> None:
    """Remove an environment, by the name of an image of it, from this person's cache. Its next use makes it anew."""
    from studiolo.containers.environments import Environments

    environments = Environments(given_settings(data=data).folder)
    short = name.rpartition("/")[2]
    found = [made for made in environments.made() if {name, short} & {*made.names, *_repositories(made.names)}]
    if not found:
        fail(f"There is no environment of {name}: `studiolo images` lists those that are there.")
    for made in found:
        environments.remove(made.environment)
        out.print(f"The environment of {', '.join(made.names)} is removed.")


def _repositories(names: tuple[str, ...]) -> set[str]:
    return {name.partition(":")[0] for name in names}
