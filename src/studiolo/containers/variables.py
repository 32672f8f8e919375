"""Which variables of a job's or model's Environment its program gets."""

import re
from collections.abc import Mapping

STEERING = re.compile(r"(PYTHON|LD_|DYLD_).*|GCONV_PATH|OPENSSL_(CONF|MODULES)")
"""Names of variables by which Python, the loader and their libraries choose what code they load."""


def passed_on(environment: Mapping[str, str], algorithm: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What the program of a built-in algorithm gets of an Environment, and a line for its log about each that is left.

    The code of a built-in algorithm is ours: an Environment may not put other code in its place.
    """
    left = sorted(name for name in environment if STEERING.fullmatch(name))
    notes = (
        f"The variable {name} of the Environment is not passed on: it could change what code {algorithm} loads."
        for name in left
    )
    return {name: value for name, value in environment.items() if name not in left}, tuple(notes)
