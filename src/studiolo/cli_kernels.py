"""`studiolo kernels`: the kernels of notebooks that are in environments of their own."""

import typer

from studiolo.terminal import out

app = typer.Typer()


@app.callback(invoke_without_command=True)
def kernels(context: typer.Context) -> None:
    """List the kernels of SageMaker's image SparkMagic; prepare and remove them."""
    if context.invoked_subcommand is not None:
        return
    from studiolo.studio.magics import KERNELS, environment

    made = environment()
    state = f"ready, {made.size() / 1e9:.1f} GB" if made.ready else "not there: studiolo kernels prepare"
    out.print(f"{', '.join(KERNELS.values())}: {state}")


@app.command()
def prepare() -> None:
    """Make their environment, and have this person's Jupyter offer them; so do Studio's apps that start from then on."""
    from studiolo.studio.magics import KERNELS, environment, tell_jupyter

    made = environment()
    made.make(lambda line: out.print(line, markup=False, style="dim"))
    for place in tell_jupyter(made):
        out.print(place, markup=False, style="dim")
    out.print(f"{', '.join(KERNELS.values())}: ready.")


@app.command()
def remove() -> None:
    """Remove their environment from this person's cache, and them from this person's Jupyter."""
    from studiolo.studio.magics import environment, untell_jupyter

    untell_jupyter()
    out.print("They are removed." if environment().remove() else "They were not there.")
