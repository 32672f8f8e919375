"""Actions of alarms are done when a state is entered; those of auto scaling again each minute for which it lasts."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

from studiolo.domain import Scope
from studiolo.metrics import Actions, Metric, Metrics, MetricStat, Query, State, Watch
from studiolo.state import State as Database

SCOPE = Scope("000000000000", "eu-central-1")


class Time:
    def __init__(self) -> None:
        self.present = datetime(2026, 1, 1, 0, 0, 30, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.present


def test_only_what_is_repeated_is_done_again_each_minute(tmp_path: Path) -> None:
    database, clock, done = Database(f"sqlite:///{tmp_path / 'state.db'}"), Time(), []
    alarms = Metrics(database, clock).alarms
    alarms.acts("autoscaling", lambda alarm, action, before: done.append(("scale", alarm.state.value)), repeated=True)
    alarms.acts("sns", lambda alarm, action, before: done.append(("tell", alarm.state.value)))
    query = Query("m1", MetricStat(Metric("Own", "Calls"), 60, "Sum"))
    # What is not measured keeps the alarm in its state.
    watch = Watch((query,), True, "GreaterThanThreshold", 1.0, 1, 1, missing="ignore")
    actions = Actions(alarm=("arn:aws:autoscaling:x", "arn:aws:sns:y"))
    alarms.put(SCOPE, "many", watch, actions, None, {})
    alarms.look()
    alarms.set_state(SCOPE, "many", State.ALARM, "a test", None)
    assert done == [("scale", State.ALARM), ("tell", State.ALARM)]
    done.clear()
    for seconds, times in ((30, 0), (30, 1), (30, 1), (30, 2)):
        clock.present += timedelta(seconds=seconds)
        alarms.look()
        assert done == [("scale", State.ALARM)] * times
    alarms.enable_actions(SCOPE, ["many"], enabled=False)
    clock.present += timedelta(minutes=1)
    alarms.look()
    assert len(done) == 2
    database.close()
