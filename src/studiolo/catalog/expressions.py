"""The language of GetPartitions' Expression (Glue API Reference, GetPartitions), read into a filter.

    condition   := conjunction (OR conjunction)*
    conjunction := negation ((AND | &&) negation)*
    negation    := (NOT | !)* predicate
    predicate   := ( condition ) | operand operator operand | operand IS [NOT] NULL
                 | operand [NOT] BETWEEN operand AND operand | operand [NOT] IN ( operand, … )
                 | operand [NOT] LIKE operand [ESCAPE 'c']
    operator    := = | == | <> | != | ^= | < | <= | > | >=
    operand     := ( operand ) | key | literal
    literal     := 'text' | [+|-] number | DATE 'text' | TIMESTAMP 'text' | {d 'text'} | {ts 'text'}

That is what Glue takes of the SQL that its parser, JSQLParser, reads: a predicate is of one key and literals. What else
is SQL (arithmetic, functions, a key against a key) is refused as an unsupported expression, by its text.

A key may stand in double quotes or backticks; what stands in double quotes and is no partition key is a text. Comments
are SQL's, `-- …` to the end of the line and `/* … */`.
"""

import re
from dataclasses import dataclass

from studiolo.catalog.filters import Among, And, Compare, Filter, IsNull, Keys, Or, like, negate
from studiolo.domain import Invalid

DEEPEST = 50
_BLANK = re.compile(r"(?:\s|--[^\r\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w]))
    |(?P<operator><\s*=|>\s*=|<\s*>|!\s*=|\^\s*=|==|=|<|>)
    |(?P<mark>&&|[(),{}!])
    |(?P<sum>\|\||[-+*/%&|^.])
    |(?P<word>[\w$\#@]+)""",
    re.VERBOSE,
)
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN", "LIKE", "IS", "NULL"})
_LITERALS = ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True)
class _Key:
    name: str


@dataclass(frozen=True, slots=True)
class _Literal:
    text: str


_Operand = _Key | _Literal


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
        condition = self._filter(0, self._condition())
        if self._peek().kind != "end":
            raise self._expected("AND, OR or the end")
        return condition

    def _condition(self) -> Filter | _Operand:
        """A condition; or an operand, where nothing else stands there: in parentheses it may be either."""
        start, first = self._next, self._conjunction()
        if self._peek().word != "OR":
            return first
        parts = [self._filter(start, first)]
        while self._accept("OR"):
            start = self._next
            parts.append(self._filter(start, self._conjunction()))
        return Or(tuple(parts))

    def _conjunction(self) -> Filter | _Operand:
        start, first = self._next, self._negation()
        if not self._at_and():
            return first
        parts = [self._filter(start, first)]
        while self._at_and():
            self._take()
            start = self._next
            parts.append(self._filter(start, self._negation()))
        return And(tuple(parts))

    def _at_and(self) -> bool:
        return self._peek().word == "AND" or self._peek().text == "&&"

    def _negation(self) -> Filter | _Operand:
        begun, negated = self._next, False
        while self._accept("NOT") or self._accept_mark("!"):
            negated = not negated
        start = self._next
        condition = self._predicate()
        if start == begun:
            return condition
        condition = self._filter(start, condition)
        return negate(condition) if negated else condition

    def _predicate(self) -> Filter | _Operand:
        start = self._next
        left = self._primary("a partition key")
        token = self._peek()
        if token.kind != "operator" and token.word not in ("IS", "NOT", "BETWEEN", "IN", "LIKE"):
            return left
        if isinstance(left, _Literal) and token.kind == "operator":
            operator = _FLIPPED[self._operator()]
            key = self._operand("a partition key")
            if isinstance(key, _Literal):
                raise self._unsupported(start)
            return Compare(key.name, operator, left.text)
        if not isinstance(left, _Key):
            raise self._unsupported(start)
        return self._about(left.name, start)

    def _about(self, key: str, start: int) -> Filter:
        """What is said of the key that was read from the token at `start` on."""
        if self._accept("IS"):
            negated = self._accept("NOT")
            self._keyword("NULL")
            return IsNull(key, negated)
        negated = self._accept("NOT")
        if self._accept("BETWEEN"):
            low = self._literal(start)
            self._keyword("AND")
            both = And((Compare(key, ">=", low), Compare(key, "<=", self._literal(start))))
            return negate(both) if negated else both
        if self._accept("IN"):
            return Among(key, self._list(start), negated)
        if self._accept("LIKE"):
            pattern = self._literal(start)
            if self._accept("ESCAPE"):
                pattern = _escaped(pattern, self._literal(start))
            return like(key, pattern, negated=negated)
        if negated:
            raise self._expected("BETWEEN, IN or LIKE")
        return Compare(key, self._operator(), self._literal(start))

    def _list(self, start: int) -> tuple[str, ...]:
        self._mark("(")
        values = [self._literal(start)]
        while self._accept_mark(","):
            values.append(self._literal(start))
        self._mark(")")
        return tuple(values)

    def _literal(self, start: int) -> str:
        """A value. Raises Invalid, as unsupported, for a key there: the predicate began at `start`."""
        operand = self._operand("a value")
        if isinstance(operand, _Key):
            raise self._unsupported(start)
        return operand.text

    def _operand(self, expected: str) -> _Operand:
        start = self._next
        operand = self._primary(expected)
        if not isinstance(operand, _Operand):
            raise self._unsupported(start)
        return operand

    def _primary(self, expected: str) -> Filter | _Operand:
        """What stands between operators: a key, a literal, or anything in parentheses."""
        start = self._next
        found = self._parenthesized() if self._peek().text == "(" else self._atom(expected)
        if self._peek().kind == "sum" or (self._peek().text == "(" and isinstance(found, _Key)):
            raise self._unsupported(start)
        if isinstance(found, _Key):
            self._keys.find(found.name)
        return found

    def _parenthesized(self) -> Filter | _Operand:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Invalid(f"The expression has more than {DEEPEST} parentheses within each other.")
        self._mark("(")
        inner = self._condition()
        self._mark(")")
        self._depth -= 1
        return inner

    def _atom(self, expected: str) -> _Operand:
        token, following = self._peek(), self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        if token.text in ("+", "-") and following.kind in ("number", "mark"):
            return self._signed(expected)
        if token.text == "{":
            return self._escape()
        if token.word in _LITERALS and following.kind in ("text", "quoted"):
            self._take()
            return _Literal(_unquoted(self._take().text))
        if token.kind == "number":
            return _Literal(self._take().text)
        if token.kind == "text":
            return _Literal(_unquoted(self._take().text))
        if token.kind == "quoted":
            name = _unquoted(self._take().text)
            return _Key(name) if token.text[0] == "`" or name in self._keys else _Literal(name)
        if token.word == "NULL":
            raise self._unsupported(self._next)
        if token.kind != "word" or token.word in _WORDS:
            raise self._expected(expected)
        return _Key(self._take().text)

    def _signed(self, expected: str) -> _Operand:
        start = self._next
        sign = self._take().text
        number = self._operand(expected)
        if isinstance(number, _Key) or not re.fullmatch(r"[0-9.]+(?:[eE][+-]?[0-9]+)?", number.text):
            raise self._unsupported(start)
        return _Literal(number.text if sign == "+" else f"-{number.text}")

    def _escape(self) -> _Operand:
        """A date or timestamp as JDBC writes it."""
        self._mark("{")
        if not (self._accept("D") or self._accept("TS")):
            raise self._expected("d or ts")
        if self._peek().kind != "text":
            raise self._expected("a value")
        value = _unquoted(self._take().text)
        self._mark("}")
        return _Literal(value)

    def _operator(self) -> str:
        token = self._peek()
        if token.kind != "operator":
            raise self._expected("=, <>, <, <=, >, >=, BETWEEN, IN, LIKE or IS")
        self._take()
        operator = "".join(token.text.split())
        return {"!=": "<>", "^=": "<>", "==": "="}.get(operator, operator)

    def _filter(self, start: int, found: Filter | _Operand) -> Filter:
        """What was read from the token at `start` on, where it is a condition. Raises Invalid."""
        if not isinstance(found, _Operand):
            return found
        if self._peek().kind in ("number", "text", "quoted", "word") and self._peek().word not in _WORDS:
            raise self._expected("=, <>, <, <=, >, >=, BETWEEN, IN, LIKE or IS")
        raise self._unsupported(start)

    def _unsupported(self, start: int) -> Invalid:
        """The refusal of the expression that begins at a token, up to where it ends."""
        depth, between, at = 0, False, start
        while self._tokens[at].kind != "end":
            token = self._tokens[at]
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            ends = token.word == "OR" or token.text in ("&&", ",") or (token.word == "AND" and not between)
            if depth < 0 or (depth == 0 and ends):
                break
            between = token.word == "BETWEEN" or (between and token.word != "AND")
            at += 1
        text = self._expression[self._tokens[start].place : self._tokens[at].place].strip()
        return Invalid(f"Unsupported expression '{text}'")

    def _mark(self, mark: str) -> None:
        if not self._accept_mark(mark):
            raise self._expected(repr(mark))

    def _accept_mark(self, mark: str) -> bool:
        if self._peek().kind != "mark" or self._peek().text != mark:
            return False
        self._take()
        return True

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
    found, place = [], _after_blank(expression, 0)
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None:
            raise Invalid(f"The expression {expression!r} cannot be read from {expression[place:][:30]!r} on.")
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], place))
        place = _after_blank(expression, match.end())
    return [*found, _Token("end", "", len(expression))]


def _after_blank(expression: str, place: int) -> int:
    """Where the spaces and comments end that may begin at a place."""
    blank = _BLANK.match(expression, place)
    return blank.end() if blank else place


def _escaped(pattern: str, escape: str) -> str:
    """A pattern of LIKE with an escape of its own, as one with a backslash."""
    if len(escape) != 1:
        raise Invalid(f"ESCAPE takes one character, not {escape!r}.")
    pieces = re.findall(rf"{re.escape(escape)}.|.", pattern, re.DOTALL)
    return "".join(f"\\{piece[1]}" if len(piece) == 2 else "\\\\" if piece == "\\" else piece for piece in pieces)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)
