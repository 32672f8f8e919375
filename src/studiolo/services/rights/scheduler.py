"""What the operations of EventBridge Scheduler need.

After "Actions, resources, and condition keys for Amazon EventBridge Scheduler" (Service Authorization Reference).
"""

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

RIGHTS = Rights("scheduler", table("scheduler", TABLE))
