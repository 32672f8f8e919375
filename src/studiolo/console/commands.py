"""The same by CLI: a call of boto3 as the command of the aws CLI that makes it."""

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from botocore import xform_name

from studiolo.console.people import Made

NAMES = {"s3": "s3api"}
FEW = 5
"""Commands of one operation that are shown."""
LONGEST = 400
"""Characters of one value that are shown."""


def commands(calls: Sequence[Made]) -> list[str]:
    """The commands of a page's calls, each once, in their order; of those that are alike, the first few."""
    found: dict[str, Made] = {command(made): made for made in calls}
    alike: Counter[str] = Counter()
    shown = []
    for line, made in found.items():
        alike[made.operation] += 1
        if alike[made.operation] <= FEW:
            shown.append(line)
    more = [f"# {xform_name(name, '-')}: {count - FEW} more" for name, count in alike.items() if count > FEW]
    return [*shown, *more]


def command(made: Made) -> str:
    words = ["aws", NAMES.get(made.service, made.service), xform_name(made.operation, "-")]
    body = made.service == "sagemaker-runtime" or made.operation in ("PutObject", "GetObject", "Invoke")
    for name, value in made.parameters.items():
        if name in ("NextToken", "Marker", "ContinuationToken", "nextToken"):
            continue
        words += _option(f"--{xform_name(name, '-')}", value)
    return " ".join([*words, "out"] if body and made.operation != "PutObject" else words)


def _option(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [name if value else f"--no-{name[2:]}"]
    if isinstance(value, (bytes, bytearray)) or hasattr(value, "read"):
        text = bytes(value).decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else "FILE"
        return [name, shlex.quote(text[:LONGEST])]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [name, *map(shlex.quote, value)]
    if isinstance(value, (dict, list)):
        return [name, shlex.quote(json.dumps(value, default=str))]
    return [name, shlex.quote(value.isoformat() if isinstance(value, date) else str(value))]
