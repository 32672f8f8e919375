"""What a value of a template refers to."""

from collections.abc import Iterator
from typing import Any

from studiolo.stacks.template.functions import SUBSTITUTE


def references(node: Any) -> Iterator[tuple[str, str | None]]:
    """The names that Ref, GetAtt and Sub mention, with the attribute where it is one."""
    if isinstance(node, dict):
        if len(node) == 1:
            [(name, argument)] = node.items()
            if name == "Ref" and isinstance(argument, str):
                yield argument, None
                return
            if name == "Fn::GetAtt":
                parts = argument.split(".", 1) if isinstance(argument, str) else argument
                if isinstance(parts, list) and parts and isinstance(parts[0], str):
                    yield parts[0], ".".join(part for part in parts[1:] if isinstance(part, str))
                    yield from references(parts[1:])
                return
            if name == "Fn::Sub":
                yield from _of_sub(argument)
                return
        for item in node.values():
            yield from references(item)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def _of_sub(argument: Any) -> Iterator[tuple[str, str | None]]:
    text, given = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(given, dict):
        return
    yield from references(list(given.values()))
    for literal, name in SUBSTITUTE.findall(text if isinstance(text, str) else ""):
        if not literal and name.strip() not in given:
            logical, dot, attribute = name.strip().partition(".")
            yield (name.strip(), None) if name.startswith("AWS::") else (logical, attribute if dot else None)
