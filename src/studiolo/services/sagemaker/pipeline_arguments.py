"""Whether the arguments of a pipeline's steps are what the operations that they are given to take."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from studiolo.aws.errors import ServiceError
from studiolo.aws.models import operation_model
from studiolo.pipelines.definition import UNPARSABLE
from studiolo.pipelines.expressions import GET, is_expression
from studiolo.services.sagemaker.service import INVALID

OPERATIONS = {
    "Training": ("CreateTrainingJob", "TrainingJobName"),
    "Processing": ("CreateProcessingJob", "ProcessingJobName"),
    "Transform": ("CreateTransformJob", "TransformJobName"),
    "Tuning": ("CreateHyperParameterTuningJob", "HyperParameterTuningJobName"),
    "Model": ("CreateModel", "ModelName"),
    "RegisterModel": ("CreateModelPackage", "ModelPackageName"),
}
"""By the type of a step; with the name that the execution gives."""

_NUMBERS = ("integer", "long", "float", "double")
_PARAMETERS = {"String": ("string",), "Integer": _NUMBERS, "Float": ("float", "double"), "Boolean": ("boolean",)}


def check_arguments(definition: str) -> None:
    """Raise ServiceError for a literal argument that the operation of its step would refuse for its shape."""
    try:
        document = json.loads(definition)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    declared = {
        each.get("Name"): each.get("Type") for each in document.get("Parameters") or () if isinstance(each, dict)
    }
    for step in _steps(document.get("Steps")):
        operation, name = OPERATIONS[step["Type"]]
        shape = operation_model("sagemaker", operation).input_shape
        assert isinstance(shape, StructureShape)
        _check(shape, step["Arguments"], step["Type"], declared, given={name})


def _steps(steps: Any) -> Iterator[Mapping[str, Any]]:
    """Those that are checked here, of all branches; what is not even a step is another's to refuse."""
    for step in steps if isinstance(steps, list) else ():
        arguments = step.get("Arguments") if isinstance(step, dict) else None
        if not isinstance(arguments, dict):
            continue
        if step.get("Type") in OPERATIONS:
            yield step
        elif step.get("Type") == "Condition":
            yield from _steps(arguments.get("IfSteps"))
            yield from _steps(arguments.get("ElseSteps"))


def _check(
    shape: Shape, value: Any, path: str, declared: Mapping[Any, Any], given: frozenset[str] | set[str] = frozenset()
) -> None:
    if is_expression(value):
        _check_reference(shape, value, declared)
    elif isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            raise _invalid("Expecting start of Json Object.")
        for name, item in value.items():
            if name not in shape.members:
                raise _invalid(f"Unknown Argument member '{name}'.")
            _check(shape.members[name], item, f"{path}.{name}", declared)
        missing = [name for name in shape.required_members if name not in value and name not in given]
        if missing:
            raise _invalid(f"Model Validation failed: Missing required argument '{missing[0]}' at '{path}'.")
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise _invalid("Expecting start of Json Array.")
        for item in value:
            _check(shape.member, item, path, declared)
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            raise _invalid("Expecting start of Json Object.")
        for item in value.values():
            _check(shape.value, item, path, declared)
    else:
        _check_scalar(shape, value, path)


def _check_reference(shape: Shape, value: Mapping[str, Any], declared: Mapping[Any, Any]) -> None:
    reference = value.get(GET)
    if isinstance(reference, str) and reference.startswith("Parameters."):
        kind = declared.get(reference.removeprefix("Parameters."))
        if kind in _PARAMETERS and shape.type_name not in _PARAMETERS[kind]:
            raise _invalid(f"Cannot assign property reference [{reference}] to argument of type [{_word(shape)}].")


def _check_scalar(shape: Shape, value: Any, path: str) -> None:
    right: Mapping[str, Any] = {
        "string": str, "boolean": bool, "integer": int, "long": int, "float": (int, float), "double": (int, float),
    }  # fmt: skip
    wanted = right.get(shape.type_name)
    is_number_by_chance = isinstance(value, bool) and shape.type_name != "boolean"
    if wanted is not None and (not isinstance(value, wanted) or is_number_by_chance):
        raise _invalid(f"Property '{path}' with value '{json.dumps(value)[:100]}' must be of type {_word(shape)}.")
    choices = getattr(shape, "enum", None)
    if choices and value not in choices:
        raise _invalid(
            f"Model Validation failed: Value '{value}' for '{shape.name}' failed to satisfy enum value set: "
            f"[{', '.join(choices)}]"
        )


def _word(shape: Shape) -> str:
    return str(shape.type_name.capitalize())


def _invalid(words: str) -> ServiceError:
    return ServiceError(INVALID, f"{UNPARSABLE}{words}")
