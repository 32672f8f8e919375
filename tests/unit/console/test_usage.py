"""Use by day, and its price by a table."""

import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from studiolo.console.usage import Prices, Use, by_day

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HALF = timedelta(hours=12)


def use(begin: datetime, end: datetime, unit: str = "DPU", count: float = 2.0) -> Use:
    return Use("Session", "s", "/sessions/s", unit, count, begin, end)


def test_what_lasts_over_midnight_counts_for_both_days_and_what_is_outside_for_none(tmp_path: Path) -> None:
    prices = Prices.read(tmp_path / "none.json")
    uses = [use(NOON, NOON + 1.5 * HALF), use(NOON - 10 * HALF, NOON - 9 * HALF), use(NOON, NOON, "ml.m5.xlarge")]
    second, first = by_day(uses, prices, date(2026, 3, 1), date(2026, 3, 2))
    assert (first.hours(dpu=True), second.hours(dpu=True), first.hours(dpu=False)) == (24.0, 12.0, 0.0)
    assert first.cost == pytest.approx(24 * prices.hourly["DPU"])


def test_a_person_s_own_table_counts_and_what_it_does_not_have_has_no_price(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"date": "2026-03-01", "region": "eu-south-2", "hourly": {"ml.m5.xlarge": 3}}))
    prices = Prices.read(file)
    uses = [use(NOON, NOON + HALF, "ml.m5.xlarge", 1), use(NOON, NOON + HALF)]
    [day] = by_day(uses, prices, date(2026, 3, 1), date(2026, 3, 1))
    assert [(row.use.unit, row.cost) for row in day.rows] == [("DPU", None), ("ml.m5.xlarge", 36.0)]
    assert (prices.place, prices.date, day.cost) == ("eu-south-2", "2026-03-01", 36.0)


@pytest.mark.parametrize("text", ["", "[]", '{"date": "d", "region": "r", "hourly": {"DPU": "much"}}'])
def test_a_table_that_is_wrong_is_said_to_be_and_not_used(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices.json"
    file.write_text(text)
    prices = Prices.read(file)
    assert prices.hourly["DPU"] > 0
    assert str(file) in prices.wrong
