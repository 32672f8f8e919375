"""Row filter expressions, read by sqlglot: what it reads beyond the language of Lake Formation is refused."""

from decimal import Decimal

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from studiolo.domain import Invalid
from studiolo.governance.expressions import Among, And, Compare, Filter, Like, Not, Null, Or, Truth, Value

_COMPARISONS: dict[type[exp.Expr], tuple[str, str]] = {
    exp.EQ: ("=", "="),
    exp.NEQ: ("<>", "<>"),
    exp.LT: ("<", ">"),
    exp.LTE: ("<=", ">="),
    exp.GT: (">", "<"),
    exp.GTE: (">=", "<="),
}
"""What each is with the column before the constant, and behind it."""

LARGEST_POWER = 400
"""Of ten: doubles end before it."""

_BOTH = frozenset({"this", "expression"})
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    **dict.fromkeys((exp.And, exp.Or, exp.Is, *_COMPARISONS), _BOTH),
    **dict.fromkeys((exp.Paren, exp.Not, exp.Column, exp.Boolean, exp.Neg), frozenset({"this"})),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Like: _BOTH | {"negate"},
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Null: frozenset(),
}
"""The nodes that pass, each with all that it may say: what sqlglot notes in another part of one would be overlooked."""


def parsed(text: str) -> Filter:
    """The filter that a text says. Raises Invalid."""
    try:
        # The dialect of Athena's engine: text in single quotes, names in double quotes.
        whole = parse_one(text, dialect="presto")
        for node in whole.walk():
            if node.comments:
                raise Invalid(f"The row filter {text!r} must be an expression without comments.")
            said = {name for name, value in node.args.items() if value not in (None, False, [])}
            if type(node) not in _PARTS or not said <= _PARTS[type(node)]:
                raise _refused(node)
        return _filter(whole)
    except SqlglotError:
        raise Invalid(f"The row filter {text!r} is not a valid expression.") from None
    except RecursionError:
        raise Invalid("The row filter has too many parentheses within each other.") from None


def _filter(node: exp.Expr) -> Filter:
    kind = type(node)
    if kind is exp.Paren:
        return _filter(node.this)
    if kind is exp.And:
        return And((_filter(node.args["this"]), _filter(node.args["expression"])))
    if kind is exp.Or:
        return Or((_filter(node.args["this"]), _filter(node.args["expression"])))
    if kind is exp.Not:
        return Not(_filter(node.this))
    if kind is exp.Boolean:
        return Truth(bool(node.this))
    if kind in _COMPARISONS:
        return _comparison(node)
    if kind is exp.Between:
        column = _column(node.this)
        return And((Compare(column, ">=", _value(node.args["low"])), Compare(column, "<=", _value(node.args["high"]))))
    if kind is exp.In and node.expressions:
        return Among(_column(node.this), tuple(_value(each) for each in node.expressions))
    if kind is exp.Like:
        pattern = _value(node.expression)
        if isinstance(pattern, str):
            like = Like(_column(node.this), pattern)
            return Not(like) if node.args.get("negate") else like
    if kind is exp.Is and type(node.expression) is exp.Null:
        return Null(_column(node.this))
    raise _refused(node)


def _comparison(node: exp.Expr) -> Compare:
    before, behind = _COMPARISONS[type(node)]
    left, right = node.args["this"], node.args["expression"]
    if isinstance(left, exp.Column):
        return Compare(_column(left), before, _value(right))
    return Compare(_column(right), behind, _value(left))


def _column(node: exp.Expr) -> str:
    if type(node) is not exp.Column:
        raise _refused(node)
    return str(node.this.this).lower()


def _value(node: exp.Expr) -> Value:
    if type(node) is exp.Paren:
        return _value(node.this)
    if type(node) is exp.Literal:
        return str(node.this) if node.is_string else _number(str(node.this))
    if type(node) is exp.Boolean:
        return bool(node.this)
    if type(node) is exp.Neg and type(node.this) is exp.Literal and not node.this.is_string:
        return -_number(str(node.this.this))
    raise _refused(node)


def _number(text: str) -> Decimal:
    """Raises Invalid for one that would take long to be written out."""
    value = Decimal(text)
    if abs(value.adjusted()) > LARGEST_POWER:
        raise Invalid(f"The row filter cannot have the number {text}: it is no value of any type.")
    return value


def _refused(node: exp.Expr) -> Invalid:
    return Invalid(
        f"The row filter cannot have {node.sql('presto')!r}: it compares columns with constants, "
        "by = < > <= >= <> != BETWEEN IN LIKE IS [NOT] NULL, AND, OR and NOT."
    )
