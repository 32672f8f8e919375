"""The expressions of a definition: what they refer to, and their values.

    {"Get": "Parameters.X"}, {"Get": "Execution.X"}, {"Get": "PipelineExperimentConfig.X"},
    {"Get": "Steps.A.B['c'][0]"},
    {"Std:Join": {"On": ",", "Values": [...]}},
    {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.A.PropertyFiles.B"}, "Path": "a.b[0]"}}

After "Pipeline definition JSON schema" of SageMaker.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from studiolo.pipelines.errors import Unresolved

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
EXECUTION_VARIABLES = frozenset(
    {
        "StartDateTime", "CurrentDateTime", "PipelineName", "PipelineArn", "PipelineExecutionId",
        "PipelineExecutionArn", "TrainingJobName", "ProcessingJobName",
    }
)  # fmt: skip
NAMES = ("OutputName", "InputName", "ChannelName", "MetricName", "Name")
"""What the entries of lists are named by: `Outputs['train']` is that of OutputName train."""
_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[(['\"])(.*?)\3\]")

Find = Callable[[str], Any]
ReadJson = Callable[[Mapping[str, Any]], Any]


def is_expression(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in (GET, JOIN, JSON_GET)


def references(value: Any) -> Iterator[str]:
    """Everything that the expressions in a value get, as it is written."""
    if isinstance(value, Mapping):
        if set(value) == {GET} and isinstance(value[GET], str):
            yield value[GET]
        else:
            for item in value.values():
                yield from references(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from references(item)


def resolved(value: Any, find: Find, read_json: ReadJson) -> Any:
    """A value with its expressions replaced. find: what a `Get` is; read_json: the value in a file. Raises Unresolved."""
    if isinstance(value, Mapping):
        if not is_expression(value):
            return {name: resolved(item, find, read_json) for name, item in value.items()}
        kind, inner = next(iter(value.items()))
        if kind == GET:
            return find(inner)
        if kind == JOIN:
            parts = [resolved(part, find, read_json) for part in inner["Values"]]
            return str(inner.get("On", "")).join(as_text(part) for part in parts)
        return read_json({name: item if name == "PropertyFile" else resolved(item, find, read_json)
                          for name, item in inner.items()})  # fmt: skip
    if isinstance(value, (list, tuple)):
        return [resolved(item, find, read_json) for item in value]
    return value


def as_text(value: Any) -> str:
    """A value as it stands in a joined string."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def parts_of(path: str) -> Sequence[str | int]:
    """A path as its members and indices, without a leading `$`. Raises Unresolved."""
    path = path.removeprefix("$")
    parts: list[str | int] = []
    at = 0
    while at < len(path):
        match = _PART.match(path, at)
        if match is None:
            raise Unresolved(f"The path {path} cannot be read at its character {at + 1}.")
        member, index, _, quoted = match.groups()
        parts.append(int(index) if index is not None else member if member is not None else quoted)
        at = match.end()
    return parts


def walked(value: Any, parts: Sequence[str | int], said: str) -> Any:
    """What is there at a path into a value. Raises Unresolved."""
    for part in parts:
        try:
            value = value[part] if not isinstance(value, list) or isinstance(part, int) else _named(value, part)
        except (KeyError, IndexError, TypeError) as error:
            raise Unresolved(f"{said} has no value: there is no {part}.") from error
    return value


def _named(entries: Sequence[Any], name: str) -> Any:
    for entry in entries:
        if isinstance(entry, Mapping) and any(entry.get(member) == name for member in NAMES):
            return entry
    raise KeyError(name)
