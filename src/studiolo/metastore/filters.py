"""Hive's partition filters (the metastore's Filter.g) as conditions of the catalog.

Strings stand in either quotes and have no escapes but a backslash before a quote; LIKE takes a Java regular expression.
"""

import re

from studiolo.catalog import Among, And, Compare, Filter, Matches, Or, like, negate
from studiolo.domain import Invalid

TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>\d{4}-\d\d-\d\d\b|-?\d+(?:\.\d+)?)"""
    r"""|(?P<word>`[^`]+`|[^\W\d]\w*)|(?P<sign><>|!=|<=|>=|=|<|>|\(|\)|,))""",
    re.DOTALL,
)
SIGNS = {"=": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
SIMPLE = re.compile(r"(?:\.\*|[^\\\[\](){}|*+?^$])*")
PLAIN = re.compile(r"[\w \-=/:,%&@#~]*")
DEEPEST = 100


def condition(text: str) -> Filter | None:
    """What the filter says; None for an empty one, which all partitions satisfy. Raises Invalid."""
    if not text.strip():
        return None
    return _Reader(text).all()


class _Reader:
    """A recursive descent over the tokens of one filter."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        self._at = self._depth = 0
        at = 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise Invalid(f"The partition filter cannot be read from here on: {text[at:].strip()}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()

    def all(self) -> Filter:
        found = self._alternatives()
        if self._at < len(self._tokens):
            raise self._unreadable()
        return found

    def _alternatives(self) -> Filter:
        parts = [self._conjunction()]
        while self._takes("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Filter:
        parts = [self._term()]
        while self._takes("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _term(self) -> Filter:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Invalid(f"The partition filter is nested more than {DEEPEST} times.")
        try:
            if self._takes("not"):
                return negate(self._term())
            if self._takes("("):
                inner = self._alternatives()
                self._need(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Filter:
        if self._kind() != "word" or self._is_dated():
            value, sign = self._value(), SIGNS[self._sign()]
            return Compare(self._key(), TURNED.get(sign, sign), value)
        key = self._key()
        if self._kind() == "sign":
            return Compare(key, SIGNS[self._sign()], self._value())
        if self._takes("like"):
            return _matches(key, self._value())
        negated = self._takes("not")
        if self._takes("between"):
            low = self._value()
            self._need("and")
            between = And((Compare(key, ">=", low), Compare(key, "<=", self._value())))
            return negate(between) if negated else between
        self._need("in")
        self._need("(")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        self._need(")")
        return Among(key, tuple(values), negated)

    def _key(self) -> str:
        if self._kind() != "word":
            raise self._unreadable()
        return self._next().strip("`")

    def _sign(self) -> str:
        if self._kind() != "sign" or self._tokens[self._at][1] not in SIGNS:
            raise self._unreadable()
        return self._next()

    def _value(self) -> str:
        """A literal, without its quotes; DATE and TIMESTAMP before it say no more than the key's type does."""
        if self._is_dated():
            self._next()
        kind = self._kind()
        if kind not in ("string", "number"):
            raise self._unreadable()
        return self._next()[1:-1] if kind == "string" else self._next()

    def _is_dated(self) -> bool:
        following = self._tokens[self._at : self._at + 2]
        return len(following) == 2 and following[0][1].lower() in ("date", "timestamp") and following[1][0] == "string"

    def _kind(self) -> str | None:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else None

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _takes(self, word: str) -> bool:
        found = self._kind() in ("word", "sign") and self._tokens[self._at][1].lower() == word
        self._at += found
        return found

    def _need(self, word: str) -> None:
        if not self._takes(word):
            raise self._unreadable()

    def _unreadable(self) -> Invalid:
        where = " ".join(text for _, text in self._tokens[self._at :]) or "its end"
        return Invalid(f"The partition filter {self._text} cannot be read from here on: {where}")


def _matches(key: str, regex: str) -> Matches:
    """A Java regular expression: mostly text with `.` and `.*`, in which a dot is any character, as no value has lines."""
    if SIMPLE.fullmatch(regex):
        pattern = re.sub(r"[%_\\]", r"\\\g<0>", regex)
        return like(key, pattern.replace(".*", "%").replace(".", "_"))
    return Matches(key, f"(?s:{regex})", _prefix(regex))


def _prefix(regex: str) -> str:
    """The text that all that fits begins with, as far as it can be told at a glance."""
    literal = PLAIN.match(regex)
    prefix = literal[0] if literal else ""
    rest = regex[len(prefix) :]
    if "|" in rest:
        return ""
    # A quantifier is about the character before it.
    return prefix[:-1] if rest[:1] in ("*", "?", "+", "{") else prefix
