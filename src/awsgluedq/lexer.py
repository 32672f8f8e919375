"""The words of DQDL."""

import re
from dataclasses import dataclass


class RulesetError(ValueError):
    """A ruleset that is not DQDL, or asks for what is not here."""


WORDS = re.compile(
    r"""
      (?P<space>\s+ | \#[^\n]* | //[^\n]*)
    | (?P<text>"(?:\\"|[^"])*")
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<constant>\$[A-Za-z_]\w*)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>!=|>=|<=|[=><\[\](){},:+\-*/])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A word: its kind (text, number, constant, name, sign, end), what it says, and where it stands."""

    kind: str
    value: str
    start: int
    end: int

    def is_(self, *words: str) -> bool:
        """Whether it is one of these names or signs, whatever the case."""
        return self.kind in ("name", "sign") and self.value.lower() in words

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f'"{self.value}"' if self.kind == "text" else self.value


def words_of(document: str) -> list[Token]:
    """The words of a document, and one for its end. Raises RulesetError."""
    tokens, position = [], 0
    while position < len(document):
        found = WORDS.match(document, position)
        if found is None:
            what = "a text whose quotes do not end" if document[position] == '"' else repr(document[position])
            raise RulesetError(f"Line {line_of(document, position)} of the ruleset: {what}, which is not DQDL.")
        kind = str(found.lastgroup)
        if kind != "space":
            value = found.group()
            value = value[1:-1].replace('\\"', '"') if kind == "text" else value
            tokens.append(Token(kind, value, position, found.end()))
        position = found.end()
    return [*tokens, Token("end", "", len(document), len(document))]


def line_of(document: str, position: int) -> int:
    """The number of the line that a position is on, from 1."""
    return document.count("\n", 0, position) + 1


def tidy(source: str) -> str:
    """A piece of a document without its comments, and with one space for each stretch of white space."""
    tidied = ""
    for word in WORDS.finditer(source):
        if word.lastgroup != "space":
            tidied += word.group()
        elif not tidied.endswith(" "):
            tidied += " "
    return tidied.strip()
