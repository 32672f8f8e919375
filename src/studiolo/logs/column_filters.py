"""Filter patterns for columns: `[ip, user, ..., status = 4* || status = 5*, bytes > 1000]`.

The columns of a message stand between spaces; one in double quotes or brackets may hold spaces. A message has as many
columns as the pattern, or with `...` as many or more, which stand where the dots do.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from studiolo.domain import Invalid
from studiolo.logs.conditions import Conditions, Test, Values, column

_NAME = re.compile(r"[A-Za-z_$][\w$.\-]*")
_BARE = re.compile(r'[^\s&|(),\]"%]+')
_COLUMN = re.compile(r'"(?P<quoted>(?:\\.|[^"\\])*)"|\[(?P<bracketed>[^\]]*)\]|(?P<plain>\S+)')
MORE = "..."

Record = Mapping[str, str]


def read(text: str) -> Callable[[str], dict[str, str] | None]:
    """What is extracted of a message that fits the pattern, by column; None of one that does not. Raises Invalid."""
    names, tests = _columns(text)
    more = names.index(MORE) if MORE in names else None
    if names.count(MORE) > 1:
        raise Invalid("Invalid filter pattern: it has more than one '...'.")

    def extract(message: str) -> dict[str, str] | None:
        values = [match[match.lastgroup or 0] for match in _COLUMN.finditer(message)]
        if more is not None:
            spread = len(values) - len(names) + 1
            if spread < 0:
                return None
            values = [*values[:more], *values[more + spread :]]
        named = [name for name in names if name != MORE]
        if len(values) != len(named):
            return None
        record = {name: column(value) for name, value in zip(named, values, strict=True)}
        if not all(test(record) for test in tests):
            return None
        return {f"${name}": str(value) for name, value in record.items()}

    return extract


def _columns(text: str) -> tuple[list[str], list[Test[Record]]]:
    """The names of the columns, a number where one has none, and all that is asked of them."""
    names: list[str] = []
    tests: list[Test[Record]] = []

    def resolve(name: str) -> Values[Record]:
        if name not in names:
            raise Invalid(f"Invalid filter pattern: there is no column {name} up to there.")
        return lambda record: _value(record, name)

    conditions: Conditions[Record] = Conditions(text, 1, _NAME, _BARE, resolve)
    while True:
        if conditions.accept(MORE):
            names.append(MORE)
        elif conditions.accept("("):
            conditions.place -= 1
            names.append(_first_name(conditions))
            tests.append(conditions.condition())
        elif text[conditions.place : conditions.place + 1] in (",", "]"):
            names.append(str(len(names) + 1))
        else:
            name = conditions.take(_NAME, "the name of a column, or ...")[0]
            names.append(name)
            if conditions.at_comparison():
                tests.append(conditions.condition(name))
        if conditions.accept("]"):
            break
        conditions.need(",")
    if text[conditions.place :].strip():
        raise conditions.expected("its end")
    if len(set(names)) != len(names) and names.count(MORE) < 2:
        raise Invalid("Invalid filter pattern: each column has a name of its own.")
    return names, tests


def _first_name(conditions: Conditions[Record]) -> str:
    """The name that a condition in parentheses begins with."""
    found = re.compile(rf"[(\s]*(?P<name>{_NAME.pattern})").match(conditions.text, conditions.place)
    if found is None:
        raise conditions.expected("the name of a column")
    return found["name"]


def _value(record: Record, name: str) -> Sequence[str]:
    return (record[name],)
