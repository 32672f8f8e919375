"""What a session's DefaultArguments mean (AWS Glue, "Job parameters"; aws-glue-sessions sends the same)."""

import re
from collections.abc import Mapping

from studiolo.domain import Invalid
from studiolo.sessions.model import SessionRequest

COMMANDS = ("glueetl", "gluestreaming")

SEPARATOR = re.compile(r"\s--conf[\s=]")

LATER = ("--extra-py-files", "--extra-jars", "--additional-python-modules")
"""Arguments that change what code sees, and are not carried out: refused, so that nobody thinks they were."""


def check_kind(asked: SessionRequest) -> None:
    """Raises Invalid for a kind of session that does not run here."""
    if asked.kind != "LIVY":
        raise Invalid(f"Session type {asked.kind} is not available yet; LIVY is.")
    if asked.command not in COMMANDS:
        raise Invalid(f"Command {asked.command} is not available here; {' and '.join(COMMANDS)} are, which run Spark.")
    if asked.python_version == "2":
        raise Invalid("Python 2 is not available; sessions run Python 3.")


def spark_conf(arguments: Mapping[str, str]) -> dict[str, str]:
    """The Spark settings of `--conf`. Raises Invalid for text that is no settings and for what cannot be honored."""
    for name in LATER:
        if arguments.get(name):
            raise Invalid(f"The session argument {name} is not available yet.")
    return parse_conf(arguments.get("--conf", ""))


def table_formats(arguments: Mapping[str, str]) -> tuple[str, ...]:
    """The table formats of `--datalake-formats`, a comma list, in one order and each once."""
    # %%configure may write the names of arguments as those of variables.
    text = arguments.get("--datalake-formats") or arguments.get("--datalake_formats") or ""
    return tuple(sorted({name.strip().lower() for name in text.split(",")} - {""}))


def parse_conf(text: str) -> dict[str, str]:
    """Settings as `--conf` has them: `spark.a=b --conf spark.c=d e` sets `spark.a` to `b` and `spark.c` to `d e`.

    Raises Invalid for a setting without `=` or one that is not Spark's.
    """
    settings = {}
    for piece in SEPARATOR.split(f" {text}"):
        setting = piece.strip()
        if not setting:
            continue
        key, equals, value = setting.partition("=")
        key = key.strip()
        if not equals or not key.startswith("spark.") or any(character.isspace() for character in key):
            raise Invalid(f"--conf takes settings like spark.sql.shuffle.partitions=8, and cannot read: {setting}")
        settings[key] = _unquoted(value.strip())
    return settings


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value
