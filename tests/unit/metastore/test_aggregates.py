"""The statistics of partitions as those of the table."""

from studiolo.catalog import ColumnStatistics
from studiolo.metastore.aggregates import together


def test_two_parts_have_the_wider_limits_and_at_least_the_values_of_the_richer() -> None:
    one = ColumnStatistics("a", "bigint", "LONG", minimum="9", maximum="9", nulls=1, distinct=1)
    other = ColumnStatistics("a", "bigint", "LONG", minimum="10", maximum="100", nulls=2, distinct=5)
    whole = together(one, other)
    assert (whole.minimum, whole.maximum, whole.nulls, whole.distinct) == ("9", "100", 3, 5)
    assert together(other, one) == whole


def test_what_is_known_of_one_part_alone_is_kept() -> None:
    one = ColumnStatistics("a", "date", "DATE", maximum="2024-01-02T00:00:00+00:00", nulls=1)
    assert together(one, ColumnStatistics("a", "date", "DATE")) == one


def test_of_a_column_that_became_another_the_later_is_right() -> None:
    later = ColumnStatistics("a", "string", "STRING", maximum_length=3)
    assert together(ColumnStatistics("a", "int", "LONG", maximum="1"), later) == later
