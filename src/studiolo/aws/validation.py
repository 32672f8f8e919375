"""Checks parameters against what the model states: required members, lengths, ranges, patterns, enums.

The words are the services' own: `1 validation error detected: Value null at 'name' failed to satisfy constraint:
Member must not be null`.
"""

import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from studiolo.aws.errors import ServiceError
from studiolo.aws.protocols.compiler import Compiler, compiler

# How many of the violations a message tells, and how much of a value.
_MOST_VIOLATIONS = 10
_MOST_TEXT = 256
_SURROGATE_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_QUIET = re2.Options()
_QUIET.log_errors = False
# `([-a-z]*[a-z])*` can be read in so many ways that a text that does not fit takes Python forever.
_AMBIGUOUS = re.compile(r"\(\[[^\]]*\][*+]\[[^\]]*\]\)[*+{]")


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint a value fails; `value` is as the message shows it, None where it must not be shown."""

    path: str
    value: str | None
    constraint: str

    def within(self, parent: str) -> "Violation":
        """The same, seen from the structure or list around it."""
        return Violation(f"{parent}.{self.path}" if self.path else parent, self.value, self.constraint)

    def __str__(self) -> str:
        shown = "" if self.value is None else f" {self.value}"
        return f"Value{shown} at '{self.path}' failed to satisfy constraint: {self.constraint}"


# Gives the violations of a value, an empty sequence for none. None instead of a function: nothing can be violated.
Check = Callable[[Any], list[Violation]]


def validate(operation_model: OperationModel, params: Mapping[str, Any], code: str = "ValidationException") -> None:
    """Raise ServiceError (400) with `code` if the parameters break what the model states of them."""
    check = _check_of(operation_model)
    violations = check(params) if check is not None else []
    if violations:
        count = len(violations)
        noun = "error" if count == 1 else "errors"
        told = "; ".join(str(violation) for violation in violations[:_MOST_VIOLATIONS])
        raise ServiceError(code, f"{count} validation {noun} detected: {told}", 400)


@lru_cache(maxsize=16384)
def _check_of(operation_model: OperationModel) -> Check | None:
    shape = operation_model.input_shape
    return None if shape is None else compiler(_Validators, operation_model.service_model).check(shape)


class _Validators(Compiler):
    def check(self, shape: Shape) -> Check | None:
        """The check of a shape, None where it states nothing."""
        check: Check = self.of(shape)
        return None if check is _nothing else check

    def build(self, shape: Shape) -> Check:
        if shape.type_name == "structure":
            return self._structure(shape)
        if shape.type_name == "list":
            return self._list(shape)
        if shape.type_name == "map":
            return self._map(shape)
        return _scalar(shape) or _nothing

    def _structure(self, shape: StructureShape) -> Check:
        if shape.is_document_type:
            return _nothing
        required = {name: _wire_path(name) for name in shape.required_members}
        members = {}
        for name, member in shape.members.items():
            check = self.check(member)
            if check is not None:
                members[name] = (_wire_path(name), check)
        if not required and not members:
            return _nothing

        def check_structure(value: Mapping[str, Any]) -> list[Violation]:
            found = []
            for name in required:
                if value.get(name) is None:
                    found.append(Violation(required[name], "null", "Member must not be null"))
            for name, item in value.items():
                member = members.get(name)
                if member is not None and item is not None:
                    inner = member[1](item)
                    if inner:
                        found += [violation.within(member[0]) for violation in inner]
            return found

        return check_structure

    def _list(self, shape: ListShape) -> Check:
        limits = _limits(shape, "length", len)
        check_item = self.of(shape.member)
        sparse = shape._shape_model.get("sparse", False)

        def check_list(value: list[Any]) -> list[Violation]:
            found = limits(value)
            for number, item in enumerate(value, 1):
                if item is None:
                    if not sparse:
                        found = [*found, Violation(f"{number}.member", "null", "Member must not be null")]
                    continue
                inner = check_item(item)
                if inner:
                    found = [*found, *(violation.within(f"{number}.member") for violation in inner)]
            return found

        return check_list

    def _map(self, shape: MapShape) -> Check:
        limits = _limits(shape, "length", len)
        check_key, check_value = self.of(shape.key), self.of(shape.value)
        sparse = shape._shape_model.get("sparse", False)

        def check_map(value: Mapping[str, Any]) -> list[Violation]:
            found = limits(value)
            for key, item in value.items():
                inner = check_key(key)
                if inner:
                    told = ", ".join(violation.constraint for violation in inner)
                    found = [*found, Violation("", _shown(key), f"Map keys must satisfy constraint: [{told}]")]
                inner = [] if item is None else check_value(item)
                if item is None and not sparse:
                    inner = [Violation("", "null", "Member must not be null")]
                if inner:
                    found = [*found, *(violation.within(f"{key}.member") for violation in inner)]
            return found

        return check_map


def _nothing(value: Any) -> list[Violation]:
    return []


def _wire_path(name: str) -> str:
    return name[:1].lower() + name[1:]


def _shown(value: Any) -> str:
    text = "[" + ", ".join(str(item) for item in value) + "]" if isinstance(value, list) else str(value)
    return f"'{text[:_MOST_TEXT]}'"


def _limits(shape: Shape, what: str, measure: Callable[[Any], Any]) -> Check:
    """The check of `min` and `max`, which for a list, map, blob or string are of its length."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None:
        return _nothing
    sensitive = shape.metadata.get("sensitive", False)

    def check(value: Any) -> list[Violation]:
        size = measure(value)
        if least is not None and size < least:
            constraint = f"Member must have {what} greater than or equal to {least}"
        elif most is not None and size > most:
            constraint = f"Member must have {what} less than or equal to {most}"
        else:
            return []
        return [Violation("", None if sensitive else _shown(value), constraint)]

    return check


def _scalar(shape: Shape) -> Check | None:
    kind = shape.type_name
    if kind == "blob":
        return (
            _limits(shape, "length", lambda value: len(value) if isinstance(value, bytes) else 0)
            if _sized(shape)
            else None
        )
    if kind in ("integer", "long", "float", "double"):
        return _limits(shape, "value", lambda value: value) if _sized(shape) else None
    return _string(shape) if kind == "string" else None


def _string(shape: Shape) -> Check | None:
    checks = [_limits(shape, "length", len)] if _sized(shape) else []
    checks += [check for check in (_enum(shape), _pattern(shape)) if check is not None]
    if len(checks) < 2:
        return checks[0] if checks else None

    def check_all(value: str) -> list[Violation]:
        # The length first: a pattern is never tried on a text that is too long anyway.
        for check in checks:
            found = check(value)
            if found:
                return found
        return []

    fits = _fitting(shape.metadata.get("pattern", ""))
    if fits is None or "enum" in shape.metadata:
        return check_all
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", sys.maxsize)
    # Names and types by the thousand come through here, and nearly all are as they should be.
    return lambda value: [] if least <= len(value) <= most and fits(value) else check_all(value)


def _sized(shape: Shape) -> bool:
    return "min" in shape.metadata or "max" in shape.metadata


def _enum(shape: Shape) -> Check | None:
    values = frozenset(shape.metadata.get("enum") or ())
    if not values:
        return None
    constraint = f"Member must satisfy enum value set: [{', '.join(shape.metadata['enum'])}]"
    sensitive = shape.metadata.get("sensitive", False)
    return lambda value: [] if value in values else [Violation("", None if sensitive else _shown(value), constraint)]


def _pattern(shape: Shape) -> Check | None:
    stated = shape.metadata.get("pattern")
    fits = None if stated is None else _fitting(stated)
    if fits is None:
        return None
    constraint = f"Member must satisfy regular expression pattern: {stated}"
    sensitive = shape.metadata.get("sensitive", False)

    def check(value: str) -> list[Violation]:
        return [] if fits(value) else [Violation("", None if sensitive else _shown(value), constraint)]

    return check


def _fitting(java: str) -> Callable[[str], object] | None:
    """What says whether all of a text fits a Java pattern, None where neither Python nor RE2 can say the pattern."""

    def paired(match: re.Match[str]) -> str:
        high, low = int(match[1], 16), int(match[2], 16)
        return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"

    if not _AMBIGUOUS.search(java):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return re.compile(_SURROGATE_PAIR.sub(paired, java)).fullmatch
        except FutureWarning:
            # "Possible nested set" and the like: only Java reads the pattern as it is meant.
            return None
        except (re.error, DeprecationWarning, OverflowError):
            pass
    return _fitting_by_re2(java)


def _fitting_by_re2(java: str) -> Callable[[str], object] | None:
    """The same of what Python cannot say (`\\p{L}`), or would take for ever to."""
    try:
        pattern = re2.compile(java, _QUIET)
    except re2.error:
        return None

    def fits(value: str) -> bool:
        try:
            return pattern.fullmatch(value) is not None
        except UnicodeEncodeError:
            # Half of a pair of surrogates, which is no character.
            return False

    return fits
