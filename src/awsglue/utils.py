"""The arguments of a job."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

RESERVED = (
    "JOB_NAME",
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
    "TempDir",
    "encryption-type",
    "enable-data-lineage",
    "job-bookmark-option",
    "job-bookmark-from",
    "job-bookmark-to",
    "continuation-option",
)
"""Names that Glue gives to jobs itself."""


class GlueArgumentError(Exception):
    """Arguments of a job that are missing or malformed."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, Any]:
    """The values of the named arguments in `sys.argv`, given as `--name value` or `--name=value`.

    Arguments that are not named are passed over. Raises GlueArgumentError for one that is missing.
    """
    parser = _Parser(add_help=False, allow_abbrev=False, prog="awsglue")
    for name in dict.fromkeys(options):
        parser.add_argument(f"--{name}", dest=name, required=True)
    for name in RESERVED:
        if name not in options:
            parser.add_argument(f"--{name}")
    known, _ = parser.parse_known_args(_joined(list(args[1:]), options))
    return {name: value for name, value in vars(known).items() if value is not None}


def _joined(args: list[str], options: Sequence[str]) -> list[str]:
    """`--name value` as `--name=value`, so that a value may begin with a dash."""
    names = {f"--{name}" for name in options}
    joined: list[str] = []
    waiting = ""
    for arg in args:
        if waiting:
            joined.append(f"{waiting}={arg}")
            waiting = ""
        elif arg in names:
            waiting = arg
        else:
            joined.append(arg)
    return [*joined, waiting] if waiting else joined
