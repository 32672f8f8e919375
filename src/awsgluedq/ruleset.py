"""What a DQDL document says: rules, the conditions that they have, and the operands of those."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from awsgluedq.lexer import tidy


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True)
class Text:
    """A text in quotes: a value, a date, a number or a pattern, as the rule takes it."""

    value: str


@dataclass(frozen=True)
class Keyword:
    """NULL, EMPTY or WHITESPACES_ONLY."""

    name: str


@dataclass(frozen=True)
class Moment:
    """`now()`, and so much later."""

    offset: timedelta = timedelta()

    def when(self, now: datetime) -> datetime:
        """The moment, at a time."""
        return now + self.offset


@dataclass(frozen=True)
class Duration:
    """Days, hours or minutes."""

    length: timedelta


@dataclass(frozen=True)
class Size:
    """A size of files, in bytes."""

    bytes: float


@dataclass(frozen=True)
class Last:
    """`last(k)`: the newest values of the rule's metric, in earlier evaluations."""

    count: int


@dataclass(frozen=True)
class Call:
    """A function of values of the past, such as `avg(last(10))`."""

    function: str
    arguments: "tuple[Operand, ...]"


@dataclass(frozen=True)
class Sum:
    """Arithmetic: `+ - * /` of two operands."""

    operator: str
    left: "Operand"
    right: "Operand"


@dataclass(frozen=True)
class Dynamic:
    """An operand that depends on the past, and where in the document it stands."""

    expression: "Operand"
    start: int
    end: int


Operand = Number | Text | Keyword | Moment | Duration | Size | Last | Call | Sum | Dynamic


@dataclass(frozen=True)
class Condition:
    """An operator, one of `= != > >= < <= between in matches`, perhaps after `not`, and its operands."""

    operator: str
    operands: tuple[Operand, ...]

    @property
    def negated(self) -> bool:
        """Whether it says what must not be. Values that are null pass then."""
        return self.operator == "!=" or self.operator.startswith("not ")

    @property
    def dynamics(self) -> list[Dynamic]:
        """The operands that depend on the past."""
        return [operand for operand in self.operands if isinstance(operand, Dynamic)]


@dataclass(frozen=True)
class Rule:
    """One rule, or one analyzer, which has no condition and is not judged.

    `tags` are what it is written `with`, beside a threshold, each with one text or with those of a list.
    """

    type: str
    parameters: tuple[str, ...]
    condition: Condition | None
    where: str | None
    threshold: Condition | None
    tags: Mapping[str, tuple[str, ...]]
    source: str
    start: int
    labels: Mapping[str, str] = field(default_factory=dict)
    analyzer: bool = False

    def tag(self, name: str) -> str | None:
        """The text of a tag, where it has that."""
        return self.tags[name][0] if name in self.tags else None

    @property
    def text(self) -> str:
        """The rule as it was written, with one space for each stretch of white space outside of quotes."""
        return tidy(self.source)

    def evaluated(self, values: Mapping[Dynamic, float]) -> str:
        """The same, with the values that its dynamic operands had."""
        source = self.source
        for operand in sorted(values, key=lambda operand: -operand.start):
            before, after = source[: operand.start - self.start], source[operand.end - self.start :]
            source = f"{before}{values[operand]}{after}"
        return tidy(source)


@dataclass(frozen=True)
class Composite:
    """Rules that are connected by `and` or by `or`."""

    operator: str
    rules: "tuple[AnyRule, ...]"
    source: str
    start: int
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The rule as it was written, with one space for each stretch of white space outside of quotes."""
        return tidy(self.source)


AnyRule = Rule | Composite


@dataclass(frozen=True)
class Ruleset:
    """A DQDL document."""

    rules: tuple[AnyRule, ...]
    analyzers: tuple[Rule, ...]


def calculated(sign: str, left: float, right: float) -> float:
    """Arithmetic of two numbers; what is divided by 0 is not a number."""
    if sign == "/":
        return left / right if right else float("nan")
    return left + right if sign == "+" else left - right if sign == "-" else left * right
