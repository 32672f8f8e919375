"""Delimited text as its readers understand it: what runs on Spark's workers for CSV and for Hive's SerDes.

Like `records`, the module travels with what is sent to workers, by value: it uses nothing but Python's own library.
"""

import base64
import bz2
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

LINE_END = re.compile("\r\n|\r|\n")
KNOWN_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
"""What an escaper makes of the letter behind it ("Using the CSV format in AWS Glue"); others stand for themselves."""
HIVE_ESCAPES = {"n": "\n", "r": "\r"}
"""The same in Hive's LazySimpleSerDe."""
COMPRESSIONS = {"gz": "gzip", "bz2": "bzip2", "deflate": "deflate", "snappy": "snappy", "lz4": "lz4", "zst": "zstd"}
"""By what files' names end, as Hadoop has it."""
INDENT = " \t"
_BASE64 = re.compile(r"[\w+/=\s-]*", re.ASCII)
"""Standard and for URLs."""

Fields = list["str | None"]
Tree = tuple[Any, ...]
"""A type of Hive's text: ("text",), ("bytes",), ("array", tree), ("map", tree, tree) or ("struct", tree, tree, …).

Behind "text" may be the regular expression of those that are values.
"""


@dataclass(frozen=True)
class Dialect:
    """How a line is made of fields, after one of three readers.

    `hive` is LazySimpleSerDe: no quotes, an escape anywhere, a field that is written as `null` is null.
    `opencsv` is OpenCSVSerde, which knows no nulls. `glue` is Glue's reader: fields in quotes, in which a doubled
    quote is one; an escape anywhere; a field without quotes that is written as `null` is null.
    An empty quote or escape means that there is none. `most` fields are parted, the last one takes the rest.
    """

    reader: str
    separator: str
    quote: str = ""
    escape: str = ""
    null: str = ""
    most: int = -1


def fields_of(line: "str | None", dialect: Dialect, raw: Sequence[int] = ()) -> "Fields | None":
    """A line's fields; those at the positions `raw` with their escapes. None for a line without any."""
    if line is None:
        return None
    if dialect.reader == "opencsv":
        return _of_opencsv(line, dialect)
    if dialect.reader == "hive":
        return _of_hive(line, dialect, raw)
    return next(records_of(line, dialect, whole=False), None)


def _of_hive(line: str, dialect: Dialect, raw: Sequence[int]) -> Fields:
    pieces = _parted(line, dialect.separator, dialect.escape, dialect.most)
    return [
        None if piece == dialect.null else piece if position in raw else unescaped(piece, dialect.escape)
        for position, piece in enumerate(pieces)
    ]


def _parted(text: str, separator: str, escape: str, most: int = -1) -> list[str]:
    """The text parted where the separator stands without an escape before it; the escapes stay."""
    if not escape or escape not in text:
        return text.split(separator, most - 1 if most > 0 else -1)
    pieces: list[str] = []
    start = at = 0
    while at < len(text):
        if text[at] == escape:
            at += 2
        elif text[at] == separator and len(pieces) + 1 != most:
            pieces.append(text[start:at])
            at += 1
            start = at
        else:
            at += 1
    return [*pieces, text[start:]]


def unescaped(text: str, escape: str) -> str:
    """The text without its escapes, as LazySimpleSerDe has it."""
    if not escape or escape not in text:
        return text
    made, at = [], 0
    while at < len(text):
        if text[at] == escape and at + 1 < len(text):
            at += 1
            made.append(HIVE_ESCAPES.get(text[at], text[at]))
        else:
            made.append(text[at])
        at += 1
    return "".join(made)


def nested(text: "str | None", tree: Tree, separators: str, escape: str, null: str) -> Any:
    """An array, map or struct of Hive's text; `separators` part it, one a level. Leaves are texts, or bytes."""
    if text is None:
        return None
    return _nested(text, tree, separators, escape, null)


def _nested(text: str, tree: Tree, separators: str, escape: str, null: str) -> Any:
    if text == null:
        return None
    kind, *parts = tree
    if kind == "text":
        plain = unescaped(text, escape)
        return plain if not parts or re.fullmatch(parts[0], plain) else None
    if kind == "bytes":
        return of_base64(unescaped(text, escape))
    pieces = _parted(text, separators[0], escape)
    if kind == "array":
        return [_nested(piece, parts[0], separators[1:], escape, null) for piece in pieces] if text else []
    if kind == "struct":
        held = [_nested(piece, part, separators[1:], escape, null) for piece, part in zip(pieces, parts, strict=False)]
        return (*held, *[None] * (len(parts) - len(held)))
    return _map(pieces, parts, separators, escape, null) if text else {}


def _map(pieces: Sequence[str], parts: Sequence[Tree], separators: str, escape: str, null: str) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for piece in pieces:
        key, *rest = _parted(piece, separators[1], escape, 2)
        name = _nested(key, parts[0], separators[2:], escape, null)
        if name is not None and name not in made:
            made[name] = _nested(rest[0], parts[1], separators[2:], escape, null) if rest else None
    return made


def of_base64(text: "str | None") -> "bytes | None":
    """The bytes that Hive's text of a `binary` means: those of Base64, however it ends; else those of the text itself."""
    if text is None or not _BASE64.fullmatch(text):
        return None if text is None else text.encode()
    letters = "".join(text.partition("=")[0].split()).replace("-", "+").replace("_", "/")
    whole = letters[:-1] if len(letters) % 4 == 1 else letters
    return base64.b64decode(whole + "=" * (-len(whole) % 4))


def _of_opencsv(line: str, dialect: Dialect) -> "Fields | None":
    """The fields as the parser of opencsv 2.3 gives them, which is what OpenCSVSerde has inside.

    A field whose quotes do not end is not there; an escape outside of quotes, or before what needs none, is dropped.
    """
    if not line:
        return None
    quote, escape, separator = dialect.quote, dialect.escape, dialect.separator
    found: Fields = []
    made: list[str] = []
    quoted = inside = False
    at, size = 0, len(line)
    while at < size:
        letter = line[at]
        after = line[at + 1] if at + 1 < size else ""
        if letter == escape:
            if (quoted or inside) and after and after in (quote, escape):
                made.append(after)
                at += 1
        elif letter == quote:
            if (quoted or inside) and after == quote:
                made.append(quote)
                at += 1
            else:
                quoted = not quoted
                if at > 2 and line[at - 1] != separator and after and after != separator:
                    if made and not "".join(made).strip():
                        made.clear()
                    else:
                        made.append(letter)
                inside = not inside
        elif letter == separator and not quoted:
            found.append("".join(made))
            made.clear()
            inside = False
        else:
            made.append(letter)
            inside = True
        at += 1
    return found if quoted else [*found, "".join(made)]


def records_of(text: str, dialect: Dialect, *, whole: bool = True) -> Iterator[Fields]:
    """The records of a text as Glue's reader parts them; a text that is not `whole` is one line. Empty lines are none."""
    at, size = 0, len(text)
    record: Fields = []
    while at < size:
        value, at = _field(text, at, dialect, whole)
        record.append(value)
        if at < size and text[at] not in "\r\n":
            at += len(dialect.separator)
            if at < size:
                continue
            record.append(_unquoted("", dialect))
        elif at < size:
            at += 2 if text.startswith("\r\n", at) else 1
        if record != [_unquoted("", dialect)]:
            yield record
        record = []


def _unquoted(text: str, dialect: Dialect) -> "str | None":
    return None if text == dialect.null else text


def _field(text: str, start: int, dialect: Dialect, whole: bool) -> "tuple[str | None, int]":
    """The field that begins here, and where it ends: at a separator, a line's end or the end."""
    quote, escape, separator = dialect.quote, dialect.escape, dialect.separator
    made: list[str] = []
    at, size = start, len(text)
    within = was_quoted = bool(quote) and text.startswith(quote, at)
    at += 1 if within else 0
    escapes = False
    while at < size:
        letter = text[at]
        if escape and letter == escape and at + 1 < size:
            made.append(KNOWN_ESCAPES.get(text[at + 1], text[at + 1]))
            escapes = True
            at += 2
        elif within and letter == quote:
            within = text.startswith(quote, at + 1)
            made += [quote] if within else []
            at += 2 if within else 1
        elif not within and (text.startswith(separator, at) or (whole and letter in "\r\n")):
            break
        else:
            made.append(letter)
            at += 1
    value = "".join(made)
    return (value if was_quoted or escapes else _unquoted(value, dialect)), at


def opened(content: bytes, compression: str, name: str = "") -> bytes:
    """A file's bytes as they were before compression, of the kind that is given, or else as its name says.

    Raises ValueError for a file that is not compressed so, and for a kind that is only read line by line.
    """
    ending = name.rpartition("/")[2].rpartition(".")[2]
    compression = compression or COMPRESSIONS.get(ending, "")
    if not compression or not content:
        return content
    try:
        if compression == "gzip":
            return gzip.GzipFile(fileobj=io.BytesIO(content)).read()
        if compression == "bzip2":
            return bz2.decompress(content)
        if compression == "deflate":
            return zlib.decompress(content)
        raise ValueError(
            f"The file {name} is compressed with {compression}: as a whole gzip, bzip2 and deflate are read."
        )
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"The file {name} is not compressed with {compression}: {error}.") from None


def lines_of(text: str, header: int, footer: int) -> list[str]:
    """A file's lines, without so many at its begin and its end."""
    lines = LINE_END.split(text)
    if lines and not lines[-1]:
        lines.pop()
    return lines[header : len(lines) - footer if footer else None]


def read_files(
    rows: Iterable[Any], compression: str, encoding: str, make: Callable[[str], Iterable[Any]]
) -> Iterator[tuple[Any, ...]]:
    """What `make` finds in the text of each file of rows `(path, content, others …)`, with the path and the others."""
    for path, content, *others in rows:
        text = opened(bytes(content), compression, path).decode(encoding, errors="replace")
        for made in make(text):
            yield (path, made, *others)


def whole_text(text: str) -> list[str]:
    """A file's text, whole."""
    return [text]


def records_after(text: str, dialect: Dialect, header: int) -> Iterator[Fields]:
    """The records of a whole text after so many of them."""
    return itertools.islice(records_of(text, dialect), header, None)


def headed(rows: Iterable[Any], header: str) -> Iterator[tuple[Any, ...]]:
    """Lines `(line, partition columns …)` with a header before the first; of each partition, when there are any.

    The lines of a partition are one text then, since Spark sorts them before it writes them.
    """
    parts: dict[tuple[Any, ...], list[str]] = {}
    begun = False
    for line, *keys in rows:
        if keys:
            parts.setdefault(tuple(keys), [header]).append(line)
            continue
        if not begun:
            yield (header,)
        begun = True
        yield (line,)
    for values, text in parts.items():
        yield ("\n".join(text), *values)
