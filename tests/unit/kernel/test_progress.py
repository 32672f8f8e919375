"""How far a statement is, by the tasks of its jobs."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from studiolo.kernel.progress import FILE, NEARLY, Progress, Tasks, fraction
from tests.waiting import until

JOBS = st.dictionaries(
    st.integers(0, 5), st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda n: (min(n), max(n), False))
)


@given(JOBS)
def test_it_is_a_part_and_never_all_while_the_statement_runs(jobs: dict[int, Tasks]) -> None:
    assert 0.0 <= fraction(jobs) <= NEARLY


def test_it_never_goes_back_when_further_jobs_begin_and_ends_with_its_statement(tmp_path: Path) -> None:
    looks = [{0: (1, 4, False)}, {0: (4, 4, True)}, {1: (0, 100, False)}, {1: (50, 100, False)}]
    asked: list[set[int]] = []
    kept: list[float] = []

    def look(_statement: str, known: set[int]) -> dict[int, Tasks]:
        asked.append(known)
        if (tmp_path / FILE).exists():
            kept.append(json.loads((tmp_path / FILE).read_text())["progress"])
        return looks[min(len(asked), len(looks)) - 1]

    progress = Progress(tmp_path, look)
    progress.begin("one")
    until(lambda: len(asked) > len(looks))
    progress.end()
    assert kept == sorted(kept)
    assert kept[0] == 0.25
    assert {0} in asked
