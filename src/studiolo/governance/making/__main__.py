"""The program that makes files of governed views: `python -m studiolo.governance.making`.

It reads tasks, a line each, and answers each by a line: `made N` (rows, where they are counted), `empty` where no row is
left, or `refused WHY`. It has no
keys and asks nobody; it ends with its input. Its memory is bounded: a file that unpacks to more ends this program alone.
"""

import logging
import resource
import sys
from collections.abc import Callable, Mapping

from studiolo.governance.making import avro, delta, orc, parquet, texts
from studiolo.governance.making.task import Refused, Task

MEMORY = 6 * 1024**3
"""Bytes of address space."""

FORMATS: Mapping[str, Callable[[Task], int]] = {
    "avro": avro.filtered,
    "parquet": parquet.filtered,
    "orc": orc.filtered,
    "lines": texts.lines_filtered,
    "csv": texts.csv_filtered,
    "json": texts.json_filtered,
}

LOGS: Mapping[str, Callable[[Task], int]] = {"log-plan": delta.planned, "log": delta.described}


def _program(kind: str) -> Callable[[Task], int]:
    if kind in FORMATS:
        return FORMATS[kind]
    if kind in LOGS:
        return LOGS[kind]
    # PyIceberg takes a moment and 40 MiB, which other formats need not have.
    from studiolo.governance.making import iceberg

    return {"plan": iceberg.planned, "iceberg": iceberg.filtered, "table": iceberg.described}[kind]


def answer(line: str) -> str:
    """What becomes of one task."""
    try:
        task = Task.read(line)
        left = _program(task.format)(task)
        return f"made {int(left)}" if left else "empty"
    except Refused as error:
        return f"refused {error}"
    except UnicodeDecodeError:
        return "refused It is not text in UTF-8."
    except MemoryError:
        return "refused It takes more memory than is given to this."
    except Exception as error:
        logging.exception("a file of a governed view could not be made")
        return f"refused It cannot be filtered ({type(error).__name__})."


def main() -> int:
    """Answer tasks until there are no more."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin:
        sys.stdout.write(answer(line).replace("\n", " ") + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
