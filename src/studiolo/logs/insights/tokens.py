"""The words of a Logs Insights query, with their places."""

import re
from dataclasses import dataclass

from studiolo.domain import Invalid

_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<quoted>`[^`]*`)
    |(?P<span>[0-9]+(?:ms|s|m|h|d|w|mo|q|y)\b)
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<operator>=~|!=|<=|>=|=|<|>)
    |(?P<mark>[|,()\[\]+*/^%-])
    |(?P<word>[@A-Za-z_$][\w@$]*(?:\.[\w@$]+)*)""",
    re.VERBOSE,
)
_BLANK = re.compile(r"(?:\s|\#[^\n]*)*")
_REGEX = re.compile(r"/((?:\\.|[^/\\])+)/")


class Malformed(Invalid):
    """A query that cannot be read: the characters from `start` up to `end` are not what they should be."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query, of a kind (`end` behind the last), from one character up to another."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The word in small letters, empty for what is none."""
        return self.text.lower() if self.kind == "word" else ""


class Tokens:
    """Goes over a query's tokens. A slash begins a regular expression where one is asked for, else it divides."""

    def __init__(self, query: str) -> None:
        self.query = query
        self._place = self._after_blank(0)
        self._next: Token | None = None

    @property
    def place(self) -> int:
        """The character at which comes what is next."""
        return self._place

    def comes(self, mark: str) -> bool:
        """Whether the mark comes next, which is left there."""
        return self.peek().kind == "mark" and self.peek().text == mark

    def peek(self) -> Token:
        """What comes next. Raises Malformed."""
        if self._next is None:
            self._next = self._read()
        return self._next

    def take(self) -> Token:
        """What comes next, which is passed then."""
        token = self.peek()
        self._place, self._next = self._after_blank(token.end), None
        return token

    def accept(self, *texts: str) -> str | None:
        """Take the word or mark, if it is one of these and comes next."""
        token = self.peek()
        text = token.word or (token.text if token.kind in ("mark", "operator") else "")
        if text not in texts:
            return None
        self.take()
        return text

    def need(self, text: str) -> None:
        """Take the word or mark. Raises Malformed."""
        if self.accept(text) is None:
            raise self.expected(text)

    def regex(self) -> str | None:
        """Take a regular expression between slashes, if one comes next."""
        found = _REGEX.match(self.query, self._place)
        if found is None:
            return None
        self._place, self._next = self._after_blank(found.end()), None
        return found[1]

    def expected(self, what: str) -> Malformed:
        """The refusal of what comes next."""
        token = self.peek()
        found = "end of query" if token.kind == "end" else f"unexpected symbol found {token.text}"
        return Malformed(
            f"{found} at line {self.query.count(chr(10), 0, token.start) + 1} and position "
            f"{token.start - self.query.rfind(chr(10), 0, token.start) - 1}: it needs {what}",
            token.start,
            max(token.end, token.start + 1),
        )

    def since(self, start: int) -> str:
        """The query's text from a character up to what comes next."""
        return self.query[start : self.peek().start].strip()

    def _read(self) -> Token:
        if self._place >= len(self.query):
            return Token("end", "", len(self.query), len(self.query))
        found = _TOKEN.match(self.query, self._place)
        if found is None:
            raise Malformed(
                f"unexpected symbol found {self.query[self._place]} at position {self._place}",
                self._place,
                self._place + 1,
            )
        return Token(found.lastgroup or "", found[0], found.start(), found.end())

    def _after_blank(self, place: int) -> int:
        blank = _BLANK.match(self.query, place)
        return blank.end() if blank else place


def unquoted(text: str) -> str:
    """What stands between quotes, a backslash before a quote or a backslash taken off."""
    return re.sub(r"\\([\\\"'])", r"\1", text[1:-1])
