"""The arguments of a job."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from awsglue.job import Job

TEMPORARY = ("TempDir", "RedshiftTempDir")
"""Two names of one argument, which a job may do without."""
RESERVED = (
    *Job.id_params()[1:],
    *Job.job_bookmark_range_options(),
    "--enable-data-lineage",
)
"""Arguments with any value that Glue gives to jobs itself: a script must not ask for them."""
CHOSEN = (Job.job_bookmark_options(), Job.continuation_options(), Job.encryption_type_options())
"""The same, each with its values."""


class GlueArgumentError(Exception):
    """Arguments of a job that are missing or malformed."""


class GlueArgumentParser(argparse.ArgumentParser):
    """A parser that raises GlueArgumentError where another would end the process."""

    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, Any]:
    """The values of the named arguments in `sys.argv`, given as `--name value` or `--name=value`.

    Those that Glue gives itself are there too, None unless they were given; `job_bookmark_option` is
    "job-bookmark-disable" then. A dash in a name is an underscore in the answer. What else is among the arguments is
    passed over. Raises GlueArgumentError for one that is missing, RuntimeError for a name that is reserved.
    """
    parser = GlueArgumentParser(add_help=False, allow_abbrev=False, prog="awsglue")
    reserved = [*RESERVED, *[choice[0] for choice in CHOSEN]]
    for name in reserved:
        if name.removeprefix("--") in options:
            raise RuntimeError(f"Using reserved arguments {name.removeprefix('--')}")
    for name in RESERVED:
        parser.add_argument(name)
    for name, *values in CHOSEN:
        parser.add_argument(name, choices=values)
    for name in TEMPORARY:
        parser.add_argument(f"--{name}")
    asked = [name for name in dict.fromkeys(options) if name not in TEMPORARY]
    for name in asked:
        parser.add_argument(f"--{name}", required=True)
    known, _ = parser.parse_known_args(_joined(list(args[1:]), asked))
    return _settled(vars(known))


def _settled(found: dict[str, Any]) -> dict[str, Any]:
    """The temporary folder under both its names, and bookmarks by their newer argument."""
    folder = found["TempDir"] or found["RedshiftTempDir"]
    older = found.pop("continuation_option")
    bookmark = Job.job_bookmark_options()[Job.continuation_options().index(older) if older else 3]
    newer = found["job_bookmark_option"] or bookmark
    return {**found, "TempDir": folder, "RedshiftTempDir": folder, "job_bookmark_option": newer}


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
