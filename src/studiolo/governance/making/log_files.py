"""The files of a Delta table's log, by their names."""

import re
from collections.abc import Sequence

from studiolo.governance.making.task import Refused

FOLDER = "_delta_log/"
FIRST = f"{0:020}.json"
"""The commit that makes a table."""

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.\d{10}\.(\d{10}))?\.parquet")
_ANY_CHECKPOINT = re.compile(r"\d{20}\.checkpoint\..*(json|parquet)")


def needed(names: Sequence[str]) -> list[str]:
    """Those files of a log that tell the newest snapshot, in the order in which they are read. Raises Refused."""
    checkpoints: dict[tuple[int, int], list[str]] = {}
    for name in filter(_ANY_CHECKPOINT.fullmatch, names):
        found = _CHECKPOINT.fullmatch(name)
        if found is None:
            raise Refused("It has checkpoints of a newer kind (V2), which are not read here.")
        checkpoints.setdefault((int(found[1]), int(found[2] or 1)), []).append(name)
    # Of several files are those that a crash has left half written.
    version, count = max((each for each, parts in checkpoints.items() if len(parts) == each[1]), default=(-1, 0))
    commits = {int(found[1]): name for name in names if (found := _COMMIT.fullmatch(name))}
    later = sorted(number for number in commits if number > version)
    if later != list(range(version + 1, version + 1 + len(later))) or (version < 0 and not later):
        raise Refused("Its log has a gap.")
    return [*sorted(checkpoints.get((version, count), ())), *(commits[number] for number in later)]
