"""What every command of `studiolo` shares: where it prints, and its settings."""

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from studiolo.config import Settings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Data = Annotated[Path | None, typer.Option("--data", help="Data folder (default: STUDIOLO_DATA or ~/.studiolo).")]


def given_settings(**given: Any) -> Settings:
    """The settings of the environment, with what was given on the command line over them."""
    return Settings(**{name: value for name, value in given.items() if value is not None})


def complain(message: object) -> None:
    """Say what is wrong."""
    err.print(str(message), style="red", markup=False)


def fail(message: str) -> NoReturn:
    """Say what is wrong, and end."""
    complain(message)
    raise typer.Exit(1)
