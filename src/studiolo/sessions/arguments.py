"""What a session's DefaultArguments mean (AWS Glue, "Job parameters"; aws-glue-sessions sends the same)."""

import re
from collections.abc import Iterable, Mapping

from studiolo.domain import Invalid
from studiolo.engine import Extras, Language
from studiolo.engine.plan import CATALOG
from studiolo.engine.requirements import INSTALLER_OPTIONS, S3, VALUED, checked, on_web
from studiolo.sessions.model import SessionRequest

COMMANDS = ("glueetl", "gluestreaming")

SEPARATOR = re.compile(r"\s--conf[\s=]")

KINDS = ("LIVY", "SPARK_CONNECT")

ENGINE = "--spark-connect-engine"
ENGINES = ("spark", "sail")
LANGUAGE = "--session-language"
"""What the kernel *Glue Spark* sends for Scala."""
LANGUAGES: Mapping[str, Language] = {"python": "python", "scala": "scala"}
SPARKS_OWN = ("--conf", "--datalake-formats", "--extra-jars")
"""Arguments that mean something to Apache Spark alone."""

PYTHON_FILES = (".py", ".zip", ".egg", ".whl")


def check_kind(asked: SessionRequest) -> None:
    """Raises Invalid for a kind of session that does not run here."""
    if asked.kind not in KINDS:
        raise Invalid(f"Session type {asked.kind} is not available; {' and '.join(KINDS)} are.")
    if asked.command not in COMMANDS:
        raise Invalid(f"Command {asked.command} is not available here; {' and '.join(COMMANDS)} are, which run Spark.")
    if asked.python_version == "2":
        raise Invalid("Python 2 is not available; sessions run Python 3.")
    if language(asked.arguments) not in LANGUAGES:
        raise Invalid(f"{LANGUAGE} {language(asked.arguments)} is not available; {' and '.join(LANGUAGES)} are.")
    _check_engine(asked)


def language(arguments: Mapping[str, str]) -> str:
    """What a session's statements are written in where they do not say."""
    return arguments.get(LANGUAGE, "python").lower()


def on_sail(arguments: Mapping[str, str]) -> bool:
    """Whether a session of type SPARK_CONNECT is to run on Sail instead of Apache Spark."""
    return _argument(arguments, ENGINE) == ["sail"]


def _check_engine(asked: SessionRequest) -> None:
    """Raises Invalid for an engine that is not here, or that cannot do what else is asked for."""
    engine = ",".join(_argument(asked.arguments, ENGINE)) or "spark"
    if engine not in ENGINES:
        raise Invalid(f"{ENGINE} {engine} is not available; {' and '.join(ENGINES)} are.")
    if engine == "spark":
        return
    if asked.kind != "SPARK_CONNECT":
        raise Invalid(f"{ENGINE} sail is for sessions of type SPARK_CONNECT, and this one is of type {asked.kind}.")
    if unknown := [name for name in SPARKS_OWN if _argument(asked.arguments, name)]:
        raise Invalid(f"{', '.join(unknown)} is for Apache Spark: a session on Sail cannot take it.")


def spark_conf(arguments: Mapping[str, str]) -> dict[str, str]:
    """The Spark settings of `--conf`, and of `--enable-glue-datacatalog` where that is false.

    Raises Invalid for text that is no settings.
    """
    without = arguments.get("--enable-glue-datacatalog", "").lower() == "false"
    return {**({CATALOG: "in-memory"} if without else {}), **parse_conf(arguments.get("--conf", ""))}


def table_formats(arguments: Mapping[str, str]) -> tuple[str, ...]:
    """The table formats of `--datalake-formats`, a comma list, in one order and each once."""
    return tuple(sorted({name.lower() for name in _argument(arguments, "--datalake-formats")}))


def extras(arguments: Mapping[str, str]) -> Extras:
    """What the arguments ask for beside settings. Raises Invalid for what is no module and no file in S3."""
    listed, options = _installer_options(arguments.get("--python-modules-installer-option", ""))
    return Extras(
        modules=tuple(_modules(_argument(arguments, "--additional-python-modules"))),
        listed=listed,
        options=options,
        py_files=_files(arguments, "--extra-py-files", PYTHON_FILES),
        jars=_files(arguments, "--extra-jars", (".jar",)),
        files=_files(arguments, "--extra-files", ()),
        sail=on_sail(arguments),
    )


def _argument(arguments: Mapping[str, str], name: str) -> list[str]:
    """The values of a comma list; `%%configure` writes the names of arguments as those of variables."""
    text = arguments.get(name) or arguments.get("--" + name[2:].replace("-", "_")) or ""
    text = text.strip()
    text = text[1:].removesuffix("]") if text.startswith("[") else text
    values = [value.strip().strip("'\"") for value in text.split(",")]
    return [value for value in values if value]


def _modules(pieces: Iterable[str]) -> list[str]:
    """The requests of a comma list in which `name[a,b]` and `name>=1,<2` have commas too."""
    found: list[str] = []
    for piece in pieces:
        if found and (piece[0] in "<>=!~" or _open(found[-1])):
            found[-1] += f",{piece}"
        elif piece.startswith("-"):
            raise Invalid(f"--additional-python-modules takes modules, and {piece} is an option.")
        else:
            found.append(piece)
    if found and _open(found[-1]):
        # The notebook kernel takes a `]` at the end of the list for the list's own.
        found[-1] += "]"
    return [module if module.startswith(S3) else checked(module) for module in found]


def _open(request: str) -> bool:
    """Whether a bracket of it is not closed."""
    return request.count("[") > request.count("]")


def _installer_options(text: str) -> tuple[bool, tuple[str, ...]]:
    """Whether modules are files of requirements, and the other options as uv knows them."""
    listed, options = False, []
    words = iter(re.sub(r"(^|\s)(--[a-z-]+)=", r"\1\2 ", text).split())
    for word in words:
        if word in ("-r", "--requirement"):
            listed = True
        elif word not in INSTALLER_OPTIONS:
            known = ", ".join(("-r", *INSTALLER_OPTIONS))
            raise Invalid(f"--python-modules-installer-option {word} is not available; available are {known}.")
        elif word in VALUED:
            options += [word, on_web(word, next(words, ""))]
        else:
            options += ["--prerelease", "allow"] if word == "--pre" else [word]
    return listed, tuple(options)


def _files(arguments: Mapping[str, str], name: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses of a comma list of objects."""
    addresses = _argument(arguments, name)
    for address in addresses:
        scheme, _, rest = address.partition("://")
        if scheme not in ("s3", "s3a") or not rest.partition("/")[2]:
            raise Invalid(f"{name} takes objects in S3 such as s3://bucket/key, and cannot read: {address}")
        if kinds and not address.endswith(kinds):
            raise Invalid(f"{name} takes files that end in {' or '.join(kinds)}, and {address} does not.")
    return tuple(addresses)


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
