"""How the files of a table of text are to be read: by its SerDe and parameters, as Hive, Athena and Glue have them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from awsglue.catalog import CatalogTable
from awsglue.columns import Node, nodes_of
from awsglue.combining import selected
from awsglue.delimited import Dialect
from awsglue.errors import NotSupported
from awsglue.files import Files, compression_of
from awsglue.formats import SERDES, check_serde
from awsglue.options import truth
from awsglue.stages import Data
from awsglue.textlines import Lines

LEVELS = "".join(map(chr, range(1, 9)))
"""What parts a row's fields, the items of an array or map, a map's keys and values, and what is deeper, in Hive."""


def reader_of(table: CatalogTable) -> str:
    """What reads the table: `hive`, `opencsv`, `glue` or `regex` for lines, `json`, or `spark` for the rest.

    A crawler's table of CSV says `classification` csv and has LazySimpleSerDe, which knows no quotes: Glue reads it by
    its own reader, which does (github.com/awslabs/aws-glue-libs/issues/2).
    """
    if table.provider:
        return "spark"
    known = SERDES.get(table.serde)
    reader = known.reader if known else ""
    if reader == "hive":
        return "glue" if table.format == "csv" and _quotes(table) else "json" if table.format == "json" else "hive"
    if reader in ("opencsv", "regex", "json"):
        return reader
    return {"csv": "glue", "json": "json"}.get(table.format, "spark")


def _quotes(table: CatalogTable) -> bool:
    return table.parameters.get("classification", "").lower() == "csv" or "quoteChar" in table.parameters


def check(table: CatalogTable) -> None:
    """Raises NotSupported for a SerDe, or a parameter of it, that is not carried out."""
    if not table.provider:
        check_serde(table.name, table.serde, table.serde_parameters)
    if reader_of(table) in ("spark", "json"):
        for name in ("skip.header.line.count", "skip.footer.line.count"):
            if _count(table, name):
                raise NotSupported(
                    f"The parameter {name} of the table {table.name} is not supported: its {table.format or 'files'} "
                    "is not read line by line."
                )


TOLD = {"separator": ("field.delim", "separatorChar"), "quoteChar": ("quoteChar",), "encoding": ("serialization.encoding",),
        "escaper": ("escape.delim", "escapeChar"), "withHeader": ("skip.header.line.count",)}  # fmt: skip
"""Options of CSV, and the parameters of a table's that they are given in place of."""
ALSO = {"attachFilename", "attachTimestamp", "optimizePerformance", "strictCheckForQuoting", "writeHeader"}


def told(table: CatalogTable, options: Mapping[str, Any]) -> CatalogTable:
    """The table with what the options of a read of CSV say in place of its parameters.

    Raises NotSupported for one that a table's text is not read by.
    """
    if table.format != "csv":
        return table
    own = {}
    for name, value in options.items():
        if name not in TOLD and name not in ALSO:
            raise NotSupported(
                f"The option {name} is not supported for the table {table.name}: read its files by from_options."
            )
        text = str(int(truth(value))) if name == "withHeader" else str(value)
        own.update(dict.fromkeys(TOLD.get(name, ()), text))
    return replace(table, parameters={**table.parameters, **own})


def _parameter(table: CatalogTable, *names: str) -> str:
    """The first of these that the table has: Hive gives a SerDe the table's own parameters too."""
    return next((table.parameters[name] for name in names if table.parameters.get(name)), "")


def _count(table: CatalogTable, name: str) -> int:
    text = _parameter(table, name) or "0"
    if not text.strip().isdigit():
        raise ValueError(f"The parameter {name} of the table {table.name} is {text!r}, which is no number of lines.")
    return int(text)


def byte(text: str) -> str:
    """A separator as LazySimpleSerDe takes it: the number of a byte, or the first character of the text."""
    return chr(int(text) % 256) if text.lstrip("-").isdigit() and -128 <= int(text) <= 127 else text[:1]


def dialect_of(table: CatalogTable) -> Dialect:
    """How the table's lines are parted into fields."""
    reader = reader_of(table)
    if reader == "opencsv":
        escape = (_parameter(table, "escapeChar") or '"')[0]
        # The class takes its default, a quote, for "say nothing": opencsv's own default is a backslash.
        escape = "\\" if escape == '"' else escape
        quote = (_parameter(table, "quoteChar") or '"')[0]
        return Dialect("opencsv", (_parameter(table, "separatorChar") or ",")[0], quote, escape)
    null = table.parameters.get("serialization.null.format", "\\N")
    if reader == "hive":
        separator = byte(_parameter(table, "field.delim", "serialization.format") or LEVELS[0])
        rest = _parameter(table, "serialization.last.column.takes.rest").lower() == "true"
        most = len(table.data_columns) if rest else -1
        return Dialect("hive", separator, "", byte(_parameter(table, "escape.delim")), null, most)
    separator = _parameter(table, "field.delim", "separatorChar", "delimiter", "sep") or ","
    quote = _parameter(table, "quoteChar", "quote") or '"'
    escape = _parameter(table, "escape.delim", "escapeChar", "escape")
    escape = "" if escape == quote else escape[:1]
    return Dialect("glue", separator, "" if quote == "-1" else quote[:1], escape, null)


def separators_of(table: CatalogTable) -> str:
    """What parts the levels of an array, map or struct within a field, from the outermost on."""
    items = _parameter(table, "collection.delim", "colelction.delim")
    keys = _parameter(table, "mapkey.delim")
    return (byte(items) if items else LEVELS[1]) + (byte(keys) if keys else LEVELS[2]) + LEVELS[3:]


def timestamps_of(table: CatalogTable) -> list[str]:
    """The patterns of the table's timestamps, beside Spark's own."""
    return [pattern for pattern in _parameter(table, "timestamp.formats").split(",") if pattern]


def files_of(table: CatalogTable, files: Files, options: Mapping[str, Any]) -> Files:
    """The table's files with what its parameters (and the options of a read) say of lines, encoding and compression."""
    header = _count(table, "skip.header.line.count")
    if not table.serde and table.parameters.get("header", "").lower() == "true":
        header = header or 1
    return replace(
        files,
        header=header,
        footer=_count(table, "skip.footer.line.count"),
        encoding=_parameter(table, "serialization.encoding") or "UTF-8",
        compression=compression_of(options.get("compressionType") or _parameter(table, "compressionType")),
    )


def regex_of(table: CatalogTable) -> str:
    """The expression of RegexSerDe, which a whole line must match. Raises ValueError when there is none."""
    text = _parameter(table, "input.regex")
    if not text:
        raise ValueError(f"The table {table.name} has a RegexSerDe without its parameter input.regex.")
    folded = _parameter(table, "input.regex.case.insensitive").lower() == "true"
    return f"(?s{'i' if folded else ''})\\A(?:{text})\\z"


def renames_of(table: CatalogTable) -> dict[str, str]:
    """The columns of JSON's fields that have other names there: `mapping.column` = field, of the openx SerDe."""
    return {
        value: key.removeprefix("mapping.")
        for key, value in table.serde_parameters.items()
        if key.startswith("mapping.")
    }


def dots_in_keys(table: CatalogTable) -> bool:
    """Whether dots in the names of JSON's fields are underscores in those of columns, of the openx SerDe."""
    return table.serde_parameters.get("dots.in.keys", "").lower() == "true"


def lines_of(table: CatalogTable) -> Lines:
    """How records are written into the table's files. Raises NotSupported for what cannot be written."""
    reader = reader_of(table)
    header = _count(table, "skip.header.line.count")
    if not table.serde and table.parameters.get("header", "").lower() == "true":
        header = header or 1
    encoding = _parameter(table, "serialization.encoding") or "UTF-8"
    for name, known in (
        ("skip.header.line.count", header <= 1),
        ("skip.footer.line.count", not _count(table, "skip.footer.line.count")),
        ("serialization.encoding", encoding.upper() in ("UTF-8", "UTF8")),
        ("timestamp.formats", not timestamps_of(table)),
    ):
        if not known:
            raise NotSupported(
                f"The table {table.name} cannot be written to with its parameter {name} = {_parameter(table, name)!r}."
            )
    if reader == "regex":
        raise NotSupported(f"The table {table.name} cannot be written to: its RegexSerDe reads only.")
    return Lines(dialect_of(table), bool(header), separators_of(table) if reader in ("hive", "glue") else "")


def renamed(data: Data, table: CatalogTable) -> Data:
    """The records with the names that the table's files have for its columns."""
    files = {column: field for field, column in renames_of(table).items()}
    nodes = [Node(files.get(node.name, node.name), node.column, node.kind) for node in nodes_of(data.schema)]
    return selected(data.dataframe, nodes) if files else data
