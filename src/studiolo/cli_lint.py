"""`studiolo lint`: what is wrong with a template, as cfn-lint has it, and what of it is not here."""

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from studiolo.processes import child_environment
from studiolo.terminal import fail, out

LOCK = Path(__file__).parent / "runtimes" / "locks" / "cfn-lint.lock"
PYTHONS = ("3.11", "3.12", "3.10", "3.13")
BROKEN, ERROR = 1, 2
"""Bits of cfn-lint's exit status: it could not do its work, it has found errors."""


def lint(
    template: Annotated[Path, typer.Argument(help="A file.")],
    region: Annotated[str, typer.Option(help="The region whose rules hold.")] = "us-east-1",
) -> None:
    """Say what is wrong with a template (by cfn-lint, fetched at first use), and which types are not here.

    Ends with 1 where there are errors, or something is not here; warnings are told.
    """
    from studiolo.runtimes import Environment, EnvironmentUnavailable, environments_folder
    from studiolo.stacks import TemplateInvalid, absent

    try:
        text = template.read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"The template {template} cannot be read: {error}")
    made = Environment.of(environments_folder(), "cfn-lint", LOCK, PYTHONS, note="half a minute, 130 MB")
    try:
        made.make(lambda line: out.print(line, markup=False, style="dim"))
    except EnvironmentUnavailable as error:
        fail(str(error))
    command = [str(made.folder / "bin" / "cfn-lint"), "--format", "parseable", "--regions", region, "--", str(template)]
    ran = subprocess.run(command, env=child_environment({}), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode & BROKEN:
        fail(f"cfn-lint could not look at {template}: {ran.stderr.strip() or ran.stdout.strip()}")
    out.print(ran.stdout, end="", markup=False, soft_wrap=True)
    try:
        missing = absent(text)
    except TemplateInvalid as error:
        fail(str(error))
    for line in missing:
        out.print(line, markup=False, soft_wrap=True)
    if missing or ran.returncode & ERROR:
        raise typer.Exit(1)
    out.print(f"All that {template} asks for is here.", markup=False)
