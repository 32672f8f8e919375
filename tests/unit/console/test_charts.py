"""How answers and trials become charts."""

import json

from studiolo.console.charts import parallel, quick
from studiolo.console.rows import Rows


def test_an_answer_by_day_is_drawn_as_lines_in_the_order_of_its_days() -> None:
    days = Rows(["day", "no2", "so2"], [("2013-03-02", 2.0, 5), ("2013-03-01 00:00:00", 1.0, None), (None, 9.0, 9)])
    chart = quick(days)
    assert chart is not None
    drawn = json.loads(chart.drawn or "")
    assert (drawn["time"], drawn["names"]) == (True, ["no2", "so2"])
    assert drawn["data"] == [[1362096000.0, 1362182400.0], [1.0, 2.0], [None, 5]]


def test_an_answer_by_name_is_drawn_as_a_bar_for_each_name_of_the_figure_that_was_chosen() -> None:
    names = Rows(["city", "count", "mean"], [("Madrid", 4, -2.0), ("Rome", 2, 1.0), (None, None, None)])
    chart = quick(names, figure="mean")
    assert chart is not None
    assert [(bar.label, bar.value, bar.length) for bar in chart.bars] == [
        ("Madrid", "-2", 100.0),
        ("Rome", "1", 50.0),
        ("null", "null", 0.0),
    ]


def test_what_has_no_numbers_or_but_one_row_is_no_chart() -> None:
    assert quick(Rows(["city"], [("Madrid",), ("Rome",)])) is None
    assert quick(Rows(["count"], [(1,)])) is None


def test_trials_are_lines_through_their_hyperparameters_with_the_best_one_on_top() -> None:
    trials = [
        ("one", {"wd": "0.1", "kind": "b"}, 3.0),
        ("two", {"wd": "0.001", "kind": "a"}, 1.0),
        ("three", {"wd": "0.01", "kind": "a"}, 2.0),
    ]
    drawn = parallel(trials, ["wd", "kind"], "loss", maximize=False, logarithmic=["wd"])
    assert drawn is not None
    assert [(axis.name, axis.low, axis.high) for axis in drawn.axes] == [
        ("wd", "0.001", "0.1"),
        ("kind", "a", "b"),
        ("loss", "1", "3"),
    ]
    assert [(line.points, line.best) for line in drawn.lines] == [
        ("0,0.0 150,0.0 300,0.0", False),
        ("0,100.0 150,200.0 300,100.0", False),
        ("0,200.0 150,200.0 300,200.0", True),
    ]
    assert parallel(trials[:1], ["wd"], "loss", maximize=False) is None
