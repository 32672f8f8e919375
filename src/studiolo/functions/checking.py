"""What a function may be: the bounds of Lambda, and what there is of it here."""

import re
from collections.abc import Mapping, Sequence

from studiolo.domain import Invalid
from studiolo.functions.model import LATEST, Settings

RESERVED = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
    }
)  # fmt: skip
"""Variables that nobody sets but Lambda."""
LARGEST_ENVIRONMENT = 4096
MOST_LAYERS = 5
NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
ALIAS = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}")
VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")


def check_name(name: str) -> None:
    if NAME.fullmatch(name) is None:
        raise Invalid(
            "1 validation error detected: Value at 'functionName' failed to satisfy constraint: Member must satisfy "
            f"regular expression pattern: {NAME.pattern}"
        )


def check_settings(settings: Settings) -> None:
    """Raise Invalid for what no function can have."""
    if not 1 <= settings.timeout <= 900:
        raise Invalid("Timeout must be 1 to 900 seconds.")
    if not 128 <= settings.memory <= 32768:
        raise Invalid("MemorySize must be 128 to 32768 MB.")
    if len(settings.layers) > MOST_LAYERS:
        raise Invalid(f"Cannot reference more than {MOST_LAYERS} layers.")
    if settings.runtime.startswith(("python", "nodejs")) and "." not in settings.handler:
        raise Invalid(f"The handler {settings.handler!r} must name a file and a function in it, as index.handler.")
    check_variables(settings.variables)


def check_variables(variables: Mapping[str, str]) -> None:
    taken = sorted(RESERVED & variables.keys())
    if taken:
        raise Invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
            f"{', '.join(taken)}"
        )
    for name in variables:
        if VARIABLE.fullmatch(name) is None:
            raise Invalid(f"The environment variable {name!r} must be a letter, then letters, digits and _ only.")
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > LARGEST_ENVIRONMENT:
        raise Invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            f"exceeded the 4KB limit. String measured: {size} bytes"
        )


def check_alias(name: str) -> None:
    if name == LATEST or ALIAS.fullmatch(name) is None:
        raise Invalid(f"An alias is named by letters, digits, - and _, and not by digits alone: {name}")


def check_weights(weights: Mapping[str, float], version: str, versions: Sequence[str]) -> None:
    if len(weights) > 1:
        raise Invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for other, weight in weights.items():
        if version == LATEST or other == LATEST:
            raise Invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        if other == version or other not in versions:
            raise Invalid(
                f"Invalid function version {other}: AdditionalVersionWeights names another published version."
            )
        if not 0.0 <= weight <= 1.0:
            raise Invalid("A weight must be from 0.0 to 1.0.")
