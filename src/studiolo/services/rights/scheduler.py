"""What the operations of EventBridge Scheduler need.

After "Actions, resources, and condition keys for Amazon EventBridge Scheduler" (Service Authorization Reference).
"""

from collections.abc import Mapping

from studiolo.aws.arns import parse_arn
from studiolo.services.call import Call
from studiolo.services.rights.rows import Rights, table

TABLE = """
    CreateSchedule            schedule/{GroupName:default}/{Name}
    CreateScheduleGroup       schedule-group/{Name}
    CreateScheduleGroup?Tags  @scheduler:TagResource  schedule-group/{Name}
    DeleteSchedule            schedule/{GroupName:default}/{Name}
    DeleteScheduleGroup       schedule-group/{Name}
    GetSchedule               schedule/{GroupName:default}/{Name}
    GetScheduleGroup          schedule-group/{Name}
    ListScheduleGroups        *
    ListSchedules             *
    ListTagsForResource       ={ResourceArn}
    TagResource               ={ResourceArn}
    UntagResource             ={ResourceArn}
    UpdateSchedule            schedule/{GroupName:default}/{Name}
"""


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    """Of groups alone: schedules have none."""
    kind, _, name = parse_arn(arn).resource.partition("/")
    return call.studio.scheduler.group(call.scope, name).tags if kind == "schedule-group" else {}


RIGHTS = Rights("scheduler", table("scheduler", TABLE), tags=_tags)
