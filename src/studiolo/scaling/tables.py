"""What is remembered of scalable targets, their policies, scheduled actions and activities."""

from sqlalchemy import JSON, Column, Integer, Table, Text

from studiolo.state import Moment, metadata


def _of_resource() -> tuple[Column[str], ...]:
    return tuple(Column(name, Text, primary_key=True) for name in ("account", "region", "resource", "dimension"))


targets = Table(
    "scaling_targets",
    metadata,
    *_of_resource(),
    Column("least", Integer, nullable=False),
    Column("most", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("suspended", JSON, nullable=False),
    Column("created", Moment, nullable=False),
)

policies = Table(
    "scaling_policies",
    metadata,
    *_of_resource(),
    Column("name", Text, primary_key=True),
    Column("arn", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("how", JSON, nullable=False),
    Column("alarms", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("last_at", Moment),
    Column("last_before", Integer),
    Column("last_after", Integer),
)
"""kind: TargetTrackingScaling or StepScaling; last_*: the last change that it made."""

schedules = Table(
    "scaling_schedules",
    metadata,
    *_of_resource(),
    Column("name", Text, primary_key=True),
    Column("arn", Text, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("timezone", Text),
    Column("start", Moment),
    Column("end", Moment),
    Column("least", Integer),
    Column("most", Integer),
    Column("created", Moment, nullable=False),
    Column("due", Moment, index=True),
)
"""due: when it is to be done next."""

activities = Table(
    "scaling_activities",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("account", "region", "resource", "dimension")),
    Column("description", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("message", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("wanted", Integer),
    Column("policy", Text),
    Column("before", Integer),
)
"""wanted: the capacity that it goes to, from `before`; policy: the ARN of the one that asked for it."""
