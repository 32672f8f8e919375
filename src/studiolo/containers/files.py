"""Files by which the server and the runners that it starts speak: replaced whole, readable by their owner alone."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, values: Any) -> None:
    """Replace the file, so that a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file)
    temporary.replace(path)


def take_json(path: Path) -> Any:
    """What the file holds, which is gone then: nothing that runs beside finds it."""
    values = json.loads(path.read_text())
    path.unlink()
    return values
