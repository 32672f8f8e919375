"""The language of GetPartitions' Expression (Glue API Reference, GetPartitions), read into a filter.

    condition  := conjunction (OR conjunction)*
    conjunction := negation (AND negation)*
    negation   := NOT negation | ( condition ) | comparison
    comparison := key (= | <> | != | < | <= | > | >=) literal | literal operator key
                | key [NOT] BETWEEN literal AND literal | key [NOT] IN ( literal, … ) | key [NOT] LIKE literal
                | key IS [NOT] NULL
    literal    := 'text' | number | 2024-01-31 | DATE 'text' | TIMESTAMP 'text'

A key may stand in double quotes or backticks; what stands in double quotes and is no partition key is a text.
"""

import re
from dataclasses import dataclass

from studiolo.catalog.filters import Among, And, Compare, Filter, IsNull, Keys, Or, like, negate
from studiolo.domain import Invalid

DEEPEST = 50
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    |(?P<number>[+-]?(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)(?![\w]))
    |(?P<operator><=|>=|<>|!=|==|=|<|>)
    |(?P<mark>[(),])
    |(?P<word>\w+))""",
    re.VERBOSE,
)
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN", "LIKE", "IS", "NULL"})


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int

    @property
    def word(self) -> str:
        """The word in capitals, empty for what is none."""
        return self.text.upper() if self.kind == "word" else ""


def parse(expression: str, keys: Keys) -> Filter:
    """Raises Invalid with what was expected, and where."""
    return _Parser(expression, keys).whole()


class _Parser:
    def __init__(self, expression: str, keys: Keys) -> None:
        self._expression = expression
        self._keys = keys
        self._tokens = _tokens(expression)
        self._next = 0
        self._depth = 0

    def whole(self) -> Filter:
        condition = self._condition()
        if self._peek().kind != "end":
            raise self._expected("AND, OR or the end")
        return condition

    def _condition(self) -> Filter:
        parts = [self._conjunction()]
        while self._accept("OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self) -> Filter:
        parts = [self._negation()]
        while self._accept("AND"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negation(self) -> Filter:
        negated = False
        while self._accept("NOT"):
            negated = not negated
        condition = self._parenthesized() if self._peek().text == "(" else self._comparison()
        return negate(condition) if negated else condition

    def _parenthesized(self) -> Filter:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Invalid(f"The expression has more than {DEEPEST} parentheses within each other.")
        self._mark("(")
        condition = self._condition()
        self._mark(")")
        self._depth -= 1
        return condition

    def _comparison(self) -> Filter:
        if not self._is_key(self._peek()):
            value = self._literal("a partition key")
            operator = _FLIPPED[self._operator()]
            return Compare(self._key(), operator, value)
        key = self._key()
        if self._accept("IS"):
            negated = self._accept("NOT")
            self._keyword("NULL")
            return IsNull(key, negated)
        negated = self._accept("NOT")
        if self._accept("BETWEEN"):
            low = self._literal()
            self._keyword("AND")
            both = And((Compare(key, ">=", low), Compare(key, "<=", self._literal())))
            return negate(both) if negated else both
        if self._accept("IN"):
            return Among(key, self._list(), negated)
        if self._accept("LIKE"):
            return like(key, self._literal(), negated=negated)
        if negated:
            raise self._expected("BETWEEN, IN or LIKE")
        return Compare(key, self._operator(), self._literal())

    def _list(self) -> tuple[str, ...]:
        self._mark("(")
        values = [self._literal()]
        while self._peek().text == "," and self._peek().kind == "mark":
            self._take()
            values.append(self._literal())
        self._mark(")")
        return tuple(values)

    def _is_key(self, token: _Token) -> bool:
        if token.kind == "quoted":
            return token.text[0] == "`" or _unquoted(token.text) in self._keys
        if token.word in ("DATE", "TIMESTAMP") and self._tokens[self._next + 1].kind in ("text", "quoted"):
            return False
        return token.kind == "word" and token.word not in _WORDS

    def _key(self) -> str:
        token = self._peek()
        if not self._is_key(token):
            raise self._expected("a partition key")
        self._take()
        name = _unquoted(token.text) if token.kind == "quoted" else token.text
        self._keys.find(name)
        return name

    def _literal(self, expected: str = "a value") -> str:
        if self._peek().word in ("DATE", "TIMESTAMP"):
            self._take()
        token = self._peek()
        if token.kind == "number":
            return self._take().text
        if token.kind in ("text", "quoted") and token.text[0] != "`":
            return _unquoted(self._take().text)
        raise self._expected(expected)

    def _operator(self) -> str:
        token = self._peek()
        if token.kind != "operator":
            raise self._expected("=, <>, <, <=, >, >=, BETWEEN, IN, LIKE or IS")
        self._take()
        return {"!=": "<>", "==": "="}.get(token.text, token.text)

    def _mark(self, mark: str) -> None:
        if self._peek().kind != "mark" or self._peek().text != mark:
            raise self._expected(repr(mark))
        self._take()

    def _keyword(self, word: str) -> None:
        if not self._accept(word):
            raise self._expected(word)

    def _accept(self, word: str) -> bool:
        if self._peek().word != word:
            return False
        self._take()
        return True

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _expected(self, what: str) -> Invalid:
        token = self._peek()
        found = "it ends" if token.kind == "end" else f"there is {token.text!r}"
        return Invalid(
            f"The expression {self._expression!r} needs {what} at character {token.place + 1}, where {found}."
        )


def _tokens(expression: str) -> list[_Token]:
    found, place, end = [], 0, len(expression.rstrip())
    while place < end:
        match = _TOKEN.match(expression, place)
        if match is None:
            rest = expression[place:].lstrip()
            raise Invalid(f"The expression {expression!r} cannot be read from {rest[:30]!r} on.")
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind)))
        place = match.end()
    return [*found, _Token("end", "", len(expression))]


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)
