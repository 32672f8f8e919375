"""The parameters of a pipeline: what a definition declares, and the values of an execution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.domain import Invalid

TYPES: Mapping[str, type | tuple[type, ...]] = {"String": str, "Integer": int, "Float": (int, float), "Boolean": bool}
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str
    default: Any = None
    choices: tuple[Any, ...] = ()

    @classmethod
    def read(cls, document: Any) -> "Parameter":
        """A parameter as the definition has it. Raises Invalid."""
        if not isinstance(document, Mapping) or not isinstance(document.get("Name"), str):
            raise Invalid("Required property 'Name' not found in a parameter.")
        name, kind = document["Name"], str(document.get("Type"))
        if kind not in TYPES:
            raise Invalid(f"Unknown type '{kind}' of parameter '{name}'. It must be one of: {', '.join(TYPES)}.")
        read = cls(name, kind, document.get("DefaultValue"), tuple(document.get("EnumValues") or ()))
        if read.default is not None:
            read.check(read.default)
        return read

    def value(self, given: str) -> Any:
        """The value that an execution's text stands for. Raises Invalid."""
        value: Any = given
        try:
            if self.type == "Integer":
                value = int(given)
            elif self.type == "Float":
                value = float(given)
            elif self.type == "Boolean":
                value = _TRUTHS[given.lower()]
        except (ValueError, KeyError) as error:
            raise Invalid(f"Parameter [{self.name}] has value [{given}], which is no {self.type}.") from error
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        right = isinstance(value, TYPES[self.type]) and (self.type == "Boolean" or not isinstance(value, bool))
        if not right:
            raise Invalid(f"Parameter [{self.name}] has value [{value}], which is no {self.type}.")
        if self.choices and value not in self.choices:
            raise Invalid(
                f"Parameter [{self.name}] has value [{value}], which is not one of its enum values "
                f"[{', '.join(map(str, self.choices))}]."
            )


def values_of(declared: Sequence[Parameter], given: Mapping[str, str]) -> dict[str, Any]:
    """The value of every parameter. Raises Invalid for one that is unknown, wrong, or has none."""
    if unknown := sorted(given.keys() - {parameter.name for parameter in declared}):
        raise Invalid(f"Pipeline parameters [{', '.join(unknown)}] are not defined in the pipeline definition.")
    missing = [each.name for each in declared if each.default is None and each.name not in given]
    if missing:
        raise Invalid(f"Pipeline parameters [{', '.join(missing)}] have no default value: the execution must give one.")
    return {each.name: each.value(given[each.name]) if each.name in given else each.default for each in declared}
