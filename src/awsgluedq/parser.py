"""Reading DQDL.

document   = { name "=" text | "DefaultLabels" "=" labels | "Rules" "=" "[" any, ... "]" | "Analyzers" "=" ... }
any        = both { "or" both } ;  both = one { "and" one } ;  one = "(" any ")" [ labels ] | rule
rule       = type { text | $name } [ condition ] [ where text ] { with threshold condition | with tag = value }
value      = text | number | "[" text, ... "]"
condition  = = != > >= < <= operand | [not] between operand and operand | [not] in "[" operand, ... "]"
           | [not] matches text
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn, TypeVar

from awsgluedq.kinds import ALL_COLUMNS, KINDS, MANY, Kind, unknown
from awsgluedq.lexer import RulesetError, Token, line_of, words_of
from awsgluedq.ruleset import (
    AnyRule,
    Call,
    Composite,
    Condition,
    Duration,
    Dynamic,
    Keyword,
    Last,
    Moment,
    Number,
    Operand,
    Rule,
    Ruleset,
    Size,
    Sum,
    Text,
    calculated,
)

COMPARISONS = ("=", "!=", ">", ">=", "<", "<=")
KEYWORDS = ("NULL", "EMPTY", "WHITESPACES_ONLY")
UNITS = {"days": "days", "day": "days", "hours": "hours", "hour": "hours", "minutes": "minutes", "minute": "minutes"}
SIZES = {unit: 1024.0**power for power, unit in enumerate(("b", "kb", "mb", "gb", "tb"))}
FUNCTIONS = ("avg", "median", "max", "min", "sum", "std", "abs", "index")
T = TypeVar("T")


def parse(document: str) -> Ruleset:
    """The rules and analyzers of a document. Raises RulesetError, which says the line and what was expected."""
    return _Parser(document).ruleset()


class _Parser:
    def __init__(self, document: str) -> None:
        self._document = document
        self._tokens = words_of(document)
        self._position = 0
        self._constants: dict[str, str] = {}

    # -- words

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._next
        self._position += token.kind != "end"
        return token

    def _taken(self, *words: str) -> bool:
        found = self._next.is_(*words)
        self._position += found
        return found

    def _fail(self, message: str, at: Token | None = None) -> NoReturn:
        raise RulesetError(f"Line {line_of(self._document, (at or self._next).start)} of the ruleset: {message}")

    def _expect(self, word: str, where: str) -> None:
        if not self._taken(word):
            self._fail(f'Expected "{word}" {where}, and found {self._next}.')

    def _text(self, what: str) -> str:
        token = self._take()
        if token.kind == "constant":
            if token.value[1:] not in self._constants:
                self._fail(f'There is no constant {token.value}: define it above as {token.value[1:]} = "...".', token)
            return self._constants[token.value[1:]]
        if token.kind != "text":
            self._fail(f"Expected {what} in double quotes, and found {token}.", token)
        return token.value

    def _source(self, start: int) -> str:
        return self._document[start : self._tokens[self._position - 1].end]

    def _list(self, item: Callable[[], T], what: str) -> list[T]:
        self._expect("[", f"before the list of {what}")
        items: list[T] = []
        while not self._taken("]"):
            if items:
                self._expect(",", f'or "]" after one of the {what}')
                if self._taken("]"):
                    break
            items.append(item())
        return items

    # -- the document

    def ruleset(self) -> Ruleset:
        rules: list[AnyRule] = []
        analyzers: list[Rule] = []
        labels: dict[str, str] = {}
        found = False
        while self._next.kind != "end":
            # An example of AWS's has a bracket too many after the rules, and AWS passes over it.
            if found and self._taken("]"):
                continue
            name = self._take()
            if name.kind != "name":
                self._fail(f"Expected Rules = [ ... ] or Analyzers = [ ... ], and found {name}.", name)
            self._expect("=", f"after {name.value}")
            if name.value == "Rules":
                rules, found = [*rules, *self._list(self._any, "rules")], True
            elif name.value == "Analyzers":
                analyzers, found = [*analyzers, *self._list(self._analyzer, "analyzers")], True
            elif name.value == "DefaultLabels":
                labels = self._labels()
            else:
                self._constants[name.value] = self._text(f"the value of {name.value}")
        if not found:
            self._fail("Expected Rules = [ ... ] or Analyzers = [ ... ].")
        labeled = [replace(rule, labels={**labels, **rule.labels}) for rule in rules]
        return Ruleset(tuple(labeled), tuple(analyzers))

    def _labels(self) -> dict[str, str]:
        def pair() -> tuple[str, str]:
            key = self._text("a label's key")
            self._expect("=", "after a label's key")
            return key, self._text("a label's value")

        return dict(self._list(pair, "labels"))

    def _own_labels(self) -> Mapping[str, str]:
        if not self._taken("labels"):
            return {}
        self._expect("=", "after labels")
        return self._labels()

    # -- rules

    def _any(self) -> AnyRule:
        return self._connected("or", lambda: self._connected("and", self._one))

    def _connected(self, operator: str, part: Callable[[], AnyRule]) -> AnyRule:
        start = self._next.start
        parts = [part()]
        while self._taken(operator):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Composite(operator, tuple(parts), self._source(start), start)

    def _one(self) -> AnyRule:
        if not self._next.is_("("):
            return self._rule(analyzer=False)
        start = self._take().start
        rule = self._any()
        self._expect(")", 'or "and" or "or" after a rule in parentheses')
        return replace(rule, source=self._source(start), start=start, labels=self._own_labels() or rule.labels)

    def _analyzer(self) -> Rule:
        return self._rule(analyzer=True)

    def _rule(self, *, analyzer: bool) -> Rule:
        name = self._take()
        if name.kind != "name":
            self._fail(f"Expected a rule type, such as IsComplete, and found {name}.", name)
        if name.value not in KINDS:
            self._fail(unknown(name.value), name)
        kind = KINDS[name.value]
        parameters = []
        while self._next.kind in ("text", "constant"):
            parameters.append(self._text("a parameter"))
        if not kind.rule and self._taken(ALL_COLUMNS.lower()):
            parameters.append(ALL_COLUMNS)
        if not kind.fewest <= len(parameters) <= kind.most:
            many = str(kind.fewest) if kind.fewest == kind.most else f"{kind.fewest} to {kind.most}"
            many = f"{kind.fewest} or more" if kind.most == MANY else many
            texts = "text" if (kind.fewest, kind.most) == (1, 1) else "texts"
            self._fail(
                f"{name.value} is followed by {many} {texts} in double quotes, not {len(parameters)}.",
                name,
            )
        condition = self._condition(name.value)
        if analyzer and (condition is not None or not kind.analyzer):
            why = "has no condition there" if kind.analyzer else "is a rule only"
            self._fail(f"{name.value} cannot be an analyzer so: it {why}.", name)
        if not analyzer and not kind.rule:
            self._fail(f"{name.value} is an analyzer only: it stands in Analyzers = [ ... ].", name)
        if not analyzer:
            self._check_condition(name, kind.condition, condition)
        where = self._text("the filter after where") if self._taken("where") else None
        threshold, tags = self._with(name, kind)
        if where is None and self._taken("where"):
            self._fail("Where comes before with threshold.")
        source = self._source(name.start)
        labels = self._own_labels()
        return Rule(
            name.value,
            tuple(parameters),
            condition,
            where,
            threshold,
            tags,
            source,
            name.start,
            dict(labels),
            analyzer,
        )

    def _check_condition(self, name: Token, wanted: str, condition: Condition | None) -> None:
        if wanted == "needed" and condition is None:
            self._fail(
                f"Expected a condition after {name.value}, such as > 0.9 or between 1 and 5, and found {self._next}."
            )
        if wanted == "none" and condition is not None:
            self._fail(f"{name.value} has no condition: it is true or not by itself.", name)

    def _with(self, name: Token, kind: Kind) -> tuple[Condition | None, Mapping[str, tuple[str, ...]]]:
        threshold: Condition | None = None
        tags: dict[str, tuple[str, ...]] = {}
        known = {tag.lower(): tag for tag in kind.tags}
        while self._taken("with") or (tags and self._continues(known)):
            token = self._take()
            if token.is_("threshold"):
                threshold = self._condition(name.value)
                if threshold is None:
                    self._fail(f"Expected a condition after with threshold, such as > 0.9, and found {self._next}.")
                if not kind.threshold:
                    self._fail(f"{name.value} has no threshold.", name)
                continue
            tag = known.get(token.value.lower())
            if token.kind != "name" or tag is None:
                goes = " or ".join((*(("threshold",) if kind.threshold else ()), *kind.tags)) or "nothing"
                self._fail(f"{name.value} is written with {goes}, and not with {token}.", token)
            self._expect("=", f"after with {tag}")
            tags[tag] = self._tag()
        return threshold, tags

    def _continues(self, known: Mapping[str, str]) -> bool:
        """Whether a comma comes before a further tag, and not before the next rule; it is taken then."""
        following = self._tokens[self._position + 1 : self._position + 3]
        further = len(following) == 2 and following[0].value.lower() in known and following[1].is_("=")
        return further and self._taken(",")

    def _tag(self) -> tuple[str, ...]:
        if self._next.is_("["):
            return tuple(self._list(lambda: self._text("a tag's value"), "values"))
        if self._next.kind == "number" or self._next.is_("true", "false"):
            return (self._take().value,)
        return (self._text("a tag's value"),)

    # -- conditions

    def _condition(self, rule: str) -> Condition | None:
        if self._next.is_(*COMPARISONS):
            return Condition(self._take().value, (self._operand(),))
        negation = "not " if self._taken("not") else ""
        if self._taken("between"):
            low = self._operand()
            self._expect("and", f"after {rule} between")
            return Condition(f"{negation}between", (low, self._operand()))
        if self._taken("in"):
            return Condition(f"{negation}in", tuple(self._list(self._operand, "values")))
        if self._taken("matches"):
            return Condition(f"{negation}matches", (Text(self._text("a pattern")),))
        if negation:
            self._fail(f"Expected between, in or matches after not, and found {self._next}.")
        return None

    def _operand(self) -> Operand:
        start = self._next.start
        expression = self._summed()
        if _looks_back(expression):
            return Dynamic(expression, start, self._tokens[self._position - 1].end)
        return expression

    def _summed(self) -> Operand:
        left = self._multiplied()
        while self._next.is_("+", "-"):
            left = self._joined(left, self._take(), self._multiplied())
        return left

    def _multiplied(self) -> Operand:
        left = self._value()
        while self._next.is_("*", "/"):
            left = self._joined(left, self._take(), self._value())
        return left

    def _joined(self, left: Operand, sign: Token, right: Operand) -> Operand:
        if isinstance(left, Moment) and isinstance(right, Duration) and sign.value in "+-":
            return Moment(left.offset + (right.length if sign.value == "+" else -right.length))
        if isinstance(left, Number) and isinstance(right, Number):
            return Number(calculated(sign.value, left.value, right.value))
        for part in (left, right):
            if not isinstance(part, (Number, Last, Call, Sum)):
                self._fail(f"{sign.value} joins numbers, or now() and a time such as 3 days.", sign)
        return Sum(sign.value, left, right)

    def _value(self) -> Operand:
        token = self._take()
        if token.is_("-"):
            return self._joined(Number(0), token, self._value())
        if token.kind == "number":
            unit = self._next.value.lower() if self._next.kind == "name" else ""
            if unit in UNITS:
                self._take()
                return Duration(timedelta(**{UNITS[unit]: float(token.value)}))
            if unit in SIZES:
                self._take()
                return Size(float(token.value) * SIZES[unit])
            return Number(float(token.value))
        if token.kind in ("text", "constant"):
            self._position -= 1
            return Text(self._text("a value"))
        if token.is_("("):
            inner = self._summed()
            self._expect(")", "after what is in parentheses")
            return inner
        if token.kind == "name" and token.value.upper() in KEYWORDS:
            return Keyword(token.value.upper())
        if token.kind != "name" or not self._next.is_("("):
            self._fail(f"Expected a value, and found {token}.", token)
        return self._call(token)

    def _call(self, name: Token) -> Operand:
        self._take()
        arguments: list[Operand] = []
        while not self._taken(")"):
            if arguments:
                self._expect(",", f'or ")" in {name.value}(...)')
            arguments.append(self._summed())
        if name.value == "now" and not arguments:
            return Moment()
        if name.value == "last":
            count = arguments[0] if arguments else Number(1)
            if len(arguments) > 1 or not isinstance(count, Number) or count.value < 1 or count.value % 1:
                self._fail("last has at most one argument, a whole number from 1.", name)
            return Last(int(count.value))
        if name.value not in FUNCTIONS:
            self._fail(f"There is no function {name.value}. Those there are: now, last, {', '.join(FUNCTIONS)}.", name)
        if len(arguments) != (2 if name.value == "index" else 1) or not _looks_back(arguments[0]):
            self._fail(f"{name.value} is of values of the past: {name.value}(last(10)).", name)
        return Call(name.value, tuple(arguments))


def _looks_back(operand: Operand) -> bool:
    if isinstance(operand, Sum):
        return _looks_back(operand.left) or _looks_back(operand.right)
    return isinstance(operand, (Last, Call))
