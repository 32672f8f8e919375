"""`python -m studiolo.demo`: run the story against the AWS that the environment names."""

import logging
import os
import signal
import socket
import sys
import warnings
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from rich.console import Console
from rich.text import Text

from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Narrator

CONNECT_SECONDS = 3
INTERRUPTED = 130  # what a shell reports for a program ended by Ctrl-C
START = 'start it with `studiolo up --detach`, then `eval "$(studiolo env)"`, or let `studiolo demo` do both.'


def main(
    source: Annotated[
        Path | None,
        typer.Option(envvar="STUDIOLO_DEMO_DATA", help="Folder with the UCI Beijing files (.csv or .csv.gz)."),
    ] = None,
    report: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("demo-report"),
    engine: Annotated[
        Literal["glue", "emr"], typer.Option("--on", help="Spark in a Glue session, or on an EMR cluster.")
    ] = "glue",
    stack: Annotated[bool, typer.Option("--stack", help="Bucket, roles and database from one template.")] = False,
) -> None:
    """Raw air-quality measurements to a served model, with a report at the end."""
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, _as_interrupt)
    console.print("\n[bold]Nitrogen dioxide, explained by the weather[/]: raw measurements to a served model\n")
    try:
        if not os.environ.get("AWS_ENDPOINT_URL"):
            raise StoryError(f"No Studiolo is named in AWS_ENDPOINT_URL: {START}")
        _knock(os.environ["AWS_ENDPOINT_URL"])
        narrator = Narrator(console)
        with narrator.stage("Load the AWS SDKs"):
            _quiet()
            from studiolo.demo.story import tell  # imports the SageMaker SDK, which takes seconds
        page = tell(source, report, narrator, engine, of_stack=stack)
    except KeyboardInterrupt:
        console.print(
            "Stopped: what Spark ran in and the pipeline's jobs, if any, are ended. Run it again to replace what is there."
        )
        sys.exit(INTERRUPTED)
    except (StoryError, ClientError, BotoCoreError, OSError) as error:
        console.print(Text(_sentence(error), style="red"))
        sys.exit(1)
    console.print(f"\nThe report: [bold]{page.resolve()}[/]\n", soft_wrap=True)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End as on Ctrl-C, so that no session is left behind."""
    raise KeyboardInterrupt


def _knock(endpoint: str) -> None:
    """Raises StoryError unless something listens there: boto3 would try again and again before it said so."""
    address = urlsplit(endpoint)
    try:
        with socket.create_connection(
            (address.hostname, address.port or {"https": 443}.get(address.scheme, 80)), CONNECT_SECONDS
        ):
            pass
    except OSError as error:
        raise StoryError(f"Nothing answers at {endpoint}: {START}") from error


def _quiet() -> None:
    """Keep the SDK's remarks about its own version and settings out of the story."""
    os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
    for name in ("boto3", "botocore", "sagemaker", "sagemaker.config"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("sagemaker.estimator", "sagemaker.workflow.utilities"):  # a pipeline's jobs have no names yet
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message="Running within a PipelineSession")


def _sentence(error: Exception) -> str:
    """What happened, and what to do about it where that is known."""
    if isinstance(error, NoCredentialsError | NoRegionError):
        return f"{error} {START[0].upper()}{START[1:]}"
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return f"{error.operation_name} was refused: {details.get('Code')}: {details.get('Message')}"
    return str(error)


if __name__ == "__main__":
    typer.run(main)
